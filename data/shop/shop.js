/**
 * Assigns a shop's visitors to variants, and sends what they see and do to the studio.
 *
 * It is an expression: the studio writes `vlclip = (…)(settings)`. `make shop-js` makes
 * shop.min.js of it, at most 2 kB. Hashing is that of core/experiments/assignment.py;
 * data/shop/assignment_vectors.json holds both to the same results.
 * @param {{ url: string, experiments: Record<string, ShopExperiment> }} settings Where events go, and what runs.
 */
(settings) => {
  /** @param {string} text MurmurHash3 of the text in UTF-8, as a number from 0 to 1. */
  const share = (text) => {
    const bytes = new TextEncoder().encode(text);
    const size = bytes.length;
    const times = Math.imul;
    let hash = 0;
    for (let i = 0; i < size; i += 4) {
      // Bytes beyond the end are undefined, which counts as 0 here.
      const block = times(bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24), 0xcc9e2d51);
      hash ^= times((block << 15) | (block >>> 17), 0x1b873593);
      if (i + 4 <= size) hash = times((hash << 13) | (hash >>> 19), 5) + 0xe6546b64;
    }
    hash ^= size;
    hash = times(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = times(hash ^ (hash >>> 13), 0xc2b2ae35);
    return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
  };

  /**
   * The name of this visitor's variant in an experiment; null if the visitor takes no part.
   * @param {ShopExperiment} experiment
   * @param {Record<string, string>} said
   */
  const assigned = ({ salt, group, slot, holdout, traffic, filters, variants }, said) => {
    const at = (/** @type {string} */ what) => share(`${what}:${local.vlclip}`);
    const place = at(`slot:${group}`);
    if (
      at(`holdout:${group || salt}`) < holdout ||
      (group && (place < slot[0] || place >= slot[1])) ||
      Object.entries(filters).some(([name, values]) => !values.includes(said[name] || "")) ||
      at(`traffic:${salt}`) >= traffic
    ) return null;
    const wanted = at(`variant:${salt}`) * variants.reduce((sum, [, weight]) => sum + weight, 0);
    let end = 0;
    for (const [name, weight] of variants) {
      end += weight;
      if (wanted < end) return name;
    }
    return null;
  };

  // A visitor who asks not to be recorded gets no id and no variant, and nothing is sent.
  const off = navigator.doNotTrack === "1" || navigator.globalPrivacyControl;
  /** @param {"localStorage" | "sessionStorage"} name @returns {Record<string, string>} A blocked one is empty. */
  const storage = (name) => {
    try {
      return off ? {} : window[name];
    } catch {
      return {};
    }
  };
  const random = () => crypto.getRandomValues(new Uint32Array(4)).join("-");
  const tab = storage("sessionStorage");
  const local = storage("localStorage");
  local.vlclip ||= random();
  tab.vlclip ||= random();
  const device = /Mobi/.test(navigator.userAgent) ? "mobile" : "desktop";

  /** @type {ShopFields[]} Not acknowledged yet: sent again, on the tab's next page too, and counted once. */
  let queue = JSON.parse(tab.vlqueue || "[]");
  let most = 99;
  let timer = 0;
  const body = () => JSON.stringify({ events: queue.slice(0, most) });
  const later = () => {
    if (queue[0] && !timer) timer = setTimeout(send, 2e3);
    tab.vlqueue = JSON.stringify(queue);
  };
  const send = () => {
    const sent = queue.slice(0, most);
    fetch(settings.url, { method: "POST", body: body(), keepalive: true })
      .then(({ status }) => {
        // A wrong event is refused with its whole batch: then they go one by one.
        if (status < 429) {
          if (status === 400 && sent[1]) most = 1;
          else {
            queue = queue.filter((event) => !sent.includes(event));
            most = 99;
          }
        }
      })
      .catch(() => {})
      .then(() => {
        timer = 0;
        later();
      });
  };
  /** @param {string} kind @param {ShopFields} [fields] */
  const record = (kind, fields) => {
    if (off || queue[999]) return;
    queue.push({ event_id: random(), time: Date.now(), kind, unit: local.vlclip, session: tab.vlclip, device, ...fields });
    later();
  };

  /** @type {Map<Element, ShopFields>} */
  const items = new Map();
  // An item is seen when half of it was on the screen for a second.
  const eyes = new IntersectionObserver(
    (entries) => {
      for (const { target, intersectionRatio } of entries) {
        const item = /** @type {ShopFields} */ (items.get(target));
        clearTimeout(item.timer);
        if (intersectionRatio >= 0.5)
          item.timer = setTimeout(() => {
            eyes.unobserve(target);
            record("exposure", item.fields);
          }, 1e3);
      }
    },
    { threshold: 0.5 },
  );
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && queue[0]) navigator.sendBeacon(settings.url, body());
  });
  later();
  return {
    record,
    /** @param {string} id @param {Record<string, string>} [said] */
    variant(id, said) {
      const experiment = settings.experiments[id];
      const variant = experiment && !off ? assigned(experiment, { device, ...said }) : null;
      if (variant) record("visit", { experiment: id, variant });
      return variant;
    },
    /** @param {Element} element @param {ShopFields} fields */
    item(element, fields) {
      items.set(element, { fields });
      eyes.observe(element);
      element.addEventListener("click", () => record("click", fields));
    },
  };
};
