// The judging desk: keys and buttons in, judgments out through the outbox, pairs from the server.
const LOCAL = "local", NAME = "vs-name";
let desk = null, single = null, grid = null, box = null, choice = null, loading = false;
let ended = false, generation = 0, gridMode = false, arrived = false, judging = LOCAL;
let stamp = "";
const photos = makePhotos(40);
const part = (name) => desk.querySelector(`[data-part=${name}]`);
/** @returns {HTMLInputElement} */
const nameField = () => document.querySelector("#annotate-name input, #annotate-name textarea");
function nameOf() {  // who typed a name here before is that person again, until they sign in
  const field = nameField();
  if (!field) return LOCAL;
  let kept = "";
  try { kept = localStorage.getItem(NAME) || ""; } catch { /* not kept */ }
  if (kept && kept !== field.value && field.value === LOCAL && !field.disabled) {
    Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value").set.call(field, kept);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  return field.value || LOCAL;
}
const base = () => ({ set: desk.dataset.set, catalog: desk.dataset.catalog, name: nameOf() });
const mode = () => (gridMode ? grid : single);

function say(text, bad) {
  if (!desk) return;
  part("status").textContent = text || "";
  part("status").classList.toggle("vs-down", Boolean(bad));
}
function progress(p) {
  if (!p) return;
  const share = (done, total) => `${total ? Math.round((100 * done) / total) : 0}%`;
  part("mine").style.width = share(p.done, p.total);
  part("all").style.width = share(p.set_done, p.set_total);
  const left = p.total - p.done;
  const minutes = p.per_minute ? Math.ceil(left / p.per_minute) : 0;
  part("progress").textContent = `${p.done} of ${p.total} judged` +
    (p.skipped ? ` · ${p.skipped} for later` : "") +
    (p.per_minute ? ` · ${p.per_minute} a minute` : "") +
    (minutes && left ? ` · about ${minutes} min left` : "");
  part("set-progress").textContent = `Whole set: ${p.set_done} of ${p.set_total} labels, ` +
    `${p.annotators} ${p.annotators === 1 ? "person" : "people"}`;
}

const SIGNED_OUT = "you are signed out; sign in again in another tab";
async function asked(call) {  // an answer of the studio, or an error that says what to do
  const answer = await call;
  if (answer !== undefined && answer !== null) return answer;
  const user = await fetch(`${location.origin}/gradio_api/user`, { credentials: "same-origin" })
    .catch(() => null);
  throw new Error(user && user.status === 401 ? SIGNED_OUT : "the studio can't be reached");
}
const outbox = makeOutbox({
  send: (batch) => asked(server.judge(batch)),
  onSaved: (answer) => {
    if (!desk || answer.set !== desk.dataset.set) return;
    progress(answer.progress);
    say("Saved.");
    if (!part("end").hidden) showEnd(0);
    if (mode().isEmpty?.()) refill();
  },
  onRefused: (event, why) => {
    say(`Not saved: ${why}`, true);
    if (desk && event.set === desk.dataset.set && event.task) {
      if (!gridMode || !grid.reopen(event.task.key)) single.reopen(event.task);
    }
  },
  onState: (count, problem) => {
    if (!count) return;
    say(`Not saved yet: ${problem}. ${count} ${count === 1 ? "judgment is" : "judgments are"} ` +
      "kept in this browser and sent again by itself.", true);
    if (desk && !part("end").hidden) showEnd(0);
  },
});
function noteFor(_kind, reason) {  // a reason comes first; what somebody wrote is never dropped
  const written = part("note").value.trim();
  return [reason, written].filter(Boolean).join(": ");
}
function send(task, kind, grade, reason, seconds) {
  const note = noteFor(kind, reason);
  outbox.add({
    ...base(), event_id: newId(), query_id: task.query_id, item_id: task.item_id,
    round: task.round, kind, grade, note, seconds,
    guidelines: Number(desk.dataset.revision), page: desk.dataset.page, task,
  });
  if (kind === "flag") say("Flagged. Now judge it, or put it off.");  // its note stays for the grade
  else showNote("");
  return note;
}
function showNote(text) {  // the note of the pair on screen; what Escape goes back to
  part("note").value = text;
  part("note").dataset.kept = text;
  part("note-row").hidden = !text;
}
function showEnd(othersHave) {  // "all is judged" is never said while a judgment is not saved
  const unsaved = outbox.count(nameOf());
  const pairs = othersHave === 1 ? "The last pair is" : `The last ${othersHave} pairs are`;
  part("end-text").textContent = unsaved
    ? `Nothing is left to judge, but ${unsaved} ${unsaved === 1 ? "judgment is" : "judgments are"} ` +
      "not saved yet. Keep this page open until they are."
    : othersHave
      ? `${pairs} in the hands of others. Look again in some minutes.`
      : "Nothing is left for you in this set: everything that you can judge is judged.";
}

async function refill() {
  if (loading || ended || !desk) return;
  loading = true;
  const mine = generation;
  try {
    if (gridMode && !(await outbox.empty(nameOf()))) return;
    const answer = await asked(server.next_pairs({ ...base(), grid: gridMode,
      first: desk.dataset.first, held: gridMode ? [] : [...single.held(), ...inFlight()] }));
    if (mine !== generation) return;
    if (answer.error) { say(answer.error, true); return; }
    progress(answer.progress);
    if (gridMode) grid.take(answer.tasks); else single.take(answer.tasks);
    if (!arrived) arrive();
    const empty = gridMode ? !answer.tasks.length : single.isEmpty();
    ended = empty && !outbox.count(nameOf());
    part("end").hidden = !empty;
    if (empty) showEnd(answer.waiting);
    if (empty && answer.waiting) { ended = false; setTimeout(refill, 20000); }
  } catch (problem) {
    if (mine === generation) say(`Nothing is lost, but ${problem.message}. Trying again …`, true);
    setTimeout(refill, 2000);
  } finally { loading = false; }
}
function arrive() {  // on a phone the page's head leaves no room for the photo above the grades
  arrived = true;
  if (window.matchMedia("(max-width: 760px)").matches && desk.offsetParent) desk.scrollIntoView();
}
function inFlight() {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(OUTBOX))
      .map((key) => JSON.parse(localStorage.getItem(key)))
      .filter((event) => event.set === desk.dataset.set && event.task)
      .map((event) => event.task.key);
  } catch { return []; }
}
async function undo() {
  const mine = generation;
  if (!(await outbox.empty(nameOf()))) { say("Still saving; undo again in a moment.", true); return; }
  const answer = await asked(server.undo({ ...base(), event_id: newId() }))
    .catch((problem) => ({ error: `Not undone: ${problem.message}.` }));
  if (mine !== generation) return;
  if (answer.error) { say(answer.error, true); return; }
  if (!answer.task) { say("There is nothing to undo."); return; }
  ended = false;
  part("end").hidden = true;
  progress(answer.progress);
  if (!gridMode || !grid.reopen(answer.task.key)) {
    if (gridMode) setGrid(false);
    single.reopen(answer.task);
  }
  if (answer.note) showNote(answer.note);
  say("Taken back: judge it again.");
}

function ask(kind) {  // reasons for "can't tell" and for a flag: a digit chooses, Escape leaves
  choice = choice === kind ? null : kind;
  for (const row of desk.querySelectorAll("[data-reasons]")) row.hidden = row.dataset.reasons !== choice;
}
function act(kind, grade, note) {
  if (!mode().shown()) return;
  choice = null;
  for (const row of desk.querySelectorAll("[data-reasons]")) row.hidden = true;
  mode().act(kind, grade, note);
}
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
function toggle(name) {
  const panel = part(name);
  panel.hidden = !panel.hidden;
}
function command(name, button) {
  if (name === "grade") act("grade", Number(button.dataset.grade));
  else if (name === "reason") act(button.closest("[data-reasons]").dataset.reasons, null, button.dataset.text);
  else if (name === "skip") act("skip", null);
  else if (name === "unsure" || name === "flag") ask(name);
  else if (name === "undo") undo();
  else if (name === "back") gridMode ? undo() : single.goBack();
  else if (name === "forward") single.forward();
  else if (name === "note") { toggle("note-row"); if (!part("note-row").hidden) part("note").focus(); }
  else if (name === "bigger") {
    const task = mode().shown();
    if (box.isOpen()) box.close(); else if (task) box.open(task.photo, task.title);
  } else if (name === "description") { const d = desk.querySelector("figcaption details"); d.open = !d.open; }
  else if (name === "guidelines") { const d = part("guidelines"); if (d) d.open = !d.open; }
  else if (name === "help") toggle("help");
  else if (name === "mode") setGrid(!gridMode);
  else if (name === "next" && grid.isDone()) refill();
}
const KEYS = {
  s: "skip", u: "unsure", f: "flag", z: "undo", backspace: "back", n: "note", b: "bigger",
  d: "description", g: "guidelines", "?": "help", m: "mode", enter: "next",
};
function onKey(event) {
  if (!desk?.isConnected || !desk.offsetParent) return;
  if (event.target === part("note") && ["Enter", "Escape"].includes(event.key)) {
    part("note").blur();
    if (event.key === "Escape") showNote(part("note").dataset.kept || "");  // as it was before
    else part("note").dataset.kept = part("note").value.trim();
    event.preventDefault();
    return;
  }
  if (event.target === nameField() && event.key === "Enter") { event.target.blur(); return; }
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
  } else if (KEYS[key] && !(key === "enter" && (!gridMode || event.target.closest("button,summary,a")))) command(KEYS[key]);
  else return;
  event.preventDefault();
}

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
  desk = found;
  judging = nameOf();
  generation += 1;
  ended = loading = false;
  choice = null;
  if (!desk) return;
  box = makeLightbox(part("lightbox"));
  const hooks = { send, refill, say, showNote,
    gradeButtons: () => desk.querySelectorAll("[data-do=grade]"),
    nameOf: (grade) => desk.querySelector(`[data-grade="${grade}"]`)?.dataset?.name || grade };
  single = makeSingle({ root: part("single"), photos, hooks });
  grid = makeGrid({ root: part("grid"), hooks });
  try { gridMode = Boolean(localStorage.getItem("vs-grid")); } catch { gridMode = false; }
  desk.classList.toggle("vs-desk-grid", gridMode);
  part("mode").setAttribute("aria-pressed", String(gridMode));
  const mine = generation;
  outbox.flush(nameOf());
  const answer = await asked(server.history(base())).catch(() => ({ tasks: [] }));
  if (mine !== generation) return;
  if (answer.error) { say(answer.error, true); return; }
  single.remember(answer.tasks || []);
  if (answer.tasks?.length) say("Welcome back: you go on where you were.");
  refill();
}
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (button && desk) { command(button.dataset.do, button); if (button.dataset.do !== "note") button.blur(); }
});
document.addEventListener("keydown", onKey);
document.addEventListener("change", (event) => {
  if (event.target !== nameField()) return;
  try { localStorage.setItem(NAME, nameField().value); } catch { /* not kept */ }
  if (desk && single && judging !== nameOf())  // others need not wait for what this name held
    server.release({ ...base(), name: judging, held: single.held() }).catch(() => {});
  desk = null;
  start();
});
window.addEventListener("online", () => outbox.flush(nameOf()));
// The name of who signed in comes after the page: what waits under it is sent as soon as it is known.
setInterval(() => { if (desk && outbox.count(nameOf())) outbox.flush(nameOf()); }, 5000);
watch("value", start);
// The value is told before the desk is patched: what is on screen afterwards is what is started.
new MutationObserver(start).observe(element,
  { childList: true, subtree: true, attributes: true, attributeFilter: ["data-set", "data-revision"] });
start();
