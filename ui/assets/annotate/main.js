// The judging desk: keys and buttons in, judgments out through the outbox, pairs from the server.
const LOCAL = "local", NAME = "vs-name";
/** @type {any} */
let desk = null;  // the element of the set on screen
/** @type {any} */
let single = null;
/** @type {any} */
let grid = null;
/** @type {any} */
let notes = null;
/** @type {any} */
let box = null;
/** @type {string | null} */
let choice = null;
let loading = false;
let ended = false, generation = 0, gridMode = false, arrived = false, judging = LOCAL;
let stamp = "";
const photos = makePhotos(40), clock = makeClock();
const tab = newId();  // pairs are reserved for an open page: in two tabs nobody gets one twice
/** @param {string} name */
const part = (name) => desk.querySelector(`[data-part=${name}]`);
/** @returns {HTMLInputElement | null} */
const nameField = () => document.querySelector("#annotate-name input, #annotate-name textarea");
const signedIn = () => window.gradio_config?.username || "";  // known before anything is drawn
function nameOf() {  // who typed a name here before is that person again, until they sign in
  if (signedIn()) return signedIn();
  const field = nameField();
  if (!field) return LOCAL;
  let kept = "";
  try { kept = localStorage.getItem(NAME) || ""; } catch { /* not kept */ }
  if (kept && kept !== field.value && field.value === LOCAL && !field.disabled) {
    Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value")?.set?.call(field, kept);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  return field.value || LOCAL;
}
const base = () => ({ set: desk.dataset.set, catalog: desk.dataset.catalog, name: nameOf(), tab });
const mode = () => (gridMode ? grid : single);

/**
 * @param {string} text
 * @param {boolean} [bad]
 */
function say(text, bad) {
  if (!desk) return;
  part("status").textContent = text || "";
  part("status").classList.toggle("vs-down", Boolean(bad));
  if (bad && window.vs.signIn) {  // signing in needs a page of its own: this one keeps its place
    const link = document.createElement("a");
    link.href = window.vs.signIn;
    link.target = "_blank";
    link.textContent = "Sign in again";
    part("status").append(" ", link);
  }
}
/** @param {JudgingProgress | undefined} p */
function progress(p) {
  if (!p) return;
  /**
   * @param {number} done
   * @param {number} total
   */
  const share = (done, total) => `${total ? Math.round((100 * done) / total) : 0}%`;
  part("mine").style.width = share(p.done, p.total);
  part("all").style.width = share(p.set_done, p.set_total);
  part("progress").textContent = progressText(p);
  part("set-progress").textContent = setText(p);
}

let problem = "";  // why the last judgments were not saved
/**
 * An answer of the studio, or an error that says what keeps it away.
 * @param {Promise<any>} call
 */
async function asked(call) {
  const answer = await call;
  if (answer !== undefined && answer !== null) return answer;
  // Gradio keeps from a page why a call failed; signin.js has seen what the server said.
  throw new Error(window.vs.signIn ? SIGNED_OUT : window.vs.refusal ? window.vs.refusal
    : navigator.onLine === false ? "there is no connection" : "the studio does not answer");
}
const outbox = makeOutbox({
  send: (batch) => asked(server.judge(batch)),
  onSaved: (answer) => {
    if (!desk || answer.set !== desk.dataset.set) return;
    progress(answer.progress);
    if (!photoSaid || photoSaid !== mode().shown()?.key) say(savedText(outbox.count(nameOf())));
    if (mode().isEmpty?.()) refill();
  },
  onRefused: (event, why, closed) => {
    say(closed ? "Not saved." : `Not saved: ${why}`, true);
    if (!desk || event.set !== desk.dataset.set || event.name !== nameOf() || !event.task) return;
    if (closed) {  // shown again, it would be refused again
      part("closed").textContent = closedText(event.task.title, why);
      single.forget(event.task);
      ended = false;
      if (mode().isEmpty?.()) refill();
      return;
    }
    notes.remember(event.task, withoutReason(event.note, reasons()));
    ended = false;
    part("end").hidden = true;
    if (!gridMode || !grid.reopen(event.task.key)) single.reopen(event.task);
  },
  onState: (count, why, name) => {
    if (name !== nameOf()) return;
    problem = why;
    if (count && why) say(unsavedText(count, why), true);
    if (desk && !part("end").hidden) showEnd();
    showOthers();
  },
});
// Without sign-in names are only typed, so whoever is here may send what waits under any of them.
const sendAll = () => {
  const names = signedIn() ? [signedIn()] : Object.keys(outbox.names());
  for (const name of names) if (outbox.count(name)) outbox.flush(name);
};
/** @returns {string[]} */
const reasons = () =>
  [...desk.querySelectorAll("[data-reasons] [data-text]")].map((button) => button.dataset.text);
/**
 * @param {JudgingTask} task
 * @param {string} kind
 * @param {number | null} grade
 * @param {string | undefined} reason
 * @param {number} seconds
 */
function send(task, kind, grade, reason, seconds) {
  outbox.add({
    ...base(), event_id: newId(), query_id: task.query_id, item_id: task.item_id,
    key: task.key, kind, grade, note: joinReason(reason, notes.of(task)), seconds,
    guidelines: Number(desk.dataset.revision), page: desk.dataset.page, task,
  });
  if (kind === "flag") say("Flagged. Now judge it, or put it off.");
}
let othersHave = 0, elsewhere = 0, unreachable = "";  // as the last call for pairs went
function showEnd() {
  part("end-text").textContent = unreachable ? noPairsText(0, unreachable)
    : endText(outbox.count(nameOf()), othersHave, problem, elsewhere);
}
function showOthers() {
  if (!desk) return;
  part("others").textContent = signedIn() ? othersText(outbox.names(), nameOf()) : "";
}

async function refill() {
  if (loading || ended || !desk) return;
  loading = true;
  const mine = generation;
  try {
    if (gridMode && !(await outbox.empty(nameOf()))) return;
    const answer = await asked(server.next_pairs({ ...base(), grid: gridMode,
      first: desk.dataset.first,
      held: gridMode ? [] : [...single.held(), ...outbox.tasks(desk.dataset.set)] }));
    if (mine !== generation) return;
    if (answer.error) { say(answer.error, true); return; }
    progress(answer.progress);
    if (gridMode) grid.take(answer.tasks); else single.take(answer.tasks);
    if (!arrived) arrive();
    const empty = gridMode ? !answer.tasks.length : single.isEmpty();
    ended = empty && !outbox.count(nameOf());
    part("end").hidden = !empty;
    othersHave = answer.waiting;
    elsewhere = answer.elsewhere || 0;
    unreachable = "";
    if (empty) showEnd();
    if (answer.part !== undefined) showPart(answer.part);
    if (empty && (answer.waiting || elsewhere)) { ended = false; setTimeout(refill, 20000); }
  } catch (error) {
    if (mine === generation) {
      unreachable = error instanceof Error ? error.message : String(error);
      part("end").hidden = !single.isEmpty() || (gridMode && Boolean(grid.shown()));
      showEnd();
      say(noPairsText(outbox.count(nameOf()), unreachable), true);
    }
    setTimeout(refill, 2000);
  } finally {
    loading = false;
    element.querySelector("[data-waiting]")?.remove();
  }
}
function arrive() {  // on a phone the page's head leaves no room for the photo above the grades
  arrived = true;
  if (window.matchMedia("(max-width: 760px)").matches && desk.offsetParent) desk.scrollIntoView();
}
// Engines' lists are hidden from an annotator until they end their part, which makes labels final.
/** @param {string | null} own "open", "done" or "final"; null for those who see everything. */
function showPart(own) {
  part("until-end").hidden = own !== "open";
  part("finish").hidden = own !== "done";
  if (own !== "final") part("finished").hidden = true;
  sureToEnd(false);
}
/** @param {boolean} asking */
function sureToEnd(asking) {
  part("finish-ask").hidden = asking;
  part("finish-sure").hidden = !asking;
}
async function endPart() {
  const mine = generation;
  if (!(await outbox.empty(nameOf()))) {
    say(`First all judgments must be saved. ${unsavedText(outbox.count(nameOf()), problem)}`, true);
    return;
  }
  const answer = await asked(server.end_part(base())).catch((error) => ({ error: error.message }));
  if (mine !== generation) return;
  if (answer.error) { say(answer.error, true); return; }
  showPart(answer.part);
  part("finished").hidden = false;
  say("");
}
let photoSaid = "";  // the pair whose photo is waited for
let undoing = "";
async function undo() {
  const mine = generation;
  if (!(await outbox.empty(nameOf()))) {
    say(`Not undone: first the judgments before it must be saved. ` +
      unsavedText(outbox.count(nameOf()), problem || "the studio does not answer"), true);
    return;
  }
  undoing = undoing || newId();  // asked again after no answer, it takes back one judgment
  const answer = await asked(server.undo({ ...base(), event_id: undoing }))
    .catch((error) => ({ lost: true, error: `Not undone: ${error.message}.` }));
  if (!answer.lost) undoing = "";
  if (mine !== generation) return;
  if (answer.error) { say(answer.error, true); return; }
  if (!answer.undone) { say("There is nothing to undo."); return; }
  const { task, note, kind } = answer.undone;
  if (kind === "flag") { say(`The flag on “${task.title}” is taken back.`); return; }
  ended = false;
  part("end").hidden = part("finish").hidden = true;
  progress(answer.progress);
  notes.remember(task, withoutReason(note, reasons()));
  if (!gridMode || !grid.reopen(task.key)) {
    if (gridMode) setGrid(false);
    single.reopen(task);
  }
  say("Taken back: judge it again.");
}

/**
 * Reasons for "can't tell" and for a flag: a digit chooses, Escape leaves.
 * @param {string | null} kind
 */
function ask(kind) {
  choice = choice === kind ? null : kind;
  for (const row of desk.querySelectorAll("[data-reasons]")) row.hidden = row.dataset.reasons !== choice;
}
/** @type {Act} */
function act(kind, grade, reason) {
  if (!mode().shown()) return;
  choice = null;
  for (const row of desk.querySelectorAll("[data-reasons]")) row.hidden = true;
  mode().act(kind, grade, reason);
}
/** @param {boolean} on */
function setGrid(on) {
  gridMode = on;
  generation += 1;
  ended = false;
  loading = false;
  try { localStorage.setItem("vs-grid", on ? "1" : ""); } catch { /* not kept */ }
  part("mode").setAttribute("aria-pressed", String(on));
  part("end").hidden = true;
  desk.classList.toggle("vs-desk-grid", on);
  if (on) { single.reset(); grid.take([]); } else grid.hide();
  refill();
}
// What was decided on pairs that this person judged: asked for when it is opened.
async function showDecisions() {
  const mine = generation, list = part("decisions-list");
  const answer = await asked(server.decisions(base())).catch((error) => ({ error: error.message }));
  if (mine !== generation) return;
  if (answer.error) list.textContent = answer.error; else list.innerHTML = answer.html;
}
/** @param {string} name */
function toggle(name) {
  const panel = part(name);
  panel.hidden = !panel.hidden;
}
/**
 * @param {string} name
 * @param {any} [button] What was pressed; a key has none, but for those of grades and reasons.
 */
function command(name, button) {
  if (name === "grade") act("grade", Number(button.dataset.grade));
  else if (name === "reason") act(button.closest("[data-reasons]").dataset.reasons, null, button.dataset.text);
  else if (name === "skip") act("skip", null);
  else if (name === "unsure" || name === "flag") ask(name);
  else if (name === "undo") undo();
  else if (name === "back") gridMode ? undo() : single.goBack();
  else if (name === "forward") single.forward();
  else if (name === "note") notes.write();
  else if (name === "bigger") {
    const task = mode().shown();
    if (!gridMode && single.retry()) return;
    if (box.isOpen()) box.close(); else if (task) box.open(task.photo, task.title);
  } else if (name === "description") { const d = desk.querySelector("figcaption details"); d.open = !d.open; }
  else if (name === "guidelines") { const d = part("guidelines"); if (d) d.open = !d.open; }
  else if (name === "decisions") showDecisions();
  else if (name === "help") toggle("help");
  else if (name === "finish" || name === "finish-no") sureToEnd(name === "finish");
  else if (name === "finish-yes") endPart();
  else if (name === "mode") setGrid(!gridMode);
  else if (name === "next" && grid.isDone()) refill();
}
/** @type {Record<string, string>} */
const KEYS = {
  s: "skip", u: "unsure", f: "flag", z: "undo", backspace: "back", n: "note", b: "bigger",
  d: "description", g: "guidelines", "?": "help", m: "mode", enter: "next",
};
/** @param {Event} event */
const onControl = (event) =>
  event.target instanceof Element && event.target.closest("button,summary,a") !== null;
/** @param {KeyboardEvent} event */
function onKey(event) {
  if (!desk?.isConnected || !desk.offsetParent) return;
  if (event.target === part("note") && ["Enter", "Escape"].includes(event.key)) {
    part("note").blur();
    if (event.key === "Escape") notes.cancel(); else notes.keep();
    event.preventDefault();
    return;
  }
  if (event.target === nameField() && event.key === "Enter") { nameField()?.blur(); return; }
  if (window.vs.isTyping(event)) return;
  const key = event.key.toLowerCase();
  if (key === "escape") { box.close(); part("help").hidden = true; ask(null); return; }
  if (/^[0-9]$/.test(key)) {
    const button = choice
      ? desk.querySelectorAll(`[data-reasons=${choice}] button`)[Number(key) - 1]
      : desk.querySelector(`[data-do=grade][data-grade="${key}"]`);
    if (!button) return;
    box.close();
    command(button.dataset.do, button);
  } else if (event.key.startsWith("Arrow")) {
    if (gridMode) grid.move(event.key);
    else if (event.key === "ArrowLeft") single.goBack();
    else if (event.key === "ArrowRight") single.forward();
    else return;
  } else if (KEYS[key] && !(key === "enter" && (!gridMode || onControl(event)))) command(KEYS[key]);
  else return;
  event.preventDefault();
}

/** @type {Record<string, string> | null} */
let handed = null;  // whose pairs of which set are in hand
// Pairs that will not be judged here are free at once for other tabs and people.
function giveBack() {
  const held = single ? mode().held() : [];
  const ask = handed && held.length ? { ...handed, held } : null;
  handed = null;
  return ask;
}
let renamed = "";  // what is said once after a change of the name
/** @param {HTMLElement | null} found */
const stampOf = (found) =>
  found ? [found.dataset.set, found.dataset.revision, found.dataset.first].join("\t") : "";
async function start() {
  let found = element.querySelector("[data-desk]");
  if (found && found === desk) {
    if (stampOf(found) === stamp) return;
    // Gradio patches the old desk in place: a copy has no listeners of the set before.
    found.replaceWith(found.cloneNode(true));
    found = element.querySelector("[data-desk]");
  }
  stamp = stampOf(found);
  const typing = /** @type {HTMLElement} */ (document.activeElement);  // a set or a name was chosen: keys are commands now
  if (typing?.closest("#annotate-set, #annotate-name")) typing.blur();
  const left = giveBack();
  if (left) server.release(left).catch(() => {});
  desk = found;
  judging = nameOf();
  if (desk) handed = base();
  generation += 1;
  ended = loading = false;
  choice = null;
  if (!desk) return;
  box = makeLightbox(part("lightbox"));
  notes = makeNotes({ row: part("note-row"), field: part("note") });
  /** @type {GradeName} */
  const gradeName = (grade) => desk.querySelector(`[data-grade="${grade}"]`)?.dataset?.name || String(grade);
  /**
   * @param {JudgingTask} task
   * @param {string} text
   */
  const sayPhoto = (task, text) => { photoSaid = task.key; say(text, true); };
  /** @type {JudgingHooks} */
  const hooks = { send, refill, say, sayPhoto, clock, show: notes.show, nameOf: gradeName,
    standing: (past) => standingText(past, gradeName),
    gradeButtons: () => desk.querySelectorAll("[data-do=grade]") };
  single = makeSingle({ root: part("single"), photos, hooks });
  grid = makeGrid({ root: part("grid"), hooks });
  try { gridMode = Boolean(localStorage.getItem("vs-grid")); } catch { gridMode = false; }
  desk.classList.toggle("vs-desk-grid", gridMode);
  part("mode").setAttribute("aria-pressed", String(gridMode));
  const mine = generation;
  sendAll();
  showOthers();
  const answer = await asked(server.history(base())).catch(() => ({ tasks: [] }));
  if (mine !== generation) return;
  if (answer.error) { say(answer.error, true); return; }
  const past = answer.tasks || [];
  for (const { task, note } of past) notes.remember(task, withoutReason(note, reasons()));
  single.remember(past);
  if (renamed) say(renamed);
  else if (past.length && !outbox.count(nameOf())) say("Welcome back: you go on where you were.");
  renamed = "";
  refill();
}
element.addEventListener("click", (/** @type {any} */ event) => {
  const button = event.target.closest("[data-do]");
  if (button && desk) { command(button.dataset.do, button); if (button.dataset.do !== "note") button.blur(); }
});
document.addEventListener("keydown", onKey);
document.addEventListener("change", (event) => {
  if (event.target !== nameField()) return;
  try { localStorage.setItem(NAME, nameField()?.value || ""); } catch { /* not kept */ }
  renamed = judging === nameOf() ? "" : renamedText(nameOf());
  desk = null;
  start();
});
// What waits is sent when the line comes back, when somebody comes back to this page (they may have
// signed in on another one), and on a timer in any case.
window.addEventListener("online", sendAll);
for (const sign of ["keydown", "pointerdown", "pointermove", "wheel", "scroll"])
  document.addEventListener(sign, clock.alive, { passive: true, capture: true });
document.addEventListener("visibilitychange", () => clock.hide(document.hidden));
const deskId = () => window.gradio_config?.components?.find((one) => one.props?.elem_id === "annotate")?.id;
// A page that is left gives back what it held, so that its pairs come at once in the next one.
window.addEventListener("pagehide", () => {
  const left = giveBack(), to = window.gradio_config;
  if (!left || !to?.root) return;
  const body = JSON.stringify({ fn_name: "release", component_id: deskId(), session_hash: tab, data: left });
  fetch(`${to.root}${to.api_prefix || ""}/component_server/`, { method: "POST", keepalive: true,
    headers: { "Content-Type": "application/json" }, body }).catch(() => {});
});
window.addEventListener("focus", sendAll);
setInterval(sendAll, 5000);
watch("value", start);
// The value is told before the desk is patched: what is on screen afterwards is what is started.
new MutationObserver(start).observe(element,
  { childList: true, subtree: true, attributes: true, attributeFilter: ["data-set", "data-revision"] });
start();
