// What the judging desk says: plain sentences, made of numbers and reasons.
/** @param {number} count */
const judgments = (count) => `${count} ${count === 1 ? "judgment" : "judgments"}`;
/** @param {number} count */
const are = (count) => (count === 1 ? "is" : "are");
// A reason may come as a whole sentence of the server's, or as a part of one.
/** @param {string} reason */
const asPart = (reason) => String(reason).trim().replace(/[\s.…]+$/, "");
/** @param {string} name */
const quoted = (name) => `“${name}”`;

const SIGNED_OUT = "you are signed out";

/**
 * @param {number} count
 * @param {string} problem
 */
function unsavedText(count, problem) {
  if (!count) return "";
  return problem === SIGNED_OUT
    ? `You are signed out. ${judgments(count)} ${are(count)} kept in this browser, and sent when you ` +
      "have signed in again."
    : `Not saved yet: ${asPart(problem)}. ${judgments(count)} ${are(count)} kept in this browser, and ` +
      "this page tries again by itself.";
}
// Whether pairs are left can't be told while the studio does not answer.
/**
 * @param {number} unsaved
 * @param {string} problem
 */
function noPairsText(unsaved, problem) {
  return unsaved ? unsavedText(unsaved, problem)
    : problem === SIGNED_OUT ? "You are signed out. More pairs come when you have signed in again."
      : `More pairs can’t be had: ${asPart(problem)}. This page tries again by itself.`;
}
// "All is judged" is never said while a judgment is not saved.
/**
 * @param {number} unsaved
 * @param {number} othersHave
 * @param {string} problem
 * @param {number} [elsewhere] Pairs in other tabs of this person.
 */
function endText(unsaved, othersHave, problem, elsewhere = 0) {
  if (unsaved) {
    return `You have judged all that is left for you, but ${judgments(unsaved)} ${are(unsaved)} not ` +
      `saved yet${problem ? `: ${asPart(problem)}` : ""}. This browser keeps ` +
      `${unsaved === 1 ? "it" : "them"} until the studio has stored ${unsaved === 1 ? "it" : "them"}.`;
  }
  if (elsewhere) {
    const pairs = elsewhere === 1 ? "The last pair is" : `The last ${elsewhere} pairs are`;
    return `${pairs} open in another tab or window of yours. Judge there, or look again in some minutes.`;
  }
  if (othersHave) {
    const pairs = othersHave === 1 ? "The last pair is" : `The last ${othersHave} pairs are`;
    return `${pairs} in the hands of others. Look again in some minutes.`;
  }
  return "Nothing is left for you in this set: everything that you can judge is judged.";
}
// Judgments of other people in this browser wait for those people.
/**
 * @param {Record<string, number>} counts Judgments that wait, by name.
 * @param {string} mine
 */
function othersText(counts, mine) {
  return Object.entries(counts).filter(([name, count]) => name !== mine && count).map(([name, count]) =>
    `This browser also keeps ${judgments(count)} of ${quoted(name)}, sent when ${quoted(name)} ` +
    "signs in here.").join(" ");
}
// "Saved" is said only when all is: a fast hand is ahead of the line.
/** @param {number} waiting */
const savedText = (waiting) =>
  waiting ? `${judgments(waiting)} ${are(waiting)} being saved …` : "Saved.";
// Why an answer to a pair does not count, which is not on screen any more.
/**
 * @param {string} title
 * @param {string} why
 */
const closedText = (title, why) => `${quoted(title)}: ${why}`;
// Why a pair can't be graded by its photos.
/** @param {string} gap */
const photoText = (gap) => (gap === "loading"
  ? "Not graded: the photo is still loading. Grade it when you see it."
  : "Not graded: a photo can’t be loaded. Click it to try again, flag it with F, or put the pair off with S.");
/** @param {string} name */
const renamedText = (name) =>
  `From now on ${quoted(name)} judges. Each name has pairs of its own, so this may be another pair than before.`;
// What a query asks for that is a picture.
/** @param {JudgingTask} task */
function askText(task) {
  if (!task.query_photo || task.query_text) return "Query";
  return task.query ? "How alike is the product to this one?"
    : "The query is this picture: how alike is the product to the thing in it?";
}
/** @param {JudgingProgress} p */
function progressText(p) {
  const left = p.total - p.done;
  const minutes = p.per_minute ? Math.ceil(left / p.per_minute) : 0;
  return `${p.done} of ${p.total} judged` +
    (p.skipped ? ` · ${p.skipped} for later` : "") +
    (p.per_minute ? ` · ${p.per_minute} a minute` : "") +
    (minutes && left ? ` · about ${minutes} min left` : "");
}
/** @param {JudgingProgress} p */
const setText = (p) => `Whole set: ${p.set_done.toLocaleString("en")} of ${p.set_total.toLocaleString("en")} labels, ` +
  `${p.annotators} ${p.annotators === 1 ? "person" : "people"}`;
// How a pair that was judged before stands.
/**
 * @param {Pick<JudgedPair, "kind" | "grade">} past
 * @param {GradeName} nameOf
 */
function standingText({ kind, grade }, nameOf) {
  const stands = kind === "grade" ? `${grade} ${nameOf(grade)}` : kind === "skip" ? "later" : "can’t tell";
  return `· judged before: ${stands}; a grade corrects it`;
}
// Read by the tests under node; a page has no `module`.
if (typeof module !== "undefined") {
  module.exports = { SIGNED_OUT, unsavedText, noPairsText, endText, othersText, progressText, setText, standingText, renamedText, askText, photoText, closedText, savedText };
}
