// "Find things": rough places at once, each made exact in turn, none left over at the end.
const assert = require("node:assert/strict");
const { beforeEach, test } = require("node:test");
const { Element, install } = require("./dom.cjs");

install();
globalThis.window = /** @type {any} */ ({ vs: {}, addEventListener() {} });
require("../../ui/assets/regions.js");
const { vs } = globalThis.window;

class Spot extends Element {
  constructor(tag) { super(tag); this.style = {}; }
  remove() { layer.children = layer.children.filter((spot) => spot !== this); }
}
let layer, line, button, press;
function shown() { return layer.children.map((spot) => [spot.children[0].textContent, spot.className]); }
function place(name) { return { name, title: name, value: "1,2,3,4", style: "left:0" }; }

beforeEach(() => {
  globalThis.document = /** @type {any} */ ({ createElement: (tag) => new Spot(tag) });
  layer = new Element();
  line = new Element();
  const stage = { dataset: { photo: "token" }, isConnected: true, querySelector: () => layer,
    querySelectorAll: () => layer.children.filter((spot) => spot.className.includes("vs-rough")) };
  const parts = { ".vs-stage": stage, ".vs-part-status": line, ".vs-names": { value: "sofa, rug, lamp" } };
  const part = { querySelector: (selector) => parts[selector] };
  button = { dataset: {}, textContent: "Find things", closest: (selector) => selector === ".vs-part" ? part : button };
});

function start(server) {
  const root = { addEventListener: (_name, then) => { press = then; } };
  vs.things(root, server);
  return press({ target: button });
}

test("rough places are seen after the first look, and each becomes exact or goes", async () => {
  const seen = [];
  await start({
    likely: async (ask) => {
      assert.deepEqual(ask, { photo: "token", names: ["sofa", "rug", "lamp"] });
      return { names: ["lamp", "sofa"], spots: [place("lamp"), place("sofa")] };
    },
    things: async (ask) => {
      seen.push([ask.names, shown()]);
      return { spots: [place("lamp")] };
    },
  });
  assert.deepEqual(seen, [
    [["lamp"], [["lamp", "vs-spot vs-rough"], ["sofa", "vs-spot vs-rough"]]],
    [["lamp", "sofa"], [["sofa", "vs-spot vs-rough"], ["lamp", "vs-spot"]]],
  ]);
  assert.deepEqual(shown(), [["lamp", "vs-spot"]]);  // no sofa was there
  assert.equal(line.textContent, "1 found. Press one to search with it.");
  assert.equal(button.textContent, "Find things");
});

test("rough places go where the studio says why it can't look", async () => {
  await start({
    likely: async () => ({ names: ["lamp"], spots: [place("lamp")] }),
    things: async () => ({ error: "Many people are searching; try again in a moment." }),
  });
  assert.deepEqual(shown(), []);
  assert.match(line.textContent, /Many people/);
});
