// One region at a time: a row shows its own, a second click the chosen one again.
function showRegion(root, number) {
  const rows = [...root.querySelectorAll("tr[data-region]")];
  const pressed = rows.find((row) => row.dataset.region === number);
  const again = pressed && pressed.getAttribute("aria-pressed") === "true";
  const chosen = rows.find((row) => row.querySelector(".vs-chip-accent"));
  const wanted = again ? (chosen && chosen.dataset.region) : number;
  rows.forEach((row) => row.setAttribute("aria-pressed", String(row.dataset.region === wanted)));
  root.querySelectorAll(".vs-region").forEach((region) => region.classList.toggle("vs-on", region.dataset.region === wanted));
}
element.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-region]");
  if (row) showRegion(element, row.dataset.region);
});
element.addEventListener("keydown", (event) => {
  const row = event.target.closest("tr[data-region]");
  if (row && (event.key === "Enter" || event.key === " ")) { event.preventDefault(); showRegion(element, row.dataset.region); }
});
