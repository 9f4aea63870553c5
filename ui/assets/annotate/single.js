// One pair at a time: the photo is large, a key grades, saves and goes on.
/**
 * @param {object} parts
 * @param {HTMLElement} parts.root
 * @param {ReturnType<typeof makePhotos>} parts.photos
 * @param {JudgingHooks} parts.hooks
 */
function makeSingle({ root, photos, hooks }) {
  /** @param {string} name */
  const part = (name) => /** @type {HTMLElement} */ (root.querySelector(`[data-part=${name}]`));
  /** @type {JudgingTask | null} */
  let current = null;
  /** @type {JudgingTask[]} */
  let queue = [];
  /** @type {JudgedPair[]} */
  let history = [];
  let back = 0;

  /** @param {JudgingTask} task */
  const keyOf = (task) => task.key;
  const held = () => [...queue, ...(current ? [current] : [])].map((task) => task.key);
  /** @param {JudgingTask[]} tasks */
  function take(tasks) {
    const have = new Set(held());
    for (const task of tasks) {
      if (have.has(task.key)) continue;
      photos.load(task.photo);
      photos.load(task.query_photo);
      queue.push(task);
    }
    if (!current && back > 0) current = queue.shift() || null;  // who went back goes on later
    else if (!current) next();
  }
  function next() {
    back = 0;
    current = queue.shift() || null;
    draw(current);
    if (queue.length < 4) hooks.refill();
  }
  /** @param {JudgingTask | null} task */
  function draw(task) {
    root.hidden = !task;
    if (!task) return;
    const past = back > 0 ? history[history.length - back] : null;
    photos.put(part("photo"), task.photo, task.title);
    part("title").textContent = task.title;
    part("type").textContent = task.type;
    part("type").hidden = !task.type;
    part("description").textContent = task.description || "No description.";
    part("query").textContent = task.query;
    part("ask").textContent = askText(task);
    part("query-photo").hidden = !task.query_photo;
    if (task.query_photo) photos.put(part("query-photo"), task.query_photo, "Query picture");
    part("past").hidden = part("on").hidden = !past;
    if (past) part("past").textContent = hooks.standing(past);
    hooks.show(task);
    for (const button of hooks.gradeButtons()) {
      button.setAttribute("aria-pressed", String(past?.kind === "grade" &&
        String(past.grade) === button.dataset.grade));
    }
    root.dataset.key = task.key;
    hooks.clock.start();
  }
  const shown = () => (back > 0 ? history[history.length - back].task : current);
  /** @type {Act} */
  function act(kind, grade, reason) {
    const task = shown();
    if (!task) return;
    const gap = photos.missing([task.photo, task.query_photo]);
    if (gap && (kind === "grade" || (kind === "unsure" && gap === "loading"))) {
      hooks.sayPhoto(task, photoText(gap));
      return;
    }
    const seconds = hooks.clock.seconds();
    // First into the outbox: what is asked for next must name this pair as in hand.
    hooks.send(task, kind, grade, reason, seconds);
    if (kind === "flag") return;
    if (back > 0) {  // a correction: the newest judgment of a pair counts
      Object.assign(history[history.length - back], { kind, grade });
      forward();
      return;
    }
    history.push({ task, kind, grade });
    if (history.length > 200) history.shift();
    next();
  }
  function goBack() {
    if (back >= history.length) { hooks.say("There is nothing before this."); return; }
    back += 1;
    draw(shown());
  }
  function forward() {
    if (back > 0) back -= 1;
    draw(shown());
  }
  /** @param {JudgingTask} task */
  function forget(task) {  // a pair that takes nothing more: there is no going back to it
    const at = back > 0 ? history[history.length - back] : null;
    history = history.filter((one) => one.task.key !== task.key);
    back = at ? history.length - history.indexOf(at) : 0;
    if (at && !history.includes(at)) { back = 0; draw(current); }
  }
  /** @param {JudgingTask} task */
  function reopen(task) {  // after an undo, or when the server refused it
    history = history.filter((one) => one.task.key !== task.key);
    queue = queue.filter((one) => one.key !== task.key);
    if (current && current.key !== task.key) queue.unshift(current);
    back = 0;
    current = task;
    draw(current);
  }
  return {
    take, act, goBack, forward, forget, reopen, held, shown, keyOf,
    /** @param {JudgedPair[]} entries */
    remember: (entries) => { history = entries; },
    isEmpty: () => !current && !queue.length,
    reset: () => { queue = []; current = null; history = []; back = 0; root.hidden = true; },
    show: () => draw(shown()),
    // Asks for broken photos of the pair on screen again; tells whether there were any.
    retry() {
      const task = shown();
      if (!task || photos.missing([task.photo, task.query_photo]) !== "broken") return false;
      draw(task);
      return true;
    },
  };
}
// Read by the tests under node; a page has no `module`.
if (typeof module !== "undefined") module.exports = { makeSingle };
