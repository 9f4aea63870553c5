// Photos that are decoded before they are needed: showing one is putting its element in place.
/** @param {number} limit How many photos are kept. */
function makePhotos(limit) {
  /** @type {Map<string, HTMLImageElement>} */
  const ready = new Map();
  /** @type {Set<string>} */
  const broken = new Set();
  /** @param {string} url */
  function picture(url) {
    const image = new Image();
    image.src = url;
    image.addEventListener("error", () => {
      broken.add(url);
      if (!image.isConnected || !image.parentElement) return;
      image.parentElement.replaceChildren(Object.assign(document.createElement("span"),
        { className: "vs-photo-broken", textContent: "This photo can’t be loaded. Click here to try again." }));
    });
    image.decode().catch(() => {});
    return image;
  }
  /** @param {string} [url] */
  function load(url) {
    if (!url || ready.has(url)) return;
    ready.set(url, picture(url));
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
    if (broken.has(url)) again(url);  // shown again, it is asked for again
    load(url);
    const kept = ready.get(url);
    if (!kept) { slot.replaceChildren(); return; }
    ready.delete(url);
    ready.set(url, kept);  // used last
    // An element has one place: the photo of an item may be that of the query, too.
    const elsewhere = kept.parentElement && kept.parentElement !== slot;
    const image = elsewhere ? picture(url) : kept;
    image.alt = alt;
    slot.replaceChildren(image);
  }
  /**
   * Why a pair can't be judged by its photos yet; empty if they are all here.
   * @param {(string | undefined)[]} urls
   */
  function missing(urls) {
    const wanted = /** @type {string[]} */ (urls.filter(Boolean));
    if (wanted.some((url) => broken.has(url))) return "broken";
    return wanted.some((url) => !isWhole(ready.get(url))) ? "loading" : "";
  }
  /** @param {string} url */
  function again(url) {
    if (!broken.delete(url)) return false;
    ready.delete(url);
    return true;
  }
  return { load, put, missing, again };
}
/** @param {HTMLImageElement | undefined} image */
const isWhole = (image) => Boolean(image?.complete && image.naturalWidth > 0);

// The photo over the whole window; click (or + and -) magnifies, the pointer moves what is seen.
/** @param {HTMLElement} element */
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
// Read by the tests under node; a page has no `module`.
if (typeof module !== "undefined") module.exports = { makePhotos, makeLightbox };
