// One pair at a time: who has gone back keeps their pair while others arrive, or none do.
const assert = require("node:assert/strict");
const { beforeEach, test } = require("node:test");
const dom = require("./dom.cjs");
dom.install();
const { makeSingle } = require("../../ui/assets/annotate/single.js");

globalThis.askText = () => "Query";
globalThis.photoText = (gap) => gap;
const [first, second] = [..."ab"].map((id) => ({ key: `q\t${id}\t0`, query: "chair", title: id, photo: id }));
const PARTS = ["photo", "title", "type", "description", "query", "ask", "query-photo", "past", "on"];
let root, single, sent;
beforeEach(() => {
  root = new dom.Element();
  root.append(...PARTS.map(dom.part));
  sent = [];
  single = makeSingle({
    root,
    photos: { load: () => {}, put: () => {}, missing: () => "" },
    hooks: {
      send: (task, kind, grade) => sent.push([task.title, kind, grade]),
      say: () => {}, show: () => {}, refill: () => {}, sayPhoto: () => {},
      standing: () => "judged before", gradeButtons: () => [],
      clock: { start: () => {}, seconds: () => 1 },
    },
  });
  single.take([first]);
  single.act("grade", 1);
  assert.ok(root.hidden, "it was the last one");
  single.goBack();
});
const isPast = () => !root.querySelector("[data-part=past]").hidden;

test("an answer without pairs leaves the pair on screen that somebody went back to", () => {
  single.take([]);
  assert.equal(root.hidden, false);
  single.act("grade", 3);
  assert.deepEqual(sent, [["a", "grade", 1], ["a", "grade", 3]]);
});

test("new pairs come after the one that somebody went back to", () => {
  single.take([second]);
  assert.equal(root.querySelector("[data-part=title]").textContent, "a");
  assert.ok(isPast());
  single.forward();
  assert.equal(root.querySelector("[data-part=title]").textContent, "b");
  assert.equal(isPast(), false);
});
