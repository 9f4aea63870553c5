import threading
import time

import pytest

from core.base.flow import Writer, chunks, mapped_ahead, produced_ahead


def test_chunks():
    assert list(chunks(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(chunks([], 2)) == []


def test_produced_ahead_keeps_order_and_runs_elsewhere():
    threads = set()

    def produce():
        for number in range(20):
            threads.add(threading.get_ident())
            yield number

    assert list(produced_ahead(produce(), 3)) == list(range(20))
    assert threading.get_ident() not in threads


def test_produced_ahead_hands_over_the_error_after_the_values():
    def produce():
        yield 1
        raise ValueError("broken file")

    values = produced_ahead(produce(), 3)
    assert next(values) == 1
    with pytest.raises(ValueError, match="broken file"):
        next(values)


def test_closing_produced_ahead_stops_the_producer():
    made = []

    def produce():
        for number in range(10_000):
            made.append(number)
            yield number

    values = produced_ahead(produce(), 2)
    next(values)
    values.close()
    count = len(made)
    time.sleep(0.2)
    assert len(made) == count < 10


def test_mapped_ahead_keeps_order_and_stays_close():
    started = []

    def slow(number):
        started.append(number)
        time.sleep(0.01 if number % 2 else 0.03)
        return number * 10

    results = mapped_ahead(slow, range(12), workers=2, ahead=2)
    assert next(results) == 0
    assert max(started) <= 3
    assert list(results) == [number * 10 for number in range(1, 12)]


def test_mapped_ahead_hands_over_the_error_in_its_turn():
    results = mapped_ahead(lambda number: 1 // number, [1, 0, 1], workers=2, ahead=1)
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_writer_keeps_order_and_waits_at_the_end():
    written = []

    def write(number):
        time.sleep(0.005)
        written.append(number)

    with Writer(ahead=2) as writer:
        for number in range(10):
            writer.submit(lambda number=number: write(number))
    assert written == list(range(10))


def test_writer_hands_over_errors():
    def fail():
        raise OSError("disk full")

    with Writer() as writer:
        writer.submit(fail)
        with pytest.raises(OSError, match="disk full"):
            writer.flush()
    with pytest.raises(OSError, match="disk full"), Writer() as writer:
        writer.submit(fail)
