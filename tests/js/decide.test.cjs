// Decide: the pages of cases, which get shorter at the front while cases are decided.
const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { test } = require("node:test");

const script = readFileSync(join(__dirname, "../../ui/assets/annotate/decide.js"), "utf-8");

/** Press a page's button on a page with so many cases decided just now; returns what is asked. */
async function press(way, first, decidedNow, disabled = false) {
  const asks = [], handlers = {};
  const button = { disabled, dataset: { page: way, first: String(first) } };
  const found = {
    "[data-cases]": { dataset: { set: "s", catalog: "c" } }, [`[data-page=${way}]`]: button,
  };
  const element = {
    addEventListener: (kind, handler) => { handlers[kind] = handler; },
    querySelector: (selector) => found[selector] || null,
    querySelectorAll: (selector) => (selector === "[data-decided-here]" ? Array(decidedNow) : []),
  };
  const server = { cases: async (ask) => { asks.push(ask); return { html: "" }; } };
  new Function("element", "server", "document", "window", script)(
    element, server, { addEventListener: () => {} }, {});
  handlers.click({ target: { closest: (selector) => (selector === "[data-page]" ? button : null) } });
  await Promise.resolve();
  return asks;
}

test("the next page leaves out no open case: decided ones have gone to the end", async () => {
  assert.deepEqual(await press("next", 25, 0), [{ set: "s", catalog: "c", first: 25 }]);
  assert.deepEqual(await press("next", 25, 25), [{ set: "s", catalog: "c", first: 0 }]);
  assert.deepEqual(await press("next", 50, 3), [{ set: "s", catalog: "c", first: 47 }]);
});

test("the page before is where it was, and behind the last page there is none", async () => {
  assert.deepEqual(await press("before", 0, 7), [{ set: "s", catalog: "c", first: 0 }]);
  assert.deepEqual(await press("next", 75, 0, true), []);
});
