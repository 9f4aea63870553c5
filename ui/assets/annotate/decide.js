// Deciding pairs: a digit or button chooses the grade, a reason stores both and goes on.
/** @param {Element} item */
const whyOf = (item) => /** @type {HTMLElement} */ (item.querySelector("[data-why]"));
/** @returns {HTMLElement[]} */
const casesHere = () => [...element.querySelectorAll(".vs-case")];
/** @returns {HTMLElement | null} */
const currentCase = () => element.querySelector(".vs-case-on");
/** @param {HTMLElement | undefined} item */
function goTo(item) {
  if (!item) return;
  currentCase()?.classList.remove("vs-case-on");
  item.classList.add("vs-case-on");
  item.focus({ preventScroll: true });
  item.scrollIntoView({ block: "nearest" });
}
/**
 * @param {HTMLElement} item
 * @param {HTMLElement | null} button The grade; none to choose anew.
 */
function choose(item, button) {
  for (const other of /** @type {NodeListOf<HTMLElement>} */ (item.querySelectorAll("[data-decide]")))
    other.setAttribute("aria-pressed", String(other === button));
  item.dataset.grade = button?.dataset.decide || "";
  whyOf(item).hidden = !button;
}
/**
 * @param {any} item
 * @param {string} why
 */
async function decide(item, why) {
  const list = element.querySelector("[data-cases]"), note = item.querySelector("[role=status]");
  /** @type {HTMLInputElement | null} */
  const name = document.querySelector("#annotate-name input, #annotate-name textarea");
  const decision = JSON.stringify([item.dataset.grade, why]);
  if (item.dataset.decision !== decision) {  // sent again after no answer, it keeps its id
    item.dataset.decision = decision;
    item.dataset.event = [...crypto.getRandomValues(new Uint8Array(16))]
      .map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  const answer = (await server.decide({
    set: list.dataset.set, catalog: list.dataset.catalog, name: name ? name.value : "local",
    query_id: item.dataset.query, item_id: item.dataset.item, grade: Number(item.dataset.grade),
    why, event_id: item.dataset.event,
  }).catch(() => null)) || { error: window.vs.signIn
    ? "Not decided: you are signed out. Sign in again, then decide once more."
    : "Not decided: the studio does not answer. Try again." };
  note.textContent = answer.error || "Decided.";
  note.classList.toggle("vs-down", Boolean(answer.error));
  if (answer.error) return;
  delete item.dataset.decision;  // a second decision is a new one
  whyOf(item).hidden = true;
  const pressed = item.querySelector('[data-decide][aria-pressed="true"]'), line = item.querySelector("[data-decision]");
  line.hidden = false;
  line.textContent = `Decided: ${pressed.dataset.decide} ${pressed.dataset.name}, ${why}`;
  const count = element.querySelector("[data-open]");
  if (count && item.dataset.decided === undefined) count.textContent = String(Number(count.textContent) - 1);
  if (item.dataset.decided === undefined) item.dataset.decidedHere = "";
  item.dataset.decided = "";
  const all = casesHere();
  goTo(all.slice(all.indexOf(item)).find((one) => one.dataset.decided === undefined) || item);
}
/**
 * Cases that were decided on this page have gone behind all open ones: the next page begins as many earlier.
 * @param {"before" | "next"} way
 */
async function turn(way) {
  const list = element.querySelector("[data-cases]"), button = element.querySelector(`[data-page=${way}]`);
  if (!list || !button || button.disabled) return;
  const gone = way === "next" ? element.querySelectorAll("[data-decided-here]").length : 0;
  const answer = await server.cases({ set: list.dataset.set, catalog: list.dataset.catalog,
    first: Number(button.dataset.first) - gone }).catch(() => null);
  if (!answer || answer.error) {
    const said = element.querySelector(".vs-case [role=status]");
    if (said) said.textContent = answer?.error || "The studio does not answer. Try again.";
    return;
  }
  list.outerHTML = answer.html;
  goTo(casesHere()[0]);
}
element.addEventListener("click", (/** @type {any} */ event) => {
  const to = event.target.closest("[data-page]"), item = event.target.closest(".vs-case");
  if (to) { turn(to.dataset.page); return; }
  if (!item) return;
  if (item !== currentCase()) goTo(item);
  const button = event.target.closest("[data-decide]"), reason = event.target.closest("[data-reason]");
  if (button) { choose(item, button); button.blur(); item.focus({ preventScroll: true }); }
  else if (reason) decide(item, reason.dataset.reason);
});
/**
 * @param {HTMLElement} item
 * @param {string} key
 * @returns {boolean} Whether the key was for this case.
 */
function caseKey(item, key) {
  const why = whyOf(item);
  if (/^[0-9]$/.test(key)) {
    if (!why.hidden) /** @type {HTMLElement | undefined} */ (why.querySelectorAll("[data-reason]")[Number(key) - 1])?.click();
    else {
      /** @type {HTMLElement | null} */
      const button = item.querySelector(`[data-decide="${key}"]`);
      if (button) choose(item, button);
    }
  } else if (key === "w" && !why.hidden) why.querySelector("input")?.focus();
  else if (key === "escape" && !why.hidden) choose(item, null);
  else if (key === "d") { const more = item.querySelector("details"); if (more) more.open = !more.open; }
  else return false;
  return true;
}
document.addEventListener("keydown", (event) => {
  if (!element.isConnected || !element.offsetParent) return;
  const item = currentCase(), key = event.key.toLowerCase();
  const field = item && whyOf(item).querySelector("input");
  if (item && field && event.target === field) {
    if (key === "escape") { field.blur(); item.focus(); }
    if (key === "enter" && field.value.trim()) decide(item, field.value.trim());
    if (["escape", "enter"].includes(key)) event.preventDefault();
    return;
  }
  if (window.vs.isTyping(event)) return;
  const all = casesHere(), at = item ? all.indexOf(item) : -1;
  if (key === "arrowdown") goTo(all[Math.min(at + 1, all.length - 1)]);
  else if (key === "arrowup") goTo(all[Math.max(at - 1, 0)]);
  else if (key === "arrowleft") turn("before");
  else if (key === "arrowright") turn("next");
  else {
    const one = item || all.find((each) => each.dataset.decided === undefined);
    if (one && !item) goTo(one);
    if (!one || !caseKey(one, key)) return;
  }
  event.preventDefault();
});
