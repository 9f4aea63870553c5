// One query, many items: arrow keys move, a digit grades and goes on to the next ungraded item.
/**
 * @param {object} parts
 * @param {HTMLElement} parts.root
 * @param {Pick<JudgingHooks, "send" | "show" | "sayPhoto" | "nameOf" | "clock">} parts.hooks
 */
function makeGrid({ root, hooks }) {
  /** @param {string} name */
  const part = (name) => /** @type {HTMLElement} */ (root.querySelector(`[data-part=${name}]`));
  const cells = part("cells");
  const buttons = () => /** @type {HTMLElement[]} */ ([...cells.children]);
  /** @type {JudgingTask[]} */
  let tasks = [];
  /** @type {Map<string, string>} */
  let marks = new Map();  // by task key, what the mark says
  let focus = 0;

  /** @param {JudgingTask[]} dealt */
  function take(dealt) {
    tasks = dealt;
    marks = new Map();
    focus = 0;
    hooks.clock.start();
    root.hidden = !tasks.length;
    if (!tasks.length) return;
    part("query").textContent = tasks[0].query;
    const picture = part("query-photo");
    picture.hidden = !tasks[0].query_photo;
    picture.replaceChildren();
    if (tasks[0].query_photo) picture.append(Object.assign(new Image(),
      { src: tasks[0].query_photo, alt: "Query picture" }));
    cells.replaceChildren(...tasks.map(cell));
    draw();
  }
  /**
   * @param {JudgingTask} task
   * @param {number} index
   */
  function cell(task, index) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "vs-cell";
    button.dataset.index = String(index);
    const title = Object.assign(document.createElement("span"),
      { className: "vs-cell-title", textContent: task.title });
    const mark = Object.assign(document.createElement("span"), { className: "vs-cell-mark" });
    button.append(Object.assign(new Image(), { src: task.thumb, alt: "" }), title, mark);
    return button;
  }
  function draw() {
    buttons().forEach((button, index) => {
      const mark = marks.get(tasks[index].key);
      button.classList.toggle("vs-cell-focus", index === focus);
      button.classList.toggle("vs-cell-done", mark !== undefined);
      const line = button.querySelector(".vs-cell-mark");
      if (line) line.textContent = mark === undefined ? "" : mark;
      button.setAttribute("aria-label",
        `${tasks[index].title}, ${mark === undefined ? "not judged" : `judged ${mark}`}`);
    });
    const left = tasks.length - marks.size;
    part("left").textContent = left
      ? `${left} of ${tasks.length} to judge` : "All judged. Enter goes on to the next items.";
    /** @type {HTMLButtonElement} */ (part("next")).disabled = left > 0;
    const focused = cells.children[focus];
    if (focused) focused.scrollIntoView({ block: "nearest" });
    root.dataset.key = tasks[focus] ? tasks[focus].key : "";
    if (tasks[focus]) hooks.show(tasks[focus]);
  }
  const columns = () => {
    const [first] = buttons();
    return first ? buttons().filter((one) => one.offsetTop === first.offsetTop).length : 1;
  };
  /** @param {string} key */
  function move(key) {
    /** @type {Record<string, number>} */
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns(), ArrowDown: columns() };
    focus = Math.min(Math.max(focus + (steps[key] ?? 0), 0), tasks.length - 1);
    draw();
  }
  /** @type {Act} */
  function act(kind, grade, reason) {
    const task = tasks[focus];
    if (!task) return;
    const image = /** @type {HTMLImageElement | null} */ (buttons()[focus].querySelector("img"));
    const gap = !image?.src ? "" : !image.complete ? "loading" : image.naturalWidth ? "" : "broken";
    if (gap && (kind === "grade" || (kind === "unsure" && gap === "loading"))) {
      hooks.sayPhoto(task, photoText(gap));
      if (gap === "broken" && image) image.src = `${image.src}`;  // asked for again
      return;
    }
    hooks.send(task, kind, grade, reason, hooks.clock.seconds());
    hooks.clock.start();
    if (kind === "flag") return;
    marks.set(task.key, kind === "grade" ? hooks.nameOf(grade) : kind === "skip" ? "later" : "can’t tell");
    const open = tasks.findIndex((one, index) => index > focus && !marks.has(one.key));
    const any = tasks.findIndex((one) => !marks.has(one.key));
    focus = open >= 0 ? open : any >= 0 ? any : focus;
    draw();
  }
  /** @param {string} key */
  function reopen(key) {
    marks.delete(key);
    const index = tasks.findIndex((task) => task.key === key);
    if (index >= 0) focus = index;
    draw();
    return index >= 0;
  }
  cells.addEventListener("click", (event) => {
    const over = /** @type {HTMLElement} */ (event.target);
    /** @type {HTMLElement | null} */
    const button = over.closest("[data-index]");
    if (!button) return;
    focus = Number(button.dataset.index);
    draw();
    if (event.detail) button.blur();  // else Enter presses this cell instead of going on
  });
  return {
    take, move, act, reopen,
    shown: () => tasks[focus] || null,
    held: () => tasks.filter((task) => !marks.has(task.key)).map((task) => task.key),
    isDone: () => marks.size === tasks.length,
    hide: () => { root.hidden = true; tasks = []; },
  };
}
// Read by the tests under node; a page has no `module`.
if (typeof module !== "undefined") module.exports = { makeGrid };
