// "Help us choose" on Explore: the visitor's choice, and what they see and open in a mixed list.
Object.assign(window.vs, {
  /**
   * The buttons of the notice. Agreeing makes a random number, which a cookie keeps for 90 days.
   * @param {HTMLElement} element
   */
  helpChoice(element) {
    element.addEventListener("click", (event) => {
      const target = event.target instanceof Element ? event.target.closest("[data-help]") : null;
      if (!(target instanceof HTMLElement)) return;
      const bytes = crypto.getRandomValues(new Uint8Array(16));
      const unit = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
      const chosen = target.dataset.help === "yes" ? unit : "no";
      // In a frame of another site, as on a Space, a browser keeps it only so.
      const kept = location.protocol === "https:" ? "; SameSite=None; Secure; Partitioned" : "; SameSite=Lax";
      // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in all browsers.
      document.cookie = `vlclip-help=${chosen}; Path=/; Max-Age=${90 * 24 * 3600}${kept}`;
      location.reload();
    });
  },
  /**
   * Report what is seen (half of a card for a second) and opened in a mixed list.
   * @param {HTMLElement} element
   * @param {(name: string, then: () => void) => void} watch
   */
  mixedList(element, watch) {
    /** @type {Map<Element, number>} */
    const timers = new Map();
    /** @type {Map<string, { kind: string, position: number }[]>} */
    const waiting = new Map();
    /** @type {number | undefined} */
    let due;
    const send = () => {
      window.clearTimeout(due);
      due = undefined;
      for (const [list, actions] of waiting) {
        waiting.delete(list);
        const body = JSON.stringify({ list, actions });
        fetch("/help/events", {
          method: "POST", body, keepalive: true, headers: { "Content-Type": "application/json" },
        }).then(
          (answer) => { if (answer.status >= 429) again(list, actions); },
          () => again(list, actions),
        );
      }
    };
    /** Not acknowledged: once more; the studio counts it once. */
    const again = (/** @type {string} */ list, /** @type {any[]} */ actions) => {
      waiting.set(list, [...actions, ...(waiting.get(list) || [])].slice(0, 400));
      due ||= window.setTimeout(send, 5000);
    };
    const note = (/** @type {Element} */ card, /** @type {string} */ kind) => {
      const list = card.closest("[data-mixed]");
      if (!(list instanceof HTMLElement) || !list.dataset.mixed) return;
      const id = list.dataset.mixed;
      const position = Array.from(list.querySelectorAll(".vs-grid > .vs-card")).indexOf(card) + 1;
      if (!position) return;
      waiting.set(id, [...(waiting.get(id) || []), { kind, position }]);
      due ||= window.setTimeout(send, 2000);
    };
    const eyes = new IntersectionObserver((entries) => {
      for (const { target, intersectionRatio } of entries) {
        window.clearTimeout(timers.get(target));
        if (intersectionRatio < 0.5) continue;
        timers.set(target, window.setTimeout(() => {
          eyes.unobserve(target);
          note(target, "exposure");
        }, 1000));
      }
    }, { threshold: 0.5 });
    const begin = () => {
      for (const timer of timers.values()) window.clearTimeout(timer);
      timers.clear();
      eyes.disconnect();
      for (const card of element.querySelectorAll("[data-mixed] .vs-grid > .vs-card")) eyes.observe(card);
    };
    // Before the click leads elsewhere; a card that is opened was seen.
    element.addEventListener("click", (event) => {
      const target = event.target instanceof Element ? event.target : null;
      const card = target?.closest("a[href], [data-action=similar]") ? target.closest(".vs-card") : null;
      if (!card?.closest("[data-mixed]")) return;
      note(card, "click");
      send();
    }, true);
    document.addEventListener("visibilitychange", () => { if (document.hidden) send(); });
    watch("value", begin);
    begin();
  },
});
