// Time on a pair: breaks don't count.
const assert = require("node:assert/strict");
const { test } = require("node:test");
const { makeClock, IDLE_SECONDS } = require("../../ui/assets/annotate/clock.js");

test("a break counts as 30 s, looking around in between counts whole", () => {
  let at = 0;
  const clock = makeClock(() => at * 1000);
  clock.start();
  at = 12; clock.alive();
  at = 20;
  assert.equal(clock.seconds(), 20);
  at = 3620;  // an hour later
  assert.equal(clock.seconds(), 20 + IDLE_SECONDS);
  clock.start();
  at += 2;
  assert.equal(clock.seconds(), 2);
});

test("nothing counts while the page is hidden", () => {
  let at = 0;
  const clock = makeClock(() => at * 1000);
  clock.start();
  at = 5; clock.hide(true);
  at = 25; clock.hide(false);
  at = 26;
  assert.equal(clock.seconds(), 6);
});
