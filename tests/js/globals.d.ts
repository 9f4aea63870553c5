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

// Scripts of ui/assets/annotate are put together to one; under node outbox.js is a module.
declare const makeOutbox: typeof import("../../ui/assets/annotate/outbox.js").makeOutbox;
declare const newId: typeof import("../../ui/assets/annotate/outbox.js").newId;
declare const OUTBOX: typeof import("../../ui/assets/annotate/outbox.js").OUTBOX;
