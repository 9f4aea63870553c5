// Time on a pair without breaks: between two signs of life (key, pointer, scrolling) at most 30 s
// count, and nothing while the page is hidden.
const IDLE_SECONDS = 30;
/** @param {() => number} [now] Milliseconds. */
function makeClock(now = () => performance.now()) {
  let counted = 0, last = 0, away = false;
  function tick() {
    const at = now();
    if (!away) counted += Math.min((at - last) / 1000, IDLE_SECONDS);
    last = at;
  }
  return {
    start: () => { counted = 0; last = now(); },
    alive: tick,
    /** @param {boolean} hidden */
    hide: (hidden) => { tick(); away = hidden; },
    seconds: () => { tick(); return counted; },
  };
}
// Read by the tests under node; a page has no `module`.
if (typeof module !== "undefined") module.exports = { makeClock, IDLE_SECONDS };
