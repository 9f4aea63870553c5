"""Lines of qrels among other tables, and TREC topics of all tracks."""

from __future__ import annotations

import pytest

from core.base.tables import Line, is_qrels_line, is_topics, topics
from tests.work_and_memory import MOST_GROWTH, growth


def lines(text: str) -> list[Line]:
    return [Line(number, line) for number, line in enumerate(text.split("\n"), 1)]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("1102432\t0\t2026790\t1", True),
        ("156493 Q0 D1018 -1", True),
        ("q1 0 a,b 2", True),
        ("query docid rater rating", False),
        ("query_id\titem_id\trelevance\tnote", False),
        ("q1 0 a", False),
        ("", False),
    ],
)
def test_a_line_of_qrels_is_told_from_column_names(line: str, wanted: bool) -> None:
    assert is_qrels_line(line) is wanted


@pytest.mark.parametrize(
    "text",
    [
        # Ad hoc tracks, Robust: tags that nothing closes.
        "<top>\n\n<num> Number: 301 \n<title> International Organized\nCrime \n\n<desc> "
        "Description:\nIdentify …\n</top>\n<top>\n<num> Number: 302\n<title> Polio &amp; Post"
        "-Polio\n<narr> Narrative:\nx\n</top>",
        # Terabyte and FIRE: closed tags, the title on a line of its own.
        "<top>\n<num>301</num>\n<title>\nInternational Organized Crime\n</title>\n</top>\n"
        "<TOP><NUM>302</NUM><TITLE>Polio &amp; Post-Polio</TITLE></TOP>",
        # TREC-COVID.
        '<topics task="x" batch="5">\n <topic number="1"><query>z</query></topic>\n'
        '<topic number="301">\n<query>International Organized Crime</query>\n<question>a?'
        '</question></topic>\n<topic number="302"><query>Polio &amp; Post-Polio</query></topic>\n'
        "</topics>",
        # Clinical trials: text alone.
        '<?xml version="1.0"?>\n<topics>\n<topic number="301">\n  International Organized Crime\n'
        "</topic><topic number='302'>Polio &amp; Post-Polio</topic></topics>",
    ],
)  # fmt: skip
def test_topics_of_every_track(text: str) -> None:
    assert is_topics(lines(text)[:10])
    words = dict(topics(lines(text)))
    assert {name: words[name] for name in ("301", "302")} == {
        "301": "International Organized Crime", "302": "Polio & Post-Polio",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["301\ttopic", "<feed>", "<topology>", "top", ""])
def test_other_texts_are_no_topics(text: str) -> None:
    assert not is_topics(lines(text))


def test_a_topic_without_a_number_or_words_is_left_out() -> None:
    text = "<top><title> a </top><top><num> 2 </top><top><num>3<title> b </top><topic>c</topic>"
    assert list(topics(lines(text))) == [("3", "b")]


@pytest.mark.parametrize(
    ("start", "unit", "count"),
    [("", "<top>", 20_000), ("<top><num>", " ", 50_000), ("", "<topic ", 10_000)],
)
def test_a_text_that_is_made_to_take_long_does_not(start: str, unit: str, count: int) -> None:
    def read(text: str) -> None:
        list(topics(lines(text)))

    assert growth(lambda size: start + unit * size, read, count) < MOST_GROWTH
