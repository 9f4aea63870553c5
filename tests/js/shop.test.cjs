// The script for shops, as shops get it, with a browser's objects made by hand.
const assert = require("node:assert");
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { afterEach, beforeEach, mock, test } = require("node:test");

const folder = join(__dirname, "..", "..", "data", "shop");
const code = readFileSync(join(folder, "shop.min.js"), "utf-8").trim();
const vectors = JSON.parse(readFileSync(join(folder, "assignment_vectors.json"), "utf-8"));

/** Run the script; `browser` has what is sent, and what the test changes. */
function open(browser = {}, experiments = vectors.settings) {
  const world = {
    navigator: { userAgent: "Test", sendBeacon: (_url, body) => world.beacons.push(body) },
    localStorage: {}, sessionStorage: {}, sent: [], beacons: [], answers: [], listeners: {},
    document: { hidden: false, addEventListener: (name, act) => { world.listeners[name] = act; } },
    ...browser,
  };
  const fetch = async (_url, { body }) => {
    const answer = world.answers.shift() ?? 200;
    if (answer === "offline") throw new TypeError("Failed to fetch");
    world.sent.push(JSON.parse(body).events);
    return { status: answer };
  };
  class Eyes {
    constructor(act) { world.look = (target, intersectionRatio) => act([{ target, intersectionRatio }]); }
    observe() {}
    unobserve() {}
  }
  const names = ["navigator", "window", "document", "fetch", "IntersectionObserver"];
  const make = new Function(...names, `return (${code})`);
  world.shop = make(world.navigator, world, world.document, fetch, Eyes)({ url: "/e", experiments });
  return world;
}
const seconds = async (count) => {
  for (let i = 0; i < count * 2; i++) {
    mock.timers.tick(500);
    for (let turn = 0; turn < 8; turn++) await Promise.resolve();
  }
};
beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

test("the shared vectors hold", () => {
  assert.equal(vectors.cases.length, 640);
  for (const [experiment, unit, attributes, variant] of vectors.cases) {
    const { shop } = open({ localStorage: { vlclip: unit } });
    assert.equal(shop.variant(experiment, attributes), variant, `${experiment} ${unit}`);
  }
});

test("the unit is random, stays, and says nothing of the visitor", () => {
  const first = open();
  const unit = first.localStorage.vlclip;
  assert.match(unit, /^\d+-\d+-\d+-\d+$/);
  assert.equal(open({ localStorage: first.localStorage }).localStorage.vlclip, unit);
  assert.notEqual(open().localStorage.vlclip, unit);
});

test("an experiment that does not run has no variant", () => {
  assert.equal(open().shop.variant("lamp"), null);
});

for (const asked of [{ doNotTrack: "1" }, { globalPrivacyControl: true }]) {
  test(`nothing is kept or sent with ${Object.keys(asked)[0]}`, async () => {
    const world = open({ navigator: { userAgent: "Test", sendBeacon: () => assert.fail(), ...asked } });
    assert.equal(world.shop.variant("plain"), null);
    world.shop.record("click", { item_id: "i" });
    const element = { addEventListener() {} };
    world.shop.item(element, { item_id: "i" });
    world.look(element, 1);
    await seconds(10);
    world.document.hidden = true;
    world.listeners.visibilitychange();
    assert.deepEqual(world.sent, []);
    assert.deepEqual([world.localStorage, world.sessionStorage], [{}, {}]);
  });
}

test("an item is an exposure only after a second on the screen, once", async () => {
  const world = open();
  const clicks = [];
  const element = { addEventListener: (_name, act) => clicks.push(act) };
  world.shop.item(element, { item_id: "i", position: 1, query_id: "q" });
  world.look(element, 0.6);
  await seconds(0.5);
  world.look(element, 0.1);
  await seconds(5);
  assert.deepEqual(world.sent, []);
  world.look(element, 0.6);
  await seconds(5);
  clicks[0]();
  await seconds(5);
  const events = world.sent.flat();
  assert.deepEqual(events.map((event) => event.kind), ["exposure", "click"]);
  assert.equal(events[0].item_id, "i");
  assert.equal(events[0].unit, world.localStorage.vlclip);
});

test("what was not acknowledged is sent again with the same ids", async () => {
  const world = open({ answers: ["offline", 503, 429, 200] });
  world.shop.record("click", { item_id: "i" });
  await seconds(10);
  assert.equal(world.sent.length, 3);
  assert.equal(new Set(world.sent.flat().map((event) => event.event_id)).size, 1);
  assert.equal(world.sessionStorage.vlqueue, "[]");
});

test("the next page sends what this one could not", async () => {
  const world = open({ answers: ["offline"] });
  world.shop.record("click", { item_id: "i" });
  world.document.hidden = true;
  world.listeners.visibilitychange();
  const next = open({ sessionStorage: world.sessionStorage, localStorage: world.localStorage });
  await seconds(3);
  assert.deepEqual(next.sent[0], JSON.parse(world.beacons[0]).events);
});

test("a wrong event does not take others with it", async () => {
  const world = open({ answers: [400, 400, 200] });
  for (const item of ["wrong", "b", "c"]) world.shop.record("click", { item_id: item });
  await seconds(20);
  assert.deepEqual(world.sent.map((events) => events.length), [3, 1, 2]);
  assert.deepEqual(world.sent[2].map((event) => event.item_id), ["b", "c"]);
});

test("a browser whose storage is blocked still works on this page", () => {
  const blocked = { get() { throw new Error("SecurityError"); } };
  const window = Object.defineProperties({}, { localStorage: blocked, sessionStorage: blocked });
  const names = ["navigator", "window", "document", "IntersectionObserver"];
  const document = { addEventListener() {} };
  const make = new Function(...names, `return (${code})`)({ userAgent: "" }, window, document, class {});
  const shop = make({ url: "/e", experiments: vectors.settings });
  assert.ok(["a", "b"].includes(shop.variant("plain")));
});
