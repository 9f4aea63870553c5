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

const judgment = (name) => ({ event_id: newId(), name, set: "s", catalog: "c" });
const kept = () => Object.keys(localStorage).filter((key) => key.startsWith(OUTBOX)).length;
const settled = () => new Promise((done) => setTimeout(done, 20));
function outbox(send) {
  const told = { saved: [], refused: [], states: [] };
  const made = makeOutbox({
    send,
    onSaved: (answer) => told.saved.push(answer),
    onRefused: (event, why) => told.refused.push(why),
    onState: (count, problem) => told.states.push([count, problem]),
  });
  return { ...made, told };
}

beforeEach(() => { globalThis.localStorage = new Storage(); });

test("a judgment is kept until the server says that it is stored", async () => {
  let answer;
  const box = outbox(() => new Promise((done) => { answer = done; }));
  box.add(judgment("ada"));
  await settled();
  assert.equal(kept(), 1);
  answer({ refused: {} });
  await settled();
  assert.equal(kept(), 0);
  assert.equal(box.told.saved.length, 1);
});

for (const [what, answer] of [["no answer", undefined], ["an error", { error: "Sign in again." }],
  ["another page", "<html>"], ["something else", {}]]) {
  test(`${what} is no "saved"`, async () => {
    const box = outbox(async () => answer);
    box.add(judgment("ada"));
    await settled();
    assert.equal(kept(), 1);
    assert.equal(box.told.saved.length, 0);
    const [count, problem] = box.told.states.at(-1);
    assert.equal(count, 1);
    assert.doesNotMatch(problem, /undefined|Cannot read/);
  });
}

test("what waits under a name is sent though another name's call was under way", async () => {
  const sent = [];
  let release;
  const box = outbox((batch) => {
    sent.push(batch.name);
    return sent.length === 1
      ? new Promise((done) => { release = () => done({ refused: {} }); })
      : Promise.resolve({ refused: {} });
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
    return { refused: {} };
  });
  box.add(judgment("local"));
  box.add(judgment("ada"));
  await settled();
  assert.equal(box.count("ada"), 0);
  assert.equal(box.count("local"), 1);
});

test("a refused judgment leaves, with its reason; the others are saved", async () => {
  const bad = judgment("ada");
  const box = outbox(async () => ({ refused: { [bad.event_id]: "This pair is not in the set." } }));
  box.add(bad);
  box.add(judgment("ada"));
  await settled();
  assert.deepEqual(box.told.refused, ["This pair is not in the set."]);
  assert.equal(kept(), 0);
});

test("judgments of a page before are sent when its name is known", async () => {
  localStorage.setItem(`${OUTBOX}000-x`, JSON.stringify(judgment("ada")));
  const box = outbox(async () => ({ refused: {} }));
  await box.flush("local");
  assert.equal(box.count("ada"), 1);
  await box.flush("ada");
  assert.equal(box.count("ada"), 0);
});
