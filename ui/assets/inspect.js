// Detections of one photo. All of this works on what is already on the page: no model, no server,
// except the heat map, which is asked for once and kept.
const pane = element;
/** @returns {HTMLElement[]} */
const rowsOf = () => [...pane.querySelectorAll("tr[data-region]")];
/** @param {string} number */
const regionOf = (number) => pane.querySelector(`.vs-region[data-region="${number}"]`);
/** @type {string | null} */
let alone = null;  // the region that is shown without the others

function filter() {
  const start = performance.now();
  const tau = pane.querySelector("#vs-tau"), least = pane.querySelector("#vs-area");
  if (!tau) return;
  const score = Number(tau.value), area = Number(least.value), rows = rowsOf();
  pane.querySelector("#vs-tau-value").textContent = score.toFixed(2);
  pane.querySelector("#vs-area-value").textContent = `${area} %`;
  const chosen = pane.querySelector("table.vs-regions").dataset.chosen;
  const passing = rows.filter((row) => Number(row.dataset.score) >= score && Number(row.dataset.area) >= area);
  // The rule: the surest region at or above the threshold, unless a person chose.
  const first = rows.filter((row) => Number(row.dataset.score) >= score)
    .sort((a, b) => Number(b.dataset.score) - Number(a.dataset.score))[0];
  const crop = chosen ? chosen : first ? first.dataset.region : "0";
  if (alone && !passing.some((row) => row.dataset.region === alone)) alone = null;
  rows.forEach((row) => {
    const passes = passing.includes(row), number = row.dataset.region || "";
    row.classList.toggle("vs-out", !passes);
    row.classList.toggle("vs-is-crop", number === crop);
    row.querySelector(".vs-number")?.setAttribute("aria-pressed", String(number === alone));
    const region = regionOf(number);
    region.classList.toggle("vs-on", alone ? number === alone : passes);
    region.classList.toggle("vs-is-crop", number === crop);
  });
  const line = pane.querySelector("#vs-filtered"), moved = tau.value !== tau.dataset.set || area > 0;
  const cut = crop === "0" ? "the whole photo would be kept" : `region ${crop} would be the crop`;
  line.textContent = moved && !chosen ? `${passing.length} of ${rows.length} regions pass; ${cut}.` : moved ? `${passing.length} of ${rows.length} regions pass.` : "";
  pane.querySelector("#vs-filter-reset").hidden = !moved;
  pane.dataset.filterMs = (performance.now() - start).toFixed(2);
}
/** @param {string} number */
function pick(number) { alone = alone === number ? null : number; filter(); }

/** @param {HTMLElement} button */
async function heat(button) {
  const stage = pane.querySelector(".vs-stage"), line = pane.querySelector("#vs-heat-line");
  let overlay = stage.querySelector(".vs-heat");
  if (!overlay) {
    line.textContent = "Looking …";
    try {
      const answer = await server.heat({ item: stage.dataset.item, catalog: stage.dataset.catalog, phrase: stage.dataset.phrase });
      if (!stage.isConnected) return;
      line.textContent = answer.error || answer.legend;
      if (answer.error) return;
      overlay = Object.assign(new Image(), { className: "vs-heat", src: answer.picture, alt: "", hidden: true });
      stage.querySelector("img").after(overlay);
    } catch { line.textContent = "The studio can't be reached. Try again."; return; }
  }
  overlay.hidden = !overlay.hidden;
  line.hidden = overlay.hidden;
  button.setAttribute("aria-pressed", String(!overlay.hidden));
}

// Another photo of the item lies over the stage; regions, drawing and heat are of the first one.
/** @param {HTMLElement} button */
function look(button) {
  const stage = pane.querySelector(".vs-stage"), other = stage.querySelector(".vs-other");
  const address = button.dataset.look, first = address === "";
  other.hidden = first;
  if (first) other.removeAttribute("src");
  else { other.src = address; other.alt = button.ariaLabel; }
  stage.classList.toggle("vs-looking", !first);
  pane.querySelectorAll("[data-look]").forEach((/** @type {HTMLElement} */ each) => {
    each.setAttribute("aria-pressed", String(each.dataset.look === address));
  });
  const line = pane.querySelector("#vs-look-line");
  if (line) line.textContent = first ? "" : "Boxes and masks are of the first photo, which the engines read.";
  if (button.closest(".vs-variants")) stage.scrollIntoView({ block: "nearest" });
}

pane.addEventListener("input", (/** @type {any} */ event) => { if (event.target.matches("#vs-tau, #vs-area")) filter(); });
pane.addEventListener("click", (/** @type {any} */ event) => {
  const target = event.target;
  const action = target.closest("[data-action]");
  if (action) {
    const from = action.dataset.from && pane.querySelector(action.dataset.from);
    trigger("pick", { action: action.dataset.action, value: (from ? from.value : action.dataset.value) || "" });
    return;
  }
  if (target.closest("a, input, label, summary")) return;
  const layer = target.closest("[data-layer]");
  if (layer) {
    const off = pane.querySelector(".vs-stage").classList.toggle(`vs-no-${layer.dataset.layer}`);
    layer.setAttribute("aria-pressed", String(!off));
  } else if (target.closest("[data-look]")) look(target.closest("[data-look]"));
  else if (target.closest("[data-heat]")) heat(target.closest("[data-heat]"));
  else if (target.closest("#vs-filter-reset")) {
    const tau = pane.querySelector("#vs-tau");
    tau.value = tau.dataset.set;
    pane.querySelector("#vs-area").value = 0;
    filter();
  } else if (target.closest("[data-forget]")) forget();
  else if (target.closest("[data-region]")) pick(target.closest("[data-region]").dataset.region);
});
pane.addEventListener("keydown", (/** @type {any} */ event) => {
  if (event.key === "Enter" && event.target.matches(".vs-find")) {
    event.preventDefault();
    trigger("pick", { action: "find", value: event.target.value });
  }
});

// A drawn box waits for what to do with it.
function forget() {
  pane.querySelectorAll(".vs-band").forEach((/** @type {Element} */ band) => { band.remove(); });
  const bar = pane.querySelector("#vs-drawn");
  if (bar) bar.hidden = true;
}
window.vs.drawing(pane, (/** @type {string} */ value) => {
  const bar = pane.querySelector("#vs-drawn");
  if (!bar) return;
  bar.hidden = false;
  bar.querySelector("[data-action]").dataset.value = value;
  const link = bar.querySelector("a");
  link.href = `${link.dataset.base}&region=${value}`;
  bar.querySelector("span").textContent = `Box ${value.split(",").slice(2).join(" × ")}:`;
  bar.querySelector("button").focus();
});
watch("value", () => {
  alone = null;
  filter();
  const shown = pane.querySelector("[data-search]");
  if (shown) window.vs.goTo(shown.dataset.search);
});
filter();
