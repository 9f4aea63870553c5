// Shared page script. Kept small: pages carry their own behaviour in their components.
window.vs = {
  // Keep the address bar a link that reproduces what is on screen.
  setQuery(params) {
    const url = new URL(window.location.href);
    url.search = "";
    for (const [name, value] of Object.entries(params || {})) {
      if (value !== "" && value !== null && value !== undefined) url.searchParams.set(name, value);
    }
    window.history.replaceState(null, "", url);
  },
  // Keys meant for text fields are not commands.
  isTyping(event) {
    const el = event.target;
    return event.ctrlKey || event.metaKey || event.altKey || event.repeat ||
      (el && (el.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName)));
  },
};
