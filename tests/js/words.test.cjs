// What the judging desk says about judgments that are not saved.
const assert = require("node:assert/strict");
const { test } = require("node:test");
const words = require("../../ui/assets/annotate/words.js");

test("all is judged is said only where nothing waits", () => {
  assert.match(words.endText(0, 0, ""), /everything that you can judge is judged/);
  for (const [unsaved, others] of [[1, 0], [4, 0], [2, 3]]) {
    const said = words.endText(unsaved, others, "there is no connection");
    assert.doesNotMatch(said, /everything/);
    assert.match(said, new RegExp(`${unsaved} judgments? (is|are) not saved yet: there is no connection\\.`));
  }
  assert.match(words.endText(0, 1, ""), /The last pair is in the hands of others/);
  assert.match(words.endText(0, 3, ""), /The last 3 pairs are in the hands of others/);
});

test("who is signed out is told to sign in, and that nothing is lost", () => {
  const said = words.unsavedText(4, words.SIGNED_OUT);
  assert.equal(said, "You are signed out. 4 judgments are kept in this browser, and sent when you " +
    "have signed in again.");
});

test("no more pairs is never called the end while the studio does not answer", () => {
  for (const unsaved of [0, 3])
    for (const problem of ["the studio does not answer", words.SIGNED_OUT])
      assert.doesNotMatch(words.noPairsText(unsaved, problem), /all that|everything|Nothing is left/);
});

test("a problem is one sentence, whatever its end", () => {
  for (const problem of ["the disk is full", "the disk is full.", "the disk is full …"])
    assert.equal(words.unsavedText(1, problem), "Not saved yet: the disk is full. 1 judgment is kept " +
      "in this browser, and this page tries again by itself.");
  assert.equal(words.unsavedText(0, "x"), "");
});

test("judgments of other people are named, one's own are not", () => {
  assert.equal(words.othersText({ ada: 3 }, "ada"), "");
  assert.equal(words.othersText({ ada: 3, bob: 1 }, "ada"),
    "This browser also keeps 1 judgment of “bob”, sent when “bob” signs in here.");
});

test("how a pair stands is said on the way back", () => {
  const nameOf = (grade) => ["no", "yes"][grade];
  assert.match(words.standingText({ kind: "grade", grade: 1 }, nameOf), /judged before: 1 yes;/);
  assert.match(words.standingText({ kind: "skip" }, nameOf), /judged before: later;/);
  assert.match(words.standingText({ kind: "unsure" }, nameOf), /judged before: can’t tell;/);
});

test("progress is counted in words", () => {
  const p = { done: 3, total: 9, skipped: 1, per_minute: 4, set_done: 5, set_total: 9, annotators: 1 };
  assert.equal(words.progressText(p), "3 of 9 judged · 1 for later · 4 a minute · about 2 min left");
  assert.equal(words.setText(p), "Whole set: 5 of 9 labels, 1 person");
  assert.equal(words.setText({ ...p, set_done: 1744, set_total: 12000 }), "Whole set: 1,744 of 12,000 labels, 1 person");
});

test("a changed name and a picture as a query are explained", () => {
  assert.match(words.renamedText("ada"), /“ada” judges.*another pair/);
  assert.equal(words.askText({ query_text: "lamp", query: "lamp", query_photo: "" }), "Query");
  assert.match(words.askText({ query_text: "", query: "Snake plant", query_photo: "/p" }), /this one\?/);
  assert.match(words.askText({ query_text: "", query: "", query_photo: "/p" }), /this picture.*thing in it/);
});

test("an answer that does not count is named by its product", () => {
  assert.equal(words.closedText("Lamp", "It was decided."), "“Lamp”: It was decided.");
});

test("saved is said when nothing waits", () => {
  assert.equal(words.savedText(0), "Saved.");
  assert.equal(words.savedText(1), "1 judgment is being saved …");
  assert.equal(words.savedText(9), "9 judgments are being saved …");
});
