// Photos: an element has one place, so a photo that is shown twice needs two.
const assert = require("node:assert/strict");
const { test } = require("node:test");

/** As much of a page's element as photos need: it leaves its old place when it gets a new one. */
class Placed {
  constructor() { Object.assign(this, { children: [], parentElement: null, complete: true, naturalWidth: 9 }); }
  addEventListener() {}
  decode() { return Promise.resolve(); }
  replaceChildren(...children) {
    for (const old of this.children) old.parentElement = null;
    for (const child of children) {
      const before = child.parentElement;
      if (before) before.children = before.children.filter((other) => other !== child);
      child.parentElement = this;
    }
    this.children = children;
  }
}
globalThis.Image = /** @type {any} */ (Placed);
const { makePhotos } = require("../../ui/assets/annotate/photos.js");

test("an item's photo that is the query's photo too is shown in both places", () => {
  const photos = makePhotos(4), item = new Placed(), query = new Placed();
  photos.put(item, "room.jpg", "A stool");
  photos.put(query, "room.jpg", "Query picture");
  assert.deepEqual([item.children.length, query.children.length], [1, 1]);
  assert.deepEqual([item.children[0].alt, query.children[0].alt], ["A stool", "Query picture"]);
  assert.equal(photos.missing(["room.jpg"]), "");
});

test("a photo that was loaded before is put in place as it is", () => {
  const photos = makePhotos(4), slot = new Placed();
  photos.put(slot, "a.jpg", "A");
  const first = slot.children[0];
  photos.put(slot, "b.jpg", "B");
  photos.put(slot, "a.jpg", "A");
  assert.equal(slot.children[0], first);
});
