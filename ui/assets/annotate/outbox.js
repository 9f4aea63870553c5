// Judgments on their way to the server. Each lies in localStorage under a key of its own until the
// server says that it is on disk, so neither a lost connection nor a closed page loses any; ids are
// made here, so sending one twice counts once. They are sent in order, a few at a time.
const OUTBOX = "vs-outbox/";
const newId = () => [...crypto.getRandomValues(new Uint8Array(16))]
  .map((byte) => byte.toString(16).padStart(2, "0")).join("");

/**
 * @param {object} hooks
 * @param {(batch: JudgmentBatch) => Promise<any>} hooks.send Calls the server; what it can't is an `Error` whose message is for people.
 * @param {(answer: any) => void} hooks.onSaved Told the server's answer when some judgments were settled.
 * @param {(event: Judgment, why: string, closed: boolean) => void} hooks.onRefused Told of a judgment that the server will never take, and whether its pair takes no other one either.
 * @param {(count: number, problem: string, name: string) => void} hooks.onState Told after each round how many wait, and why.
 * @param {number} [hooks.patience] Milliseconds after which a call without an answer counts as lost.
 */
function makeOutbox({ send, onSaved, onRefused, onState, patience = 30000 }) {
  const BATCH = 10, LONGEST_PAUSE = 15000;
  const NO_ANSWER = "the studio does not answer";
  /** @typedef {{ key: string, event: Judgment }} Entry */
  /** @type {Entry[]} */
  let memory = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let busy = false, failures = 0, counter = 0;
  /** @type {Set<string>} */
  const due = new Set();  // names whose judgments are to be sent in this round

  /**
   * @param {string} key
   * @returns {Judgment | null}
   */
  function parsed(key) {  // one broken entry must not hide the others
    try {
      const event = JSON.parse(localStorage.getItem(key) || "null");
      return event && typeof event === "object" ? event : null;
    } catch { return null; }
  }
  /** @returns {Entry[]} */
  function stored() {
    /** @type {string[]} */
    let keys = [];
    try { keys = Object.keys(localStorage).filter((key) => key.startsWith(OUTBOX)).sort(); }
    catch { /* private mode: memory only */ }
    return keys.flatMap((key) => {
      const event = parsed(key);
      return event ? [{ key, event }] : [];
    });
  }
  const all = () => [...stored(), ...memory];
  /** @param {string} name */
  const waiting = (name) => all().filter((entry) => entry.event.name === name);
  /** @param {Entry} entry */
  const groupOf = ({ event }) => JSON.stringify([event.catalog, event.set]);
  /** @param {Entry} entry */
  function drop(entry) {
    try { localStorage.removeItem(entry.key); } catch { /* memory only */ }
    memory = memory.filter((other) => other.key !== entry.key);
  }
  /** @param {Judgment} event */
  function add(event) {
    const order = `${Date.now()}`.padStart(15, "0") + `${counter++}`.padStart(6, "0");
    const entry = { key: `${OUTBOX}${order}-${event.event_id}`, event };
    try { localStorage.setItem(entry.key, JSON.stringify(event)); } catch { memory.push(entry); }
    flush(event.name);
  }

  /**
   * Sends what waits under a name. While a round is under way, the name joins it.
   * @param {string} name
   */
  async function flush(name) {
    due.add(name);
    if (busy) return;
    busy = true;
    clearTimeout(timer);
    /** @type {string[]} */
    const again = [];
    try {
      while (due.size) {
        const [who] = due;
        due.delete(who);
        const problem = await sendAll(who);
        if (problem) again.push(who);
        onState(waiting(who).length, problem, who);
      }
    } finally {
      busy = false;
      failures = again.length ? failures + 1 : 0;
      if (again.length) {
        const pause = Math.min(1000 * 2 ** (failures - 1), LONGEST_PAUSE);
        timer = setTimeout(() => again.forEach((who) => { flush(who); }), pause);
      }
    }
  }
  /**
   * A call is for one set. Sets that can't be sent now hold up no other set.
   * @param {string} name
   */
  async function sendAll(name) {
    const failed = new Set();
    let problem = "";
    for (;;) {
      const next = waiting(name).filter((entry) => !failed.has(groupOf(entry)));
      if (!next.length) return problem;
      const group = groupOf(next[0]);
      const why = await sendBatch(name, next.filter((e) => groupOf(e) === group).slice(0, BATCH));
      if (why) { failed.add(group); problem = why; }
    }
  }
  /**
   * Only what the server names as saved or refused leaves; returns why the rest is still here.
   * @param {string} name
   * @param {Entry[]} batch
   */
  async function sendBatch(name, batch) {
    const { set, catalog } = batch[0].event;
    let answer;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let late;
    try {
      const call = send({ set, catalog, name, events: batch.map(({ event }) => event) });
      answer = await Promise.race([call, new Promise((_, no) => {
        late = setTimeout(() => no(new Error(NO_ANSWER)), patience);
      })]);
    } catch (problem) { return (problem instanceof Error && problem.message) || NO_ANSWER; }
    finally { clearTimeout(late); }
    if (!answer || typeof answer !== "object") return NO_ANSWER;  // a proxy's page, a cut line
    const saved = new Set(Array.isArray(answer.saved) ? answer.saved : []);
    const refused = answer.refused && typeof answer.refused === "object" ? answer.refused : {};
    const gone = batch.filter(({ event }) => Object.hasOwn(refused, event.event_id));
    const settled = batch.filter(({ event }) => saved.has(event.event_id));
    for (const entry of [...settled, ...gone]) drop(entry);
    if (settled.length) onSaved(answer);
    const closed = new Set(Array.isArray(answer.closed) ? answer.closed : []);
    for (const { event } of gone) onRefused(event, refused[event.event_id], closed.has(event.event_id));
    if (answer.error) return String(answer.error);
    return settled.length || gone.length ? "" : NO_ANSWER;
  }
  /**
   * Resolves to whether nothing waits, once that is so or can't be had now.
   * @param {string} name
   */
  async function empty(name) {
    for (let tries = 0; tries < 100 && waiting(name).length; tries += 1) {
      if (busy) { await new Promise((done) => setTimeout(done, 50)); continue; }
      await flush(name);
      if (failures) break;
    }
    return !waiting(name).length;
  }
  return {
    add, flush, empty,
    /** @param {string} name */
    count: (name) => waiting(name).length,
    // Names with judgments here, and how many each: { ada: 3 }.
    names: () => {
      /** @type {Record<string, number>} */
      const counts = Object.create(null);
      for (const { event } of all()) counts[event.name] = (counts[event.name] || 0) + 1;
      return counts;
    },
    /**
     * Keys of the tasks of a set that are judged here and not yet saved.
     * @param {string} set
     */
    tasks: (set) => all().flatMap(({ event }) =>
      event.set === set && event.task ? [event.task.key] : []),
  };
}
// Read by the tests under node; a page has no `module`.
if (typeof module !== "undefined") module.exports = { makeOutbox, newId, OUTBOX };
