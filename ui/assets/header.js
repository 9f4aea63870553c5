// The header of every page: wordmark, catalogue, pages, who one is. It stands before Gradio draws
// anything, so that nothing moves when it does; every link carries the catalogue in use.
(() => {
  /** @type {{ default: string, catalogs: { name: string, title: string }[] }} */
  let shown = { default: "", catalogs: [] };
  /** @type {{ pages: PageLink[], signsOut: boolean }} */
  const facts = window.vsFacts || { pages: [], signsOut: false };
  // What of a link means the same on another catalogue.
  const KEPT = ["q", "minus", "engine", "words", "cutoff", "fold", "same-type", "varied"];
  const LOCAL = "local", NAME = "vs-name";
  const OWN_FIELD = ["/explore", "/compare"];
  const MARK = '<svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" d="M3 8V5a2 2 0 0 1 2-2h3M16 3h3a2 2 0 0 1 2 2v3M21 16v3a2 2 0 0 1-2 2h-3M8 21H5a2 2 0 0 1-2-2v-3"/><circle cx="12" cy="12" r="4.2" fill="currentColor"/></svg>';
  const GLASS = '<svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true"><path fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" d="M16 16l5 5M3 10.5a7.5 7.5 0 1 0 15 0a7.5 7.5 0 1 0-15 0"/></svg>';

  function current() {
    const named = new URLSearchParams(window.location.search).get("catalog");
    return named || shown.default;
  }

  // Stay on the page, with the words that were asked for, on another catalogue.
  /** @param {string} name */
  function go(name) {
    const url = new URL(window.location.href);
    const kept = [...url.searchParams].filter(([key]) => KEPT.includes(key) || key.startsWith("__"));
    url.search = new URLSearchParams([...kept, ["catalog", name]]).toString();
    window.location.assign(url);
  }

  // For a page with a list of its own: header, links and address follow it.
  /** @param {string} name */
  function use(name) {
    if (name) {
      const url = new URL(window.location.href);
      url.searchParams.set("catalog", name);
      window.history.replaceState(window.history.state, "", url);
      mark();
    }
    return name;
  }

  /**
   * @param {string} tag
   * @param {Record<string, string>} attributes
   * @param {(Node | string)[]} inside
   */
  function make(tag, attributes = {}, ...inside) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...inside);
    return element;
  }

  const here = () => window.location.pathname.replace(/\/+$/, "") || "/";

  function draw() {
    const mark = make("a", { class: "vs-wordmark", href: "/" }, make("span", {}, "VL-CLIP Studio"));
    mark.insertAdjacentHTML("afterbegin", MARK);
    const select = make("select", { "aria-label": "Catalogue" });
    select.addEventListener("change", () => { if (select instanceof HTMLSelectElement) go(select.value); });
    const row = make("div", { class: "vs-page-row" }, ...facts.pages.filter((page) => !page.is_more).map(pageLink));
    const nav = make("nav", { "aria-label": "Pages" }, row, ...morePages());
    const skip = make("a", { class: "vs-skip", href: "#" }, "Skip to the page");
    skip.addEventListener("click", (event) => {
      event.preventDefault();
      const target = document.querySelector("h1");
      if (!(target instanceof HTMLElement)) return;
      target.tabIndex = -1;
      target.focus();
    });
    const header = make("header", { id: "vs-header" }, skip, mark,
      make("label", { id: "vs-switcher" }, select), make("div", { class: "vs-pages" }, nav), ...find(), who());
    document.body.prepend(header);
  }

  /** @param {PageLink} page */
  function pageLink({ title, path, purpose }) {
    const link = make("a", { href: path, title: purpose }, title);
    if (path === here()) link.setAttribute("aria-current", "page");
    return link;
  }

  // The pages that a first visitor does not need, each with what it is for.
  function morePages() {
    const pages = facts.pages.filter((page) => page.is_more);
    if (!pages.length) return [];
    const shown = pages.find(({ path }) => path === here());
    const summary = make("summary", {}, ...(shown ? [
      make("span", { class: "vs-unseen" }, "More pages, now "), make("span", { class: "vs-more-now" }, shown.title),
      make("span", { class: "vs-more-short", "aria-hidden": "true" }, "More"),
    ] : ["More"]));
    if (shown) summary.setAttribute("aria-current", "true");
    const links = pages.map((page) => {
      const link = pageLink(page);
      link.removeAttribute("title");
      link.append(make("span", {}, page.purpose));
      return link;
    });
    return [closable(make("details", { class: "vs-more-pages" }, summary, make("div", {}, ...links)))];
  }

  // A panel below its button goes away by a press beside it and by Escape.
  /** @param {HTMLElement} panel */
  function closable(panel) {
    document.addEventListener("click", (event) => {
      if (event.target instanceof Node && !panel.contains(event.target)) panel.removeAttribute("open");
    });
    panel.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !panel.hasAttribute("open")) return;
      panel.removeAttribute("open");
      panel.querySelector("summary")?.focus();
    });
    return panel;
  }

  // A field for words on every page that does not begin with one.
  function find() {
    if (OWN_FIELD.includes(here())) return [];
    const field = make("input", { name: "q", type: "search", maxlength: "300", autocomplete: "off",
      placeholder: "Search", "aria-label": "Search the catalogue" });
    const catalog = make("input", { type: "hidden", name: "catalog" });
    const form = make("form", { id: "vs-find", role: "search", action: "/explore" }, field, catalog);
    form.insertAdjacentHTML("afterbegin", GLASS);
    return [form];
  }

  // Who is signed in, with a way out; else the name that judgments and corrections are kept under.
  function who() {
    const name = window.gradio_config?.username;
    if (!name) return namePanel();
    // A form: signing out is a POST, so that no link of another site does it.
    const form = make("form", { id: "vs-sign-out", method: "post", action: "/logout" },
      make("span", { title: name }, name));
    if (facts.signsOut)
      form.append(make("button", { title: "Ends your sign-in in all browsers" }, "Sign out"));
    return form;
  }

  function keptName() {
    try { return localStorage.getItem(NAME) || LOCAL; } catch { return LOCAL; }
  }

  function namePanel() {
    const field = /** @type {HTMLInputElement} */ (make("input",
      { id: "vs-your-name", maxlength: "60", autocomplete: "nickname", value: keptName() }));
    const initial = make("span", { class: "vs-initial", "aria-hidden": "true" });
    const summary = make("summary", {}, initial, make("span", { class: "vs-who-name" }));
    const show = () => {
      const name = keptName();
      initial.textContent = name.slice(0, 1).toUpperCase();
      summary.setAttribute("aria-label", `You: ${name}. Change your name`);
      const text = summary.querySelector(".vs-who-name");
      if (text) text.textContent = name === LOCAL ? "You" : name;
    };
    field.addEventListener("change", () => {
      try { localStorage.setItem(NAME, field.value.trim() || LOCAL); } catch { /* not kept */ }
      show();
      for (const other of document.querySelectorAll(".vs-your-name input, .vs-your-name textarea"))
        if (other instanceof HTMLElement) fill(other, keptName());
    });
    field.addEventListener("keydown", (event) => {  // or the keys of the judging desk land in the name
      if (event.key !== "Enter" && event.key !== "Escape") return;
      if (event.key === "Escape") field.value = keptName();
      event.preventDefault();
      field.blur();
      panel.removeAttribute("open");
    });
    show();
    const panel = make("details", { class: "vs-who" }, summary,
      make("div", {}, make("label", { for: "vs-your-name" }, "Your name"), field,
        make("p", {}, "Your judgments and corrections are kept under it.")));
    return closable(panel);
  }

  // A page's own field for the name follows the header's.
  /**
   * @param {any} field
   * @param {string} name
   */
  function fill(field, name) {
    if (field.value === name || field.disabled) return;
    Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value")?.set?.call(field, name);
    for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, { bubbles: true }));
  }

  function mark() {
    const name = current();
    const select = document.querySelector("#vs-switcher select");
    if (select instanceof HTMLSelectElement && name && select.value !== name) {
      const gone = shown.catalogs.length && !shown.catalogs.some((catalog) => catalog.name === name);
      if (gone) select.add(new Option(`${name} (not here)`, name));
      select.value = name;
    }
    for (const link of document.querySelectorAll("#vs-header a[href^='/']")) {
      if (!(link instanceof HTMLAnchorElement) || !name) continue;
      const url = new URL(link.href);
      if (url.searchParams.get("catalog") === name) continue;
      url.searchParams.set("catalog", name);
      link.setAttribute("href", url.pathname + url.search);
    }
    const kept = document.querySelector("#vs-find [name=catalog]");
    if (kept instanceof HTMLInputElement) kept.value = name;
    nameTab();
  }

  // The browser's tab says what is shown, the page and the catalogue.
  function nameTab() {
    const name = current(), page = facts.pages.find(({ path }) => path === here());
    const about = document.querySelector("[data-tab]");
    const parts = [
      about instanceof HTMLElement ? about.dataset.tab : "",
      page && page.path !== "/" ? page.title : here() === "/credits" ? "Credits" : "",
      shown.catalogs.find((catalog) => catalog.name === name)?.title || name,
      "VL-CLIP Studio",
    ];
    const title = parts.filter(Boolean).join(" · ");
    if (document.title !== title) document.title = title;
  }

  // Gradio draws the pages, and anew: name the tab, and hand the name to the page's own field.
  function look() {
    nameTab();
    reveal();
    if (window.gradio_config?.username) return;
    for (const field of document.querySelectorAll(".vs-your-name input, .vs-your-name textarea"))
      if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)
        if (field.value === LOCAL && keptName() !== LOCAL) fill(field, keptName());
  }

  // Ask which catalogues there are, and fill the list.
  async function load() {
    const answer = await fetch("/media/catalogs.json").catch(() => null);
    if (!answer?.ok) return;
    shown = await answer.json();
    const select = document.querySelector("#vs-switcher select");
    if (!(select instanceof HTMLSelectElement)) return;
    select.replaceChildren(...shown.catalogs.map(({ name, title }) => new Option(title, name)));
    mark();
  }

  // Gradio draws a page part by part: it is shown when all parts are there and the first answer is in
  // them, so that nothing jumps. A slow answer is not waited for; its place holds grey shapes, too.
  const PATIENCE = 2500, LONGEST = 8000;
  let drawn = false;
  function reveal() {
    const shapes = document.getElementById("vs-boot");
    if (!shapes) return;
    const parts = document.querySelector(".gradio-container h1") && !document.querySelector(".gradio-container p.loading");
    if (!parts) return;
    if (!drawn) {
      drawn = true;
      window.setTimeout(() => shapes.remove(), PATIENCE);
    }
    if (!document.querySelector("[data-waiting]")) shapes.remove();
  }

  // Until then, grey shapes stand where its parts will be.
  function boot() {
    const shapes = make("div", { id: "vs-boot", "aria-hidden": "true" });
    for (const kind of ["title", "line", "box", "box", "box", "box"])
      shapes.append(make("div", { class: `vs-boot-${kind}` }));
    document.body.append(shapes);
    window.setTimeout(() => shapes.remove(), LONGEST);
  }

  function start() {
    draw();
    boot();
    load();
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
    window.addEventListener("popstate", mark);
    window.addEventListener("vs-address", mark);
  }

  Object.assign(window.vs, { useCatalog: use, catalogsChanged: load });
  if (document.body) start(); else document.addEventListener("DOMContentLoaded", start);
})();
