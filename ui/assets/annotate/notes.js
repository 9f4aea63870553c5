// A note belongs to a pair: it is stored with each judgment of that pair, and comes back with it.

/**
 * @param {object} parts
 * @param {{ hidden: boolean }} parts.row Shown while there is a note, or one is being written.
 * @param {{ value: string, focus: () => void, addEventListener: Function }} parts.field Where it is written.
 */
function makeNotes({ row, field }) {
  /** @type {Map<string, string>} */
  const written = new Map();  // by task key; only what differs from no note at all
  let key = "", before = "";

  field.addEventListener("input", () => written.set(key, field.value));
  /** @param {JudgingTask} task */
  function show(task) {  // the note of the pair on screen
    key = task.key;
    if (!written.has(key) && task.note) written.set(key, task.note);
    before = field.value = written.get(key) || "";
    row.hidden = !before;
  }
  return {
    show,
    // Start writing; what is there now is what `cancel` goes back to.
    write: () => { before = field.value; row.hidden = false; field.focus(); },
    keep: () => { before = field.value.trim(); row.hidden = !before; },
    cancel: () => {
      field.value = before;
      written.set(key, before);
      row.hidden = !before;
    },
    /** @param {JudgingTask} task */
    of: (task) => (written.get(task.key) || "").trim(),
    /**
     * @param {JudgingTask} task
     * @param {string} text
     */
    remember: (task, text) => {
      written.set(task.key, text);
      if (task.key === key) show(task);
    },
  };
}

// What is stored as the note of "can't tell" and of a flag: the reason, then what was written.
/**
 * @param {string | undefined} reason
 * @param {string} text
 */
const joinReason = (reason, text) => [reason, text].filter(Boolean).join(": ");
// The written part of such a note.
/**
 * @param {string} note
 * @param {string[]} reasons
 */
function withoutReason(note, reasons) {
  const reason = reasons.find((one) => note === one || note.startsWith(`${one}: `));
  return reason === undefined ? note : note.slice(reason.length + 2);
}
// Read by the tests under node; a page has no `module`.
if (typeof module !== "undefined") module.exports = { makeNotes, joinReason, withoutReason };
