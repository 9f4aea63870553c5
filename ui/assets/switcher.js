// The catalogue in use, at the head of every page: one list, and every link carries the choice.
(() => {
  /** @type {{ default: string, catalogs: { name: string, title: string }[] }} */
  let shown = { default: "", catalogs: [] };
  // What of a link means the same on another catalogue.
  const KEPT = ["q", "minus", "engine", "words", "cutoff", "fold", "same-type", "varied"];

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

  /** @param {Element} place */
  function draw(place) {
    const field = document.createElement("label");
    field.id = "vs-switcher";
    const select = document.createElement("select");
    for (const { name, title } of shown.catalogs) select.add(new Option(title, name));
    select.addEventListener("change", () => go(select.value));
    field.append("Catalogue", select);
    place.prepend(field);
    for (const wait of [0, 500, 2000]) setTimeout(() => showPage(place), wait);  // fonts, layout
  }

  function mark() {
    const name = current();
    const select = document.querySelector("#vs-switcher select");
    if (select instanceof HTMLSelectElement && select.value !== name) {
      const gone = name && !shown.catalogs.some((catalog) => catalog.name === name);
      if (gone) select.add(new Option(`${name} (not here)`, name));
      select.value = name;
    }
    for (const link of document.querySelectorAll(".nav-holder nav a[href]")) {
      if (!(link instanceof HTMLAnchorElement)) continue;
      const url = new URL(link.href);
      if (url.searchParams.get("catalog") === name) continue;
      url.searchParams.set("catalog", name);
      link.href = url.href;
    }
  }

  // On a phone the row of pages scrolls: show where we are.
  /** @param {Element} place */
  function showPage(place) {
    const here = place.querySelector("nav a.active");
    const row = here?.parentElement;
    if (here instanceof HTMLElement && row) row.scrollLeft = here.offsetLeft - row.offsetLeft - 60;
  }

  // Mark on which sides pages are out of sight.
  /** @param {HTMLElement} nav */
  function markHidden(nav) {
    const hidden = nav.scrollWidth - nav.clientWidth;
    nav.classList.toggle("vs-more-before", nav.scrollLeft > 4);
    nav.classList.toggle("vs-more-after", nav.scrollLeft < hidden - 4);
  }

  const watched = new WeakSet();
  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) if (target instanceof HTMLElement) markHidden(target);
  });
  /** @param {Element} place */
  function watchHidden(place) {
    const nav = place.querySelector("nav");
    if (!nav || watched.has(nav)) return;
    watched.add(nav);
    nav.addEventListener("scroll", () => markHidden(nav), { passive: true });
    sizes.observe(nav);
  }

  // Gradio draws the navigation, and draws it anew on another page.
  function look() {
    const place = document.querySelector(".nav-holder");
    if (!place || !shown.catalogs.length) return;
    if (!place.querySelector("#vs-switcher")) draw(place);
    watchHidden(place);
    mark();
  }

  // Ask which catalogues there are, and draw the list anew.
  async function load() {
    const answer = await fetch("/media/catalogs.json").catch(() => null);
    if (!answer?.ok) return;
    shown = await answer.json();
    document.getElementById("vs-switcher")?.remove();
    look();
  }

  function start() {
    load();
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
    window.addEventListener("popstate", mark);
  }

  Object.assign(window.vs, { useCatalog: use, catalogsChanged: load });
  if (document.body) start(); else document.addEventListener("DOMContentLoaded", start);
})();
