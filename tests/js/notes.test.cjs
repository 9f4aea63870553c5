// A note belongs to a pair: no act on another pair takes it, none of its own loses it.
const assert = require("node:assert/strict");
const { beforeEach, test } = require("node:test");
const { makeNotes, joinReason, withoutReason } = require("../../ui/assets/annotate/notes.js");

const [A, B] = [{ key: "q\ta\t0" }, { key: "q\tb\t0" }];
let row, field, notes, typed;
function type(text) { field.value = text; typed(); }

beforeEach(() => {
  row = { hidden: true };
  field = { value: "", focus() {}, addEventListener: (_name, then) => { typed = then; } };
  notes = makeNotes({ row, field });
  notes.show(A);
});

test("what is written goes with the pair on screen, and with no other", () => {
  notes.write();
  type(" too dark ");
  assert.equal(notes.of(A), "too dark");
  notes.show(B);
  assert.equal(field.value, "");
  assert.equal(row.hidden, true);
  assert.equal(notes.of(B), "");
  notes.show(A);
  assert.equal(field.value.trim(), "too dark");
  assert.equal(row.hidden, false);
});

test("Escape takes back what was written since the field was opened, no more", () => {
  notes.write();
  type("3 3 3");
  notes.cancel();
  assert.equal(notes.of(A), "");
  assert.equal(row.hidden, true);
  notes.write();
  type("kept");
  notes.keep();
  notes.write();
  type("kept, and more");
  notes.cancel();
  assert.equal(notes.of(A), "kept");
  assert.equal(field.value, "kept");
});

test("a correction keeps the note that stands, unless it was changed", () => {
  notes.remember(B, "of the server");
  notes.show(B);
  assert.equal(notes.of(B), "of the server");
  notes.write();
  type("");
  notes.keep();
  assert.equal(notes.of(B), "");
});

test("a pair that was put off comes with its note", () => {
  notes.show({ key: "q\tc\t0", note: "look it up" });
  assert.equal(field.value, "look it up");
  assert.equal(notes.of({ key: "q\tc\t0" }), "look it up");
});

test("a note that is told while its pair is on screen is shown", () => {
  notes.remember(A, "after an undo");
  assert.equal(field.value, "after an undo");
  assert.equal(row.hidden, false);
});

test("a reason stands before what was written, and is told apart again", () => {
  const reasons = ["photo does not show it", "query is unclear"];
  assert.equal(joinReason("query is unclear", "A"), "query is unclear: A");
  assert.equal(joinReason("query is unclear", ""), "query is unclear");
  assert.equal(joinReason(undefined, "A"), "A");
  assert.equal(withoutReason("query is unclear: A", reasons), "A");
  assert.equal(withoutReason("query is unclear", reasons), "");
  assert.equal(withoutReason("query is unclear to me", reasons), "query is unclear to me");
});
