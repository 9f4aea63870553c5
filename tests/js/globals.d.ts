// What the browser's scripts find on a page; read by `tsc --project jsconfig.json` only.

interface Window {
  /** Shared by all pages' scripts: studio.js makes it, others add to it. */
  vs: Record<string, any>;
  /** Whether people sign out on the page: not where a proxy or a Space signs them in. */
  vsSignsOut?: boolean;
  /** What Gradio tells its pages. */
  gradio_config?: { username?: string };
}

// Gradio gives these to the script of a `gr.HTML(js_on_load=…)`.
declare const element: any;
declare const server: Record<string, (value?: unknown) => Promise<any>>;
declare function watch(name: string, then: () => void): void;
declare function trigger(name: string, value?: unknown): void;

// Scripts of ui/assets/annotate are put together to one; under node those with tests are modules.
declare const makeOutbox: typeof import("../../ui/assets/annotate/outbox.js").makeOutbox;
declare const newId: typeof import("../../ui/assets/annotate/outbox.js").newId;
declare const OUTBOX: typeof import("../../ui/assets/annotate/outbox.js").OUTBOX;
declare const makeNotes: typeof import("../../ui/assets/annotate/notes.js").makeNotes;
declare const joinReason: typeof import("../../ui/assets/annotate/notes.js").joinReason;
declare const withoutReason: typeof import("../../ui/assets/annotate/notes.js").withoutReason;
declare const makeGrid: typeof import("../../ui/assets/annotate/grid.js").makeGrid;
declare const SIGNED_OUT: typeof import("../../ui/assets/annotate/words.js").SIGNED_OUT;
declare const unsavedText: typeof import("../../ui/assets/annotate/words.js").unsavedText;
declare const noPairsText: typeof import("../../ui/assets/annotate/words.js").noPairsText;
declare const endText: typeof import("../../ui/assets/annotate/words.js").endText;
declare const othersText: typeof import("../../ui/assets/annotate/words.js").othersText;
declare const progressText: typeof import("../../ui/assets/annotate/words.js").progressText;
declare const setText: typeof import("../../ui/assets/annotate/words.js").setText;
declare const standingText: typeof import("../../ui/assets/annotate/words.js").standingText;
