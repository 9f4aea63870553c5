// What the browser's scripts find on a page; read by `tsc --project jsconfig.json` only.

interface Window {
  /** Shared by all pages' scripts: studio.js makes it, others add to it. */
  vs: Record<string, any>;
  /** The pages; and whether people sign out here: not where a proxy or a Space does it. */
  vsFacts?: { pages: PageLink[]; signsOut: boolean };
  /** What Gradio tells its pages. */
  gradio_config?: { username?: string; root?: string; api_prefix?: string;
    components?: { id: number; props?: { elem_id?: string } }[] };
}

/** A page in the header: `is_more` stands behind “More”. */
interface PageLink { title: string; path: string; purpose: string; is_more: boolean }

// Gradio gives these to the script of a `gr.HTML(js_on_load=…)`.
declare const element: any;
declare const server: Record<string, (value?: unknown) => Promise<any>>;
declare function watch(name: string, then: () => void): void;
declare function trigger(name: string, value?: unknown): void;

/** A pair to judge, as the studio deals it. */
interface JudgingTask {
  key: string;
  query_id: string;
  item_id: string;
  query: string;
  query_text?: string;
  query_photo: string;
  title: string;
  type: string;
  description: string;
  photo: string;
  thumb: string;
  note?: string;
}
/** A judgment in the history: of `kind` "grade", "skip", "unsure" or "flag". */
interface JudgedPair {
  task: JudgingTask;
  kind: string;
  grade: number | null;
  note?: string;
}
/** How far a set is: by this person, and by all of them. */
interface JudgingProgress {
  done: number;
  total: number;
  skipped?: number;
  per_minute?: number;
  set_done: number;
  set_total: number;
  annotators: number;
}
/** A judgment on its way to the server. */
interface Judgment {
  event_id: string;
  set: string;
  catalog: string;
  name: string;
  note: string;
  task?: JudgingTask;
  [more: string]: unknown;
}
/** Judgments of one person in one set, as they are sent. */
interface JudgmentBatch {
  set: string;
  catalog: string;
  name: string;
  events: Judgment[];
}
/** A region laid over a photo. */
interface Spot {
  name: string;
  title: string;
  value: string;
  style: string;
}
type GradeName = (grade: number | null) => string;
type Act = (kind: string, grade: number | null, reason?: string) => void;
/** What both ways of showing pairs, one by one and as a grid, ask of the desk around them. */
interface JudgingHooks {
  send(task: JudgingTask, kind: string, grade: number | null, reason: string | undefined, seconds: number): void;
  refill(): void;
  say(text: string, bad?: boolean): void;
  show(task: JudgingTask): void;
  nameOf: GradeName;
  sayPhoto(task: JudgingTask, text: string): void;
  clock: ReturnType<typeof makeClock>;
  standing(past: JudgedPair): string;
  gradeButtons(): Iterable<HTMLElement>;
}

// Scripts of ui/assets/annotate are put together to one; under node those with tests are modules.
declare const makeOutbox: typeof import("../../ui/assets/annotate/outbox.js").makeOutbox;
declare const newId: typeof import("../../ui/assets/annotate/outbox.js").newId;
declare const OUTBOX: typeof import("../../ui/assets/annotate/outbox.js").OUTBOX;
declare const makeNotes: typeof import("../../ui/assets/annotate/notes.js").makeNotes;
declare const joinReason: typeof import("../../ui/assets/annotate/notes.js").joinReason;
declare const withoutReason: typeof import("../../ui/assets/annotate/notes.js").withoutReason;
declare const makeGrid: typeof import("../../ui/assets/annotate/grid.js").makeGrid;
declare const makeSingle: typeof import("../../ui/assets/annotate/single.js").makeSingle;
declare const makePhotos: typeof import("../../ui/assets/annotate/photos.js").makePhotos;
declare const makeLightbox: typeof import("../../ui/assets/annotate/photos.js").makeLightbox;
declare const SIGNED_OUT: typeof import("../../ui/assets/annotate/words.js").SIGNED_OUT;
declare const unsavedText: typeof import("../../ui/assets/annotate/words.js").unsavedText;
declare const noPairsText: typeof import("../../ui/assets/annotate/words.js").noPairsText;
declare const endText: typeof import("../../ui/assets/annotate/words.js").endText;
declare const othersText: typeof import("../../ui/assets/annotate/words.js").othersText;
declare const savedText: typeof import("../../ui/assets/annotate/words.js").savedText;
declare const closedText: typeof import("../../ui/assets/annotate/words.js").closedText;
declare const progressText: typeof import("../../ui/assets/annotate/words.js").progressText;
declare const setText: typeof import("../../ui/assets/annotate/words.js").setText;
declare const standingText: typeof import("../../ui/assets/annotate/words.js").standingText;
declare const renamedText: typeof import("../../ui/assets/annotate/words.js").renamedText;
declare const askText: typeof import("../../ui/assets/annotate/words.js").askText;

/** data/shop/shop.js: a running experiment as shops get it, and fields of an event. */
type ShopExperiment = {
  salt: string;
  group: string;
  slot: number[];
  holdout: number;
  traffic: number;
  filters: Record<string, string[]>;
  variants: [string, number][];
};
// biome-ignore lint/suspicious/noExplicitAny: what a shop says of an event is checked by the studio.
type ShopFields = Record<string, any>;
interface Navigator {
  globalPrivacyControl?: boolean;
  doNotTrack: string | null;
}
declare const photoText: typeof import("../../ui/assets/annotate/words.js").photoText;
declare const makeClock: typeof import("../../ui/assets/annotate/clock.js").makeClock;
