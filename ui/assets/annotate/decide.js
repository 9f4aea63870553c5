// Deciding disagreements: a grade button stores the decision with its reason.
element.addEventListener("click", async (/** @type {any} */ event) => {
  const button = event.target.closest("[data-decide]");
  if (!button) return;
  const list = element.querySelector("[data-cases]"), item = button.closest("[data-query]");
  const why = item.querySelector("input"), note = item.querySelector("[role=status]");
  if (!why.value.trim()) {
    note.textContent = "Say in a few words why: the annotators learn from it.";
    why.focus();
    return;
  }
  /** @type {HTMLInputElement | null} */
  const name = document.querySelector("#annotate-name input, #annotate-name textarea");
  const decision = JSON.stringify([button.dataset.decide, why.value]);
  if (item.dataset.decision !== decision) {  // sent again after no answer, it keeps its id
    item.dataset.decision = decision;
    item.dataset.event = [...crypto.getRandomValues(new Uint8Array(16))]
      .map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  const answer = (await server.decide({
    set: list.dataset.set, catalog: list.dataset.catalog, name: name ? name.value : "local",
    query_id: item.dataset.query, item_id: item.dataset.item, grade: Number(button.dataset.decide),
    why: why.value, event_id: item.dataset.event,
  }).catch(() => null)) || { error: window.vs.signIn
    ? "Not decided: you are signed out. Sign in again, then decide once more."
    : "Not decided: the studio does not answer. Try again." };
  note.textContent = answer.error || "Decided.";
  note.classList.toggle("vs-down", Boolean(answer.error));
  if (answer.error) return;
  delete item.dataset.decision;  // a second decision is a new one
  for (const other of item.querySelectorAll("[data-decide]"))
    other.setAttribute("aria-pressed", String(other === button));
});
