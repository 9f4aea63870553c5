// One query, many items: arrow keys move, a digit grades and goes on to the next ungraded item.
function makeGrid({ root, hooks }) {
  const cells = root.querySelector("[data-part=cells]");
  let tasks = [], marks = new Map(), focus = 0, since = 0;

  function take(dealt) {
    tasks = dealt;
    marks = new Map();
    focus = 0;
    since = performance.now();
    root.hidden = !tasks.length;
    if (!tasks.length) return;
    root.querySelector("[data-part=query]").textContent = tasks[0].query;
    const picture = root.querySelector("[data-part=query-photo]");
    picture.hidden = !tasks[0].query_photo;
    picture.replaceChildren();
    if (tasks[0].query_photo) picture.append(Object.assign(new Image(),
      { src: tasks[0].query_photo, alt: "Query picture" }));
    cells.replaceChildren(...tasks.map(cell));
    draw();
  }
  function cell(task, index) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "vs-cell";
    button.dataset.index = index;
    const title = Object.assign(document.createElement("span"),
      { className: "vs-cell-title", textContent: task.title });
    const mark = Object.assign(document.createElement("span"), { className: "vs-cell-mark" });
    button.append(Object.assign(new Image(), { src: task.thumb, alt: "" }), title, mark);
    return button;
  }
  function draw() {
    [...cells.children].forEach((button, index) => {
      const mark = marks.get(tasks[index].key);
      button.classList.toggle("vs-cell-focus", index === focus);
      button.classList.toggle("vs-cell-done", mark !== undefined);
      button.querySelector(".vs-cell-mark").textContent = mark === undefined ? "" : mark;
      button.setAttribute("aria-label",
        `${tasks[index].title}, ${mark === undefined ? "not judged" : `judged ${mark}`}`);
    });
    const left = tasks.length - marks.size;
    root.querySelector("[data-part=left]").textContent = left
      ? `${left} of ${tasks.length} to judge` : "All judged. Enter goes on to the next items.";
    root.querySelector("[data-part=next]").disabled = left > 0;
    const focused = cells.children[focus];
    if (focused) focused.scrollIntoView({ block: "nearest" });
    root.dataset.key = tasks[focus] ? tasks[focus].key : "";
    if (tasks[focus]) hooks.show(tasks[focus]);
  }
  const columns = () => {
    const first = cells.children[0];
    return first ? Math.max(1, [...cells.children].filter((one) =>
      one.offsetTop === first.offsetTop).length) : 1;
  };
  function move(key) {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns(), ArrowDown: columns() }[key];
    focus = Math.min(Math.max(focus + step, 0), tasks.length - 1);
    draw();
  }
  function act(kind, grade, reason) {
    const task = tasks[focus];
    if (!task) return;
    hooks.send(task, kind, grade, reason, (performance.now() - since) / 1000);
    since = performance.now();
    if (kind === "flag") return;
    marks.set(task.key, kind === "grade" ? hooks.nameOf(grade) : kind === "skip" ? "later" : "can’t tell");
    const open = tasks.findIndex((one, index) => index > focus && !marks.has(one.key));
    const any = tasks.findIndex((one) => !marks.has(one.key));
    focus = open >= 0 ? open : any >= 0 ? any : focus;
    draw();
  }
  function reopen(key) {
    marks.delete(key);
    const index = tasks.findIndex((task) => task.key === key);
    if (index >= 0) focus = index;
    draw();
    return index >= 0;
  }
  cells.addEventListener("click", (event) => {
    const button = event.target.closest("[data-index]");
    if (button) { focus = Number(button.dataset.index); draw(); }
  });
  return {
    take, move, act, reopen,
    shown: () => tasks[focus] || null,
    isDone: () => marks.size === tasks.length,
    hide: () => { root.hidden = true; tasks = []; },
  };
}
// Read by the tests under node; a page has no `module`.
if (typeof module !== "undefined") module.exports = { makeGrid };
