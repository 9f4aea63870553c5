// Photos that are decoded before they are needed: showing one is putting its element in place.
/** @param {number} limit How many photos are kept. */
// biome-ignore lint/correctness/noUnusedVariables: called by main.js, in one piece with this
function makePhotos(limit) {
  /** @type {Map<string, HTMLImageElement>} */
  const ready = new Map();
  /** @param {string} [url] */
  function load(url) {
    if (!url || ready.has(url)) return;
    const image = new Image();
    image.src = url;
    image.decode().catch(() => {});
    ready.set(url, image);
    for (const oldest of ready.keys()) {
      if (ready.size <= limit) break;
      ready.delete(oldest);
    }
  }
  /**
   * @param {HTMLElement} slot
   * @param {string} url
   * @param {string} alt
   */
  function put(slot, url, alt) {
    load(url);
    const image = ready.get(url);
    if (!image) { slot.replaceChildren(); return; }
    ready.delete(url);
    ready.set(url, image);  // used last
    image.alt = alt;
    slot.replaceChildren(image);
  }
  return { load, put };
}

// The photo over the whole window; click (or + and -) magnifies, the pointer moves what is seen.
/** @param {HTMLElement} element */
// biome-ignore lint/correctness/noUnusedVariables: called by main.js, in one piece with this
function makeLightbox(element) {
  const picture = /** @type {HTMLImageElement} */ (element.querySelector("img"));
  const close = () => { element.hidden = true; picture.classList.remove("vs-closer"); };
  /** @param {MouseEvent} event */
  const aim = (event) => {
    const box = element.getBoundingClientRect();
    /**
     * @param {number} value
     * @param {number} start
     * @param {number} size
     */
    const at = (value, start, size) => `${Math.round((100 * (value - start)) / size)}%`;
    picture.style.transformOrigin =
      `${at(event.clientX, box.left, box.width)} ${at(event.clientY, box.top, box.height)}`;
  };
  element.addEventListener("pointermove", aim);
  element.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("button")) { close(); return; }
    aim(event);
    picture.classList.toggle("vs-closer");
  });
  return {
    close,
    isOpen: () => !element.hidden,
    /**
     * @param {string} url
     * @param {string} alt
     */
    open: (url, alt) => { picture.src = url; picture.alt = alt; element.hidden = false; },
  };
}
