// Judgments on their way to the server. Each lies in localStorage under a key of its own until the
// server says that it is on disk, so neither a lost connection nor a closed page loses any; ids are
// made here, so sending one twice counts once. They are sent in order, a few at a time.
const OUTBOX = "vs-outbox/";
const newId = () => [...crypto.getRandomValues(new Uint8Array(16))]
  .map((byte) => byte.toString(16).padStart(2, "0")).join("");

function makeOutbox({ send, onSaved, onRefused, onState }) {
  let memory = [], busy = false, failures = 0, timer = 0, counter = 0;
  const asked = new Set();  // names whose turn comes when the call under way has ended

  function stored() {
    try {
      return Object.keys(localStorage).filter((key) => key.startsWith(OUTBOX)).sort()
        .map((key) => ({ key, event: JSON.parse(localStorage.getItem(key)) }));
    } catch { return []; }  // private mode: memory only
  }
  const waiting = (name) =>
    [...stored(), ...memory].filter((entry) => entry.event && entry.event.name === name);
  function drop(entry) {
    try { localStorage.removeItem(entry.key); } catch { /* memory only */ }
    memory = memory.filter((one) => one.key !== entry.key);
  }
  function add(event) {
    const order = `${Date.now()}`.padStart(15, "0") + `${counter++}`.padStart(6, "0");
    const entry = { key: `${OUTBOX}${order}-${event.event_id}`, event };
    try { localStorage.setItem(entry.key, JSON.stringify(event)); } catch { memory.push(entry); }
    flush(event.name);
  }
  async function flush(name) {
    if (busy) { asked.add(name); return; }
    clearTimeout(timer);
    asked.delete(name);
    const next = waiting(name).slice(0, 10);
    if (!next.length) { onState(0, ""); return flushAsked(); }
    busy = true;
    try {
      // One call is for one set: a set that was left with judgments unsent comes first.
      const { set, catalog } = next[0].event;
      const batch = next.filter(({ event }) => event.set === set && event.catalog === catalog);
      const answer = await send({ set, catalog, name, events: batch.map(({ event }) => event) });
      // A signed-out page, or a proxy's own page, gives no answer of ours: nothing counts as saved.
      if (!answer || typeof answer !== "object") throw new Error("the studio gave no answer");
      if (answer.error) throw new Error(answer.error);
      if (!answer.refused) throw new Error("the studio gave no answer");
      failures = 0;
      for (const entry of batch) {
        const why = answer.refused[entry.event.event_id];
        drop(entry);
        if (why) onRefused(entry.event, why);
      }
      onSaved(answer);
    } catch (problem) {
      failures += 1;
      onState(waiting(name).length, problem.message || "the studio can't be reached");
    } finally { busy = false; }
    if (!failures) return flush(name);
    timer = setTimeout(() => flush(name), Math.min(1000 * 2 ** (failures - 1), 15000));
    return flushAsked();
  }
  function flushAsked() {
    const [name] = asked;
    asked.delete(name);
    return name === undefined ? undefined : flush(name);
  }
  async function empty(name) {  // resolves once nothing is waiting; false if that takes too long
    for (let tries = 0; tries < 100 && (busy || waiting(name).length); tries += 1) {
      if (!busy) flush(name);
      await new Promise((done) => setTimeout(done, 50));
    }
    return !waiting(name).length;
  }
  return { add, flush, empty, count: (name) => waiting(name).length };
}
// Read by the tests under node; a page has no `module`.
if (typeof module !== "undefined") module.exports = { makeOutbox, newId, OUTBOX };
