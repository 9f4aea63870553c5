from __future__ import annotations

import pytest

from core.access import tries as module
from core.access.tries import LONGEST_DELAY, LONGEST_WAIT, PER_ADDRESS, PER_NAME, Tries, network
from core.errors import TooManyTries


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tries(clock: Clock) -> Tries:
    return Tries(clock)


def test_a_name_is_slowed_then_refused_from_wherever_it_is_tried(tries: Tries) -> None:
    delays = [tries.begin("ada", f"192.0.2.{n}") for n in range(PER_NAME.most)]
    assert delays[: PER_NAME.free] == [0.0] * PER_NAME.free
    assert delays[PER_NAME.free :] == sorted(delays[PER_NAME.free :])
    assert delays[PER_NAME.free] > 0
    assert max(delays) == LONGEST_DELAY
    with pytest.raises(TooManyTries, match=r"for this name\. Try again in 30 seconds") as refused:
        tries.begin("ada", "192.0.2.99")
    assert refused.value.seconds == 30
    tries.begin("bob", "192.0.2.99")  # others go on


def test_each_wrong_try_doubles_the_delay_up_to_the_longest() -> None:
    wrong = PER_NAME.free
    assert [PER_NAME.delay(wrong + n) for n in range(6)] == [0.0, 0.5, 1.0, 2.0, 4.0, LONGEST_DELAY]


def test_an_address_that_is_none_is_counted_by_its_first_letters() -> None:
    assert network("x" * 65) == "x" * 64


def test_the_wait_grows_and_ends(tries: Tries, clock: Clock) -> None:
    for n in range(PER_NAME.most):
        tries.begin("ada", f"192.0.2.{n}")
    waits = []
    for n in range(8):
        with pytest.raises(TooManyTries) as refused:
            tries.begin("ada", f"198.51.100.{n}")
        waits.append(refused.value.seconds)
        clock.now += waits[-1]
        tries.begin("ada", f"198.51.100.{n}")
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]
    clock.now += 2 * LONGEST_WAIT + 1
    assert tries.begin("ada", "192.0.2.1") == 0.0  # forgotten


def test_refused_tries_do_not_make_the_wait_longer(tries: Tries, clock: Clock) -> None:
    for n in range(PER_NAME.most):
        tries.begin("ada", f"192.0.2.{n}")
    for _ in range(50):
        with pytest.raises(TooManyTries, match="30 seconds"):
            tries.begin("ada", "203.0.113.1")
    clock.now += 30
    tries.begin("ada", "203.0.113.1")


def test_an_address_is_refused_whatever_the_names(tries: Tries) -> None:
    for n in range(PER_ADDRESS.most):
        tries.begin(f"name {n}", "192.0.2.1")
    with pytest.raises(TooManyTries, match="from this address"):
        tries.begin("another", "192.0.2.1")
    tries.begin("another", "192.0.2.2")


def test_success_starts_the_name_anew_and_gives_the_address_its_try_back(tries: Tries) -> None:
    for _ in range(PER_NAME.most - 1):
        tries.begin("ada", "192.0.2.1")
    tries.begin("ada", "192.0.2.1")
    tries.succeeded("ada", "192.0.2.1")
    assert tries.begin("ada", "192.0.2.7") == 0.0
    for n in range(PER_ADDRESS.most - PER_NAME.most + 1):
        tries.begin(f"name {n}", "192.0.2.1")  # one's own sign-in does not wash the others away
    with pytest.raises(TooManyTries, match="from this address"):
        tries.begin("ada", "192.0.2.1")


def test_a_sign_in_counts_for_nothing_at_its_address(tries: Tries) -> None:
    tries.begin("ada", "192.0.2.1")
    tries.succeeded("ada", "192.0.2.1")
    for n in range(PER_ADDRESS.most):
        tries.begin(f"name {n}", "192.0.2.1")
    with pytest.raises(TooManyTries, match="from this address"):
        tries.begin("another", "192.0.2.1")


def test_others_can_not_lock_somebody_out_where_they_are_at_home(tries: Tries) -> None:
    tries.begin("ada", "192.0.2.1")
    tries.succeeded("ada", "192.0.2.1")
    for n in range(PER_NAME.most):
        tries.begin("ada", f"198.51.100.{n}")
    with pytest.raises(TooManyTries):
        tries.begin("ada", "198.51.100.99")
    tries.begin("ada", "192.0.2.1")


def test_what_is_kept_is_bounded(tries: Tries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 10)
    for n in range(100):
        tries.begin(f"name {n}", f"192.0.2.{n}")
        tries.succeeded(f"name {n}", f"192.0.2.{n}")
        tries.begin(f"name {n}", f"192.0.2.{n}")
    assert len(tries._names) <= 10
    assert len(tries._addresses) <= 10
    assert len(tries._welcome) <= 10


def test_the_counts_of_the_latest_tries_are_kept(
    tries: Tries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST", 3)
    for name in "abcade":  # whoever comes again is among the latest
        tries.begin(name, "192.0.2.1")
        tries.succeeded(name, "192.0.2.1")
        tries.begin(name, "192.0.2.1")
    assert list(tries._names) == ["a", "d", "e"]
    assert [name for name, _ in tries._welcome] == ["a", "d", "e"]


def test_a_household_is_one_address() -> None:
    assert network("2001:db8:1:2::1") == network("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert network("2001:db8:1:3::1") != network("2001:db8:1:2::1")
    assert network("::ffff:192.0.2.1") == network("192.0.2.1") == "192.0.2.1"
    assert network("fe80::1%eth0") == "fe80::/64"
    assert network("a socket") == "a socket"
