from __future__ import annotations

from core.base.rates import RateLimit


def test_a_sender_waits_for_room_and_others_do_not() -> None:
    now = [0.0]
    limit = RateLimit(10, 50, lambda: now[0])
    assert limit.wait("a", 40) == 0
    assert limit.wait("a", 30) == 2  # 10 are left
    assert limit.wait("b", 30) == 0
    now[0] = 2
    assert limit.wait("a", 30) == 0
    assert limit.wait("a", 1) == 0.1


def test_more_than_fits_at_once_is_charged_as_all_that_fits() -> None:
    now = [0.0]
    limit = RateLimit(10, 50, lambda: now[0])
    assert limit.wait("a", 5000) == 0
    assert limit.wait("a", 1) > 0


def test_memory_has_an_end() -> None:
    limit = RateLimit(1, 1, lambda: 0.0)
    for number in range(10_050):
        limit.wait(str(number), 1)
    assert len(limit._buckets) == 10_000
    assert limit.wait("10049", 1) > 0
