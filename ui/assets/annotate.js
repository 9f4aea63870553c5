// The judging desk. Pairs wait in a queue with their photos already loaded, so a key press shows the
// next one at once; the event is sent behind it and counts as saved only when the server says so.
// If an event can't be saved, its pair comes back and the reason is shown.
let desk = null, queue = [], current = null, shownAt = 0, loading = false, ended = false, generation = 0;
const saving = new Map();
const nameOf = () => (document.querySelector("#annotate-name input, #annotate-name textarea") || {}).value || "local";
const part = (name) => desk.querySelector(".vs-desk-" + name);
const base = () => ({ set: desk.dataset.set, catalog: desk.dataset.catalog, name: nameOf() });

function status(text, bad) {
  const line = part("status");
  line.textContent = text || "";
  line.classList.toggle("vs-down", Boolean(bad));
}
function progress(p) {
  if (!p) return;
  const share = p.total ? Math.round((100 * p.done) / p.total) : 0;
  desk.querySelector(".vs-bar > span").style.width = share + "%";
  part("progress").textContent = `${p.done} of ${p.total} judged` +
    (p.skipped ? ` · ${p.skipped} for later` : "") + (p.per_minute ? ` · ${p.per_minute} a minute` : "");
}
function preload(pair) { const image = new Image(); image.src = pair.photo; if (pair.query_photo) new Image().src = pair.query_photo; }

async function refill() {
  if (loading || ended) return;
  loading = true;
  const mine = generation;
  const held = [...queue, ...saving.values(), ...(current ? [current] : [])].map((pair) => pair.key);
  try {
    const answer = await server.next_pairs({ ...base(), held });
    if (mine !== generation) return;
    if (answer.error) { status(answer.error, true); return; }
    progress(answer.progress);
    answer.pairs.forEach(preload);
    queue.push(...answer.pairs);
    if (!answer.pairs.length && !saving.size) ended = true;
  } catch (problem) {
    if (mine === generation) status("The studio can't be reached; nothing is lost. Trying again …", true);
    setTimeout(refill, 2000);
  } finally { loading = false; }
  if (mine === generation && !current) show();
}
function show() {
  current = queue.shift() || null;
  part("main").hidden = !current;
  part("end").hidden = Boolean(current) || !ended;
  if (!current) {
    if (ended) part("end").innerHTML = "<p><strong>All pairs of this set are judged.</strong></p><p>Export the labels below, or start another set.</p>";
    else refill();
    return;
  }
  part("photo").src = current.photo;
  part("photo").alt = current.title;
  part("title").textContent = current.title;
  part("type").textContent = current.type;
  part("type").hidden = !current.type;
  part("description").textContent = current.description || "No description.";
  part("query").textContent = current.query;
  part("ask").textContent = current.query_photo ? "How similar is it to this item?" : "Query";
  part("query-photo").hidden = !current.query_photo;
  if (current.query_photo) part("query-photo").src = current.query_photo;
  desk.classList.remove("vs-zoomed");
  desk.dataset.key = current.key;
  shownAt = performance.now();
  if (queue.length < 3) refill();
}
async function send(pair, kind, grade, seconds) {
  const mine = generation;
  saving.set(pair.key, pair);
  try {
    const answer = await server.judge({ ...base(), query_id: pair.query_id, item_id: pair.item_id, kind, grade, seconds });
    if (mine !== generation) return;
    if (answer.error) throw new Error(answer.error);
    progress(answer.progress);
    status("Saved.");
  } catch (problem) {
    if (mine !== generation) return;
    queue.unshift(pair);
    status("Not saved: " + (problem.message || "the studio can't be reached") + " The pair comes again.", true);
  } finally { saving.delete(pair.key); }
  if (mine === generation && !current) { ended = false; refill(); }
}
function act(kind, grade) {
  if (!desk) return;
  if (kind === "undo") { undo(); return; }
  if (!current) return;
  const pair = current, seconds = (performance.now() - shownAt) / 1000;
  send(pair, kind, grade, seconds);
  show();
}
async function undo() {
  const mine = generation;
  const answer = await server.undo(base()).catch(() => ({ error: "The studio can't be reached." }));
  if (mine !== generation) return;
  if (answer.error) { status(answer.error, true); return; }
  if (!answer.pair) { status("There is nothing to undo."); return; }
  if (current) queue.unshift(current);
  queue = queue.filter((pair) => pair.key !== answer.pair.key);
  queue.unshift(answer.pair);
  ended = false;
  progress(answer.progress);
  show();
  status("Undone: judge it again.");
}
function start() {
  const found = element.querySelector(".vs-desk");
  if (found === desk && desk) return;
  desk = found; queue = []; current = null; ended = false; loading = false; generation += 1; saving.clear();
  if (desk) { part("main").hidden = true; refill(); }
}
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-kind]");
  if (button) act(button.dataset.kind, button.dataset.grade === undefined ? null : Number(button.dataset.grade));
  else if (event.target.closest(".vs-desk-zoom")) desk.classList.toggle("vs-zoomed");
});
document.addEventListener("keydown", (event) => {
  if (!desk || !desk.isConnected || window.vs.isTyping(event)) return;
  const key = event.key.toLowerCase();
  if (/^[0-3]$/.test(key)) act("grade", Number(key));
  else if (key === "s") act("skip", null);
  else if (key === "u") act("unsure", null);
  else if (key === "z" || key === "backspace") act("undo", null);
  else if (key === "d") { const details = desk.querySelector("figcaption details"); details.open = !details.open; }
  else if (key === "b") desk.classList.toggle("vs-zoomed");
  else return;
  event.preventDefault();
});
document.addEventListener("change", (event) => {
  if (event.target.closest && event.target.closest("#annotate-name")) { desk = null; start(); }
});
watch("value", start);
start();
