// The grid: a digit grades the focused item and goes on to the next one that is not judged.
const assert = require("node:assert/strict");
const { beforeEach, test } = require("node:test");
const dom = require("./dom.cjs");
dom.install();
const { makeGrid } = require("../../ui/assets/annotate/grid.js");

const tasks = [..."abcdef"].map((id) => ({ key: `q\t${id}\t0`, query: "chair", title: id, thumb: "" }));
let root, grid, sent, shown, said;
beforeEach(() => {
  root = new dom.Element();
  root.append(...["cells", "query", "query-photo", "left", "next"].map(dom.part));
  sent = [];
  shown = [];
  said = [];
  grid = makeGrid({ root, hooks: {
    send: (task, kind, grade, reason, seconds) => sent.push({ id: task.title, kind, grade, reason, seconds }),
    show: (task) => shown.push(task.title),
    nameOf: (grade) => `grade ${grade}`,
    sayPhoto: (task, text) => said.push([task.title, text]),
    clock: { start: () => {}, seconds: () => 1 },
  } });
  grid.take(tasks);
});
const marks = () => cells().map((cell) => cell.querySelector(".vs-cell-mark").textContent);
const cells = () => root.querySelector("[data-part=cells]").children;
const focus = () => grid.shown().title;

test("each item is judged once and the focus goes on", () => {
  grid.act("grade", 3);
  grid.act("skip", null);
  grid.act("unsure", null, "query is unclear");
  assert.deepEqual(sent.map(({ id, kind, grade, reason }) => [id, kind, grade, reason]), [
    ["a", "grade", 3, undefined], ["b", "skip", null, undefined], ["c", "unsure", null, "query is unclear"]]);
  assert.deepEqual(marks(), ["grade 3", "later", "can’t tell", "", "", ""]);
  assert.equal(focus(), "d");
  assert.equal(root.querySelector("[data-part=left]").textContent, "3 of 6 to judge");
});

test("an item whose photo is not whole is not graded, but may be put off or flagged", () => {
  globalThis.photoText = (gap) => gap;
  const image = cells()[0].querySelector("img") || cells()[0].children[0];
  cells()[0].querySelector = (selector) => (selector === "img" ? image : cells()[0].all()
    .find((child) => selector === `.${child.className}`) || null);
  Object.assign(image, { src: "x.jpg", complete: false, naturalWidth: 0 });
  grid.act("grade", 3);
  grid.act("unsure", null, "query is unclear");
  assert.deepEqual(sent, []);
  image.complete = true;  // and broken
  grid.act("grade", 3);
  assert.deepEqual(said, [["a", "loading"], ["a", "loading"], ["a", "broken"]]);
  grid.act("flag", null, "wrong photo");
  grid.act("skip", null);
  assert.deepEqual(sent.map(({ id, kind }) => [id, kind]), [["a", "flag"], ["a", "skip"]]);
});

test("the note field follows the focus", () => {
  grid.act("grade", 1);
  grid.move("ArrowLeft");
  assert.deepEqual(shown, ["a", "b", "a"]);
});

test("a flag is no judgment: the item stays open", () => {
  grid.act("flag", null, "wrong photo");
  assert.equal(focus(), "a");
  assert.equal(marks()[0], "");
  assert.equal(grid.isDone(), false);
});

test("what was left out is come back to, and all is done only then", () => {
  grid.move("ArrowRight");
  for (let n = 0; n < 5; n += 1) grid.act("grade", 0);
  assert.equal(grid.isDone(), false);
  assert.equal(focus(), "a");
  assert.equal(root.querySelector("[data-part=next]").disabled, true);
  grid.act("grade", 0);
  assert.equal(grid.isDone(), true);
  assert.equal(root.querySelector("[data-part=next]").disabled, false);
});

test("a judgment that was refused or taken back opens its item again", () => {
  grid.act("grade", 2);
  grid.act("grade", 2);
  assert.equal(grid.reopen(tasks[0].key), true);
  assert.equal(focus(), "a");
  assert.deepEqual(marks().slice(0, 2), ["", "grade 2"]);
  assert.equal(grid.reopen("of another screen"), false);
});

test("arrows stay within the items, up and down go by rows", () => {
  cells().forEach((cell, index) => { cell.offsetTop = index < 4 ? 0 : 100; });
  grid.move("ArrowUp");
  assert.equal(focus(), "a");
  grid.move("ArrowDown");
  assert.equal(focus(), "e");
  grid.move("ArrowRight");
  grid.move("ArrowRight");
  assert.equal(focus(), "f");
});

test("a click chooses the item, and a correction is a judgment of its own", () => {
  grid.act("grade", 1);
  root.querySelector("[data-part=cells]").listeners.click({ target: cells()[0] });
  assert.equal(focus(), "a");
  grid.act("grade", 2);
  assert.deepEqual(sent.map(({ id, grade }) => [id, grade]), [["a", 1], ["a", 2]]);
  assert.equal(focus(), "b");
});

test("an empty hand hides the grid and takes no act", () => {
  grid.take([]);
  assert.equal(root.hidden, true);
  grid.act("grade", 1);
  assert.deepEqual(sent, []);
});

test("after a click Enter goes on: the cell does not keep it, but for keyboards", () => {
  const cell = cells()[1];
  let blurred = 0;
  cell.blur = () => { blurred += 1; };
  const { click } = root.querySelector("[data-part=cells]").listeners;
  click({ target: cell, detail: 0 });  // Enter or the space bar on a cell that has the focus
  assert.equal(blurred, 0);
  click({ target: cell, detail: 1 });
  assert.equal(blurred, 1);
  assert.equal(focus(), "b");
});
