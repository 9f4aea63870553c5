// As much of a page as the grid needs: elements with classes, attributes, children, listeners.
class Element {
  constructor(tag = "div") {
    Object.assign(this, { tag, children: [], dataset: {}, attributes: {}, hidden: false, disabled: false,
      textContent: "", className: "", offsetTop: 0, scrolled: 0 });
    this.listeners = {};
    this.classList = { toggle: (name, on) => {
      const names = new Set(this.className.split(" ").filter(Boolean));
      if (on) names.add(name); else names.delete(name);
      this.className = [...names].join(" ");
    } };
  }
  append(...children) { this.children.push(...children); }
  replaceChildren(...children) { this.children = children; }
  setAttribute(name, value) { this.attributes[name] = value; }
  scrollIntoView() { this.scrolled += 1; }
  addEventListener(name, then) { this.listeners[name] = then; }
  all() { return this.children.flatMap((child) => [child, ...child.all()]); }
  querySelector(selector) {
    return this.all().find((child) => selector === `.${child.className}` ||
      selector === `[data-part=${child.dataset.part}]`) || null;
  }
  closest(selector) { return selector === "[data-index]" && "index" in this.dataset ? this : null; }
}
function part(name) {
  const made = new Element();
  made.dataset.part = name;
  return made;
}
function install() {
  globalThis.document = /** @type {any} */ ({ createElement: (tag) => new Element(tag) });
  globalThis.Image = /** @type {any} */ (class extends Element {});
}
module.exports = { Element, part, install };
