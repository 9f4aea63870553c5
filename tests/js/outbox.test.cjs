// The outbox: a judgment leaves the browser only when the server says that it is stored.
const assert = require("node:assert/strict");
const { beforeEach, test } = require("node:test");

class Storage {
  setItem(key, value) { this[key] = String(value); }
  getItem(key) { return Object.hasOwn(this, key) ? this[key] : null; }
  removeItem(key) { delete this[key]; }
}
globalThis.localStorage = new Storage();
const { makeOutbox, newId, OUTBOX } = require("../../ui/assets/annotate/outbox.js");

const judgment = (name, set = "s") => ({ event_id: newId(), name, set, catalog: "c" });
const kept = () => Object.keys(localStorage).filter((key) => key.startsWith(OUTBOX)).length;
const settled = () => new Promise((done) => setTimeout(done, 20));
const all = (batch) => ({ saved: batch.events.map((event) => event.event_id), refused: {} });
function outbox(send, more = {}) {
  const told = { saved: [], refused: [], states: [] };
  const made = makeOutbox({
    send,
    onSaved: (answer) => told.saved.push(answer),
    onRefused: (event, why, closed) => told.refused.push(closed ? [why] : why),
    onState: (count, problem) => told.states.push([count, problem]),
    ...more,
  });
  return { ...made, told };
}

beforeEach(() => { globalThis.localStorage = new Storage(); });

test("a judgment is kept until the server says that it is stored", async () => {
  let answer;
  const box = outbox(() => new Promise((done) => { answer = done; }));
  const mine = judgment("ada");
  box.add(mine);
  await settled();
  assert.equal(kept(), 1);
  answer({ saved: [mine.event_id], refused: {} });
  await settled();
  assert.equal(kept(), 0);
  assert.equal(box.told.saved.length, 1);
  assert.deepEqual(box.told.states.at(-1), [0, ""]);
});

for (const [what, answer] of [["no answer", undefined], ["nothing", null], ["an empty page", ""],
  ["an error", { error: "Sign in again." }], ["another page", "<html>"], ["something else", {}],
  ["a list", []], ["an answer that names none of them", { saved: [], refused: {} }],
  ["an answer of another kind", { saved: true, refused: 7 }]]) {
  test(`${what} is no "saved"`, async () => {
    const box = outbox(async () => answer);
    box.add(judgment("ada"));
    await settled();
    assert.equal(kept(), 1);
    assert.equal(box.told.saved.length, 0);
    const [count, problem] = box.told.states.at(-1);
    assert.equal(count, 1);
    assert.ok(problem);
    assert.doesNotMatch(problem, /undefined|Cannot read|\[object/);
  });
}

test("a line that is cut is said, and what was made is sent when it is back", async () => {
  let works = false;
  const box = outbox(async (batch) => {
    if (!works) throw new Error("there is no connection");
    return all(batch);
  });
  box.add(judgment("ada"));
  await settled();
  assert.deepEqual(box.told.states.at(-1), [1, "there is no connection"]);
  works = true;
  await box.flush("ada");
  assert.equal(kept(), 0);
});

test("a call that is never answered holds up nothing", async () => {
  let calls = 0;
  const box = outbox((batch) => (++calls === 1 ? new Promise(() => {}) : Promise.resolve(all(batch))),
    { patience: 10 });
  box.add(judgment("ada"));
  await new Promise((done) => setTimeout(done, 40));
  assert.equal(box.told.states.at(-1)[0], 1);
  await box.flush("ada");
  assert.equal(kept(), 0);
});

test("it is tried again by itself", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const turns = async () => { for (let n = 0; n < 20; n += 1) await Promise.resolve(); };
  let calls = 0;
  const box = outbox(async (batch) => (++calls < 3 ? undefined : all(batch)));
  box.add(judgment("ada"));
  await turns();
  t.mock.timers.tick(1000);
  await turns();
  assert.equal(calls, 2);
  t.mock.timers.tick(2000);
  await turns();
  assert.equal(calls, 3);
  assert.equal(kept(), 0);
});

test("only what the server names as saved leaves", async () => {
  const [one, two] = [judgment("ada"), judgment("ada")];
  const box = outbox(async () => ({ saved: [one.event_id], refused: {}, error: "The disk is full." }));
  localStorage.setItem(`${OUTBOX}001-a`, JSON.stringify(one));
  localStorage.setItem(`${OUTBOX}002-b`, JSON.stringify(two));
  await box.flush("ada");
  assert.equal(box.count("ada"), 1);
  assert.deepEqual(box.told.states.at(-1), [1, "The disk is full."]);
});

test("what waits under a name is sent though another name's call was under way", async () => {
  const sent = [];
  let release;
  const box = outbox((batch) => {
    sent.push(batch.name);
    return sent.length === 1
      ? new Promise((done) => { release = () => done(all(batch)); })
      : Promise.resolve(all(batch));
  });
  box.add(judgment("local"));
  await settled();
  box.add(judgment("ada"));
  await settled();
  assert.deepEqual(sent, ["local"]);
  release();
  await settled();
  assert.deepEqual(sent, ["local", "ada"]);
  assert.equal(kept(), 0);
});

test("another name's call that fails does not hold up this name", async () => {
  const box = outbox(async (batch) => {
    if (batch.name === "local") throw new Error("not your name");
    return all(batch);
  });
  box.add(judgment("local"));
  box.add(judgment("ada"));
  await settled();
  assert.equal(box.count("ada"), 0);
  assert.equal(box.count("local"), 1);
});

test("a set that can't be sent holds up no other set", async () => {
  const box = outbox(async (batch) =>
    batch.set === "gone" ? { error: "There is no judgment set." } : all(batch));
  box.add(judgment("ada", "gone"));
  box.add(judgment("ada", "s"));
  await settled();
  assert.equal(box.count("ada"), 1);
  assert.deepEqual(box.told.states.at(-1), [1, "There is no judgment set."]);
});

test("a refused judgment leaves, with its reason; the others are saved", async () => {
  const bad = judgment("ada");
  const box = outbox(async (batch) => ({
    saved: batch.events.map((event) => event.event_id).filter((id) => id !== bad.event_id),
    refused: { [bad.event_id]: "This pair is not in the set." },
  }));
  localStorage.setItem(`${OUTBOX}001-a`, JSON.stringify(bad));
  box.add(judgment("ada"));
  await settled();
  assert.deepEqual(box.told.refused, ["This pair is not in the set."]);
  assert.equal(box.told.saved.length, 1);
  assert.equal(kept(), 0);
});

test("a judgment of a pair that takes no other one is told from those that may be made again", async () => {
  const [late, bad] = [judgment("ada"), judgment("ada")];
  const box = outbox(async () => ({
    saved: [], closed: [late.event_id],
    refused: { [late.event_id]: "It was decided.", [bad.event_id]: "No grade." },
  }));
  for (const [place, one] of [late, bad].entries())
    localStorage.setItem(`${OUTBOX}00${place}`, JSON.stringify(one));
  await box.flush("ada");
  assert.deepEqual(box.told.refused, [["It was decided."], "No grade."]);
  assert.equal(kept(), 0);
});

test("judgments of a page before are sent when its name is known", async () => {
  localStorage.setItem(`${OUTBOX}000-x`, JSON.stringify(judgment("ada")));
  const box = outbox(async (batch) => all(batch));
  await box.flush("local");
  assert.equal(box.count("ada"), 1);
  await box.flush("ada");
  assert.equal(box.count("ada"), 0);
});

test("an entry that is broken hides no other", async () => {
  localStorage.setItem(`${OUTBOX}000-x`, "{ half");
  localStorage.setItem(`${OUTBOX}001-y`, "null");
  const box = outbox(async (batch) => all(batch));
  box.add({ ...judgment("ada"), task: { key: "q\ti\t0" } });
  assert.deepEqual(box.tasks("s"), ["q\ti\t0"]);
  assert.deepEqual({ ...box.names() }, { ada: 1 });
  await settled();
  assert.equal(box.count("ada"), 0);
});

test("where the browser keeps nothing, judgments wait in memory", async () => {
  localStorage.setItem = () => { throw new Error("private"); };
  let works = false;
  const box = outbox(async (batch) => (works ? all(batch) : undefined));
  box.add(judgment("ada"));
  await settled();
  assert.equal(box.count("ada"), 1);
  works = true;
  assert.equal(await box.empty("ada"), true);
});

test("many are sent in their order, a few at a time", async () => {
  const sizes = [], order = [];
  const box = outbox(async (batch) => {
    sizes.push(batch.events.length);
    order.push(...batch.events.map((event) => event.number));
    return all(batch);
  });
  for (let number = 0; number < 25; number += 1)
    localStorage.setItem(`${OUTBOX}${String(number).padStart(5, "0")}-x`,
      JSON.stringify({ ...judgment("ada"), number }));
  await box.flush("ada");
  assert.deepEqual(sizes, [10, 10, 5]);
  assert.deepEqual(order, [...Array(25).keys()]);
});

test("nothing waits, or it can't be had now: who asks is told which", async () => {
  const box = outbox(async () => undefined);
  assert.equal(await box.empty("ada"), true);
  box.add(judgment("ada"));
  assert.equal(await box.empty("ada"), false);
});
