import threading
import time

import pytest

from core.base.flow import Writer, chunks, mapped_ahead


def test_chunks():
    assert list(chunks(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(chunks([], 2)) == []


def flat(lists):
    return [value for values in lists for value in values]


def test_mapped_ahead_keeps_order_and_iterates_elsewhere():
    threads = set()

    def produce():
        for number in range(20):
            threads.add(threading.get_ident())
            yield number

    def slow(number):
        time.sleep(0.002 if number % 2 else 0.006)
        return number * 10

    results = mapped_ahead(slow, produce(), room=4, most=3)
    assert flat(results) == [number * 10 for number in range(20)]
    assert threading.get_ident() not in threads


def test_what_is_ready_comes_together_and_at_most_so_many():
    others_are_ready, go_on = threading.Event(), threading.Event()

    def work(number):
        if number == 7:  # one worker takes them in order
            others_are_ready.set()
            go_on.wait(60)
        return number

    results = mapped_ahead(work, range(8), room=100, most=4, workers=1)
    first = next(results)
    assert others_are_ready.wait(60)
    second = next(results)
    go_on.set()
    assert 1 <= len(first) <= 4
    assert len(second) == min(4, 7 - len(first))
    assert [*first, *second, *flat(results)] == list(range(8))


def test_a_slow_source_holds_up_nothing_that_is_ready():
    go_on = threading.Event()

    def produce():
        yield from range(3)
        go_on.wait(60)
        yield 3

    results = mapped_ahead(lambda number: number, produce(), room=100)
    assert [next(results) for _ in range(3)] == [[0], [1], [2]]
    assert not go_on.is_set()
    go_on.set()
    assert list(results) == [[3]]


def test_no_more_is_under_way_than_there_is_room_for():
    lock, under_way, most = threading.Lock(), 0, 0

    def work(number):
        nonlocal under_way, most
        with lock:
            under_way += 10
            most = max(most, under_way)
        return number

    for ready in mapped_ahead(work, range(50), weigh=lambda _: 10, room=40, most=2, workers=4):
        time.sleep(0.001)
        with lock:
            under_way -= 10 * len(ready)
    assert most <= 40


def test_a_value_that_weighs_more_than_the_room_is_taken_alone():
    heavy = mapped_ahead(lambda number: number, range(4), weigh=lambda _: 99, room=40, most=4)
    assert list(heavy) == [[0], [1], [2], [3]]


def test_errors_come_in_their_turn():
    results = mapped_ahead(lambda number: 1 // number, [1, 0, 1], room=1)
    assert next(results) == [1]
    with pytest.raises(ZeroDivisionError):
        next(results)

    def broken():
        yield 1
        raise ValueError("broken file")

    results = mapped_ahead(lambda number: number, broken(), room=9)
    assert next(results) == [1]
    with pytest.raises(ValueError, match="broken file"):
        next(results)


def test_closing_stops_the_source():
    made = []

    def produce():
        for number in range(10_000):
            made.append(number)
            yield number

    values = mapped_ahead(lambda number: number, produce(), room=2)
    next(values)
    values.close()
    count = len(made)
    time.sleep(0.1)
    assert len(made) == count < 10


def test_writer_keeps_order_and_writes_everything_at_the_end():
    written = []
    with Writer(written.extend) as writer:
        for number in range(10):
            writer.submit(number)
    assert written == list(range(10))


def test_what_comes_during_a_write_is_written_at_once():
    writes, begun, go_on = [], threading.Event(), threading.Event()

    def write(values):
        writes.append(values)
        begun.set()
        go_on.wait(60)

    with Writer(write) as writer:
        writer.submit(0)
        assert begun.wait(60)
        for number in range(1, 6):
            writer.submit(number)
        go_on.set()
        writer.flush()
        assert writes == [[0], [1, 2, 3, 4, 5]]


def test_a_full_writer_lets_its_callers_wait():
    go_on, through = threading.Event(), threading.Event()
    with Writer(lambda values: go_on.wait(60), most=1) as writer:

        def fill():
            for number in range(3):
                writer.submit(number)
            through.set()

        thread = threading.Thread(target=fill)
        thread.start()
        assert not through.wait(0.05)
        go_on.set()
        assert through.wait(60)
        thread.join()


def test_after_an_error_nothing_is_written_and_everybody_is_told():
    written = []

    def fail(values):
        written.append(values)
        raise OSError("disk full")

    with Writer(fail) as writer:
        writer.submit(0)
        with pytest.raises(OSError, match="disk full"):
            writer.flush()
        with pytest.raises(OSError, match="disk full"):
            writer.submit(1)
    assert written == [[0]]
    with pytest.raises(OSError, match="disk full"), Writer(fail) as writer:
        writer.submit(0)
