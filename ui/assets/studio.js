// Shared page script. Kept small: pages carry their own behaviour in their components.
window.vs = {
  /**
   * Keep the address bar a link that reproduces what is on screen.
   * @param {Record<string, any> | null} params
   */
  setQuery(params) {
    const url = new URL(window.location.href);
    url.search = "";
    for (const [name, value] of Object.entries(params || {})) {
      if (value !== "" && value !== null && value !== undefined) url.searchParams.set(name, value);
    }
    window.history.replaceState(null, "", url);
  },
  /**
   * What the elements below `element` that a selector names say.
   * @param {Element} element
   * @param {string} selector
   */
  texts(element, selector) {
    return Array.from(element.querySelectorAll(selector), (each) => each.textContent);
  },
  /**
   * Save a file that the studio has made for this visitor.
   * @param {string} address
   */
  save(address) {
    if (!address) return;
    const link = document.createElement("a");
    link.href = address;
    link.download = "";
    document.body.append(link);
    link.click();
    link.remove();
  },
  /**
   * Bring a part of the page that is about to open into view, its first field or button in focus.
   * @param {string} selector
   */
  bring(selector) {
    window.setTimeout(() => {
      const part = document.querySelector(selector);
      if (!part) return;
      part.scrollIntoView({ block: "nearest" });
      /** @type {HTMLElement | null} */
      const first = part.querySelector("input:not([type=file]), textarea") || part.querySelector("button");
      if (first) first.focus({ preventScroll: true });
    }, 600);
  },
  /**
   * Put a text on the clipboard; false where the browser keeps pages from it.
   * @param {string} text
   */
  async copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch { // not over TLS, or not allowed: the old way
      const field = document.createElement("textarea");
      field.value = text;
      field.style.position = "fixed";
      document.body.append(field);
      field.select();
      const done = document.execCommand("copy");
      field.remove();
      return done;
    }
  },
  /**
   * Keys meant for text fields are not commands.
   * @param {KeyboardEvent} event
   */
  isTyping(event) {
    const el = event.target;
    return event.ctrlKey || event.metaKey || event.altKey || event.repeat ||
      (el instanceof HTMLElement &&
        (el.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName)));
  },
};

// ── Explore and Compare ─────────────────────────────────────────────────────────────────────────
Object.assign(window.vs, {
  /**
   * Show `search` ("?q=…") in the address bar as a new step of the history; Gradio's own __… stay.
   * @param {string} search
   */
  goTo(search) {
    const url = new URL(window.location.href);
    const own = [...url.searchParams].filter(([name]) => name.startsWith("__"));
    url.search = search;
    for (const [name, value] of own) url.searchParams.set(name, value);
    if (url.search !== window.location.search) window.history.pushState(null, "", url);
    window.dispatchEvent(new Event("vs-address"));
  },
  /**
   * Buttons with data-action report to Python; a new value's data-search goes to the address bar.
   * @param {HTMLElement} element
   * @param {(sent: { action: string, value: string }) => void} send
   * @param {(name: string, then: () => void) => void} watch
   */
  actions(element, send, watch) {
    let jump = false;
    element.addEventListener("click", (event) => {
      const button = closest(event, "[data-action]");
      if (!button) return;
      if (button.dataset.sure && !window.confirm(button.dataset.sure)) return;
      if (button.tagName === "A") {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a new tab, as for any link
        event.preventDefault();
      }
      jump = ["similar", "example", "department"].includes(button.dataset.action || "");
      send({ action: button.dataset.action || "", value: button.dataset.value || "" });
    });
    watch("value", () => {
      /** @type {HTMLElement | null} */
      const shown = element.querySelector("[data-search]");
      if (!shown) return;
      window.vs.goTo(shown.dataset.search || "");
      if (jump && element.getBoundingClientRect().top < 0) element.scrollIntoView();
      jump = false;
    });
    if (element.closest("#home, [id$='-results']")) {
      window.addEventListener("popstate", () =>
        send({ action: "restore", value: window.location.search }));
    }
  },
});

// "/" goes to the search field of the page.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || window.vs.isTyping(event)) return;
  /** @type {HTMLInputElement | null} */
  const field = document.querySelector(".vs-search-box input, .vs-search-box textarea, #vs-find [type=search]");
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.select();
});

/**
 * The element around what an event is about; none where that is the document itself.
 * @param {Event} event
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
function closest(event, selector) {
  return event.target instanceof Element ? event.target.closest(selector) : null;
}

/**
 * All elements of the page that a selector names.
 * @param {string} selector
 * @returns {HTMLElement[]}
 */
function elements(selector) {
  return [...document.querySelectorAll(selector)].filter((each) => each instanceof HTMLElement);
}

// On narrow screens the side panel folds behind a button.
document.addEventListener("click", (event) => {
  const button = closest(event, "[data-toggle]");
  const panel = button && document.getElementById(button.dataset.toggle || "");
  if (panel) unfold(panel, !panel.classList.contains("vs-open"));
});

/**
 * @param {HTMLElement} panel
 * @param {boolean} open
 */
function unfold(panel, open) {
  panel.classList.toggle("vs-open", open);
  for (const button of elements(`[data-toggle="${panel.id}"]`)) button.setAttribute("aria-expanded", String(open));
}

// Where the panel lies above the results, a picture that is searched with closes it and shows them.
function showResults() {
  const panel = document.querySelector(".vs-side.vs-open"), results = document.querySelector(".vs-main");
  if (!(panel instanceof HTMLElement) || !results) return;
  unfold(panel, false);
  window.setTimeout(() => results.scrollIntoView({ block: "start" }), 50);
}
document.addEventListener("click", (event) => { if (closest(event, ".vs-side [data-action=example]")) showResults(); });
document.addEventListener("change", (event) => { if (closest(event, ".vs-side .vs-picture-input")) showResults(); });

// A picture pasted or dropped anywhere on the page goes to its picture field.
for (const kind of ["paste", "drop"]) {
  document.addEventListener(kind, (/** @type {any} */ event) => {
    /** @type {HTMLInputElement | null} */
    const input = document.querySelector(".vs-picture-input input[type=file]");
    const data = event.clipboardData || event.dataTransfer;
    const file = data && [...data.files].find((one) => one.type.startsWith("image/"));
    if (!input || !file || closest(event, ".vs-picture-input")) return;
    event.preventDefault();
    const files = new DataTransfer();
    files.items.add(file);
    input.files = files.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}
document.addEventListener("dragover", (event) => {
  if (document.querySelector(".vs-picture-input")) event.preventDefault();
});

// "Copy link": the address of the list that the button belongs to.
document.addEventListener("click", async (event) => {
  const button = closest(event, "[data-copy-link]");
  if (!button) return;
  /** @type {HTMLElement | null} */
  const list = button.closest("[data-search]");
  const status = button.parentElement?.querySelector("[role=status]");
  if (!list || !status) return;
  const done = await window.vs.copy(new URL(list.dataset.search || "", window.location.href).href);
  status.textContent = done ? "The link is copied." : "The link could not be copied.";
  button.textContent = done ? "Copied" : "Copy it from the address bar";
  window.setTimeout(() => {
    button.textContent = "Copy link";
    status.textContent = "";
  }, 2500);
});

// Compare: the same item in every column lights up on hover and focus; a click keeps it marked.
for (const kind of ["mouseover", "focusin"]) {
  document.addEventListener(kind, (event) => {
    const row = closest(event, ".vs-row[data-item]");
    for (const other of elements(".vs-row[data-item]")) {
      other.classList.toggle("vs-same", row !== null && other.dataset.item === row.dataset.item);
    }
  });
}
document.addEventListener("click", (event) => {
  const button = closest(event, "[data-mark]");
  if (!button) return;
  const marked = button.getAttribute("aria-pressed") !== "true";
  for (const other of elements("[data-mark]")) {
    const on = marked && other.dataset.mark === button.dataset.mark;
    other.setAttribute("aria-pressed", String(on));
    other.closest(".vs-row")?.classList.toggle("vs-marked", on);
  }
  if (marked && !button.closest(".vs-row")) {
    const row = document.querySelector(".vs-column.vs-shown .vs-row.vs-marked") || document.querySelector(".vs-row.vs-marked");
    const hidden = row?.closest(".vs-column:not(.vs-shown)");
    if (hidden instanceof HTMLElement) showColumn(hidden);
    row?.scrollIntoView({ block: "center" });
  }
});

// On a phone Compare shows one engine at a time.
/** @param {HTMLElement} shown */
function showColumn(shown) {
  elements(".vs-columns > .vs-column").forEach((column, index) => {
    column.classList.toggle("vs-shown", column === shown);
    document.querySelector(`[data-column="${index}"]`)?.setAttribute("aria-pressed", String(column === shown));
  });
}
document.addEventListener("click", (event) => {
  const button = closest(event, "[data-column]");
  if (button) showColumn(elements(".vs-columns > .vs-column")[Number(button.dataset.column)]);
});
