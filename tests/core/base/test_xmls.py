"""XML feeds that are damaged, hostile or large."""

from __future__ import annotations

import gzip
import tracemalloc

import pytest

from core.base.tables import open_table
from core.errors import StudioError

BOMB = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>
<rss><channel><item><id>1</id><title>&b;</title></item></channel></rss>"""
OUTSIDE = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<rss><channel><item><id>1</id><title>&a;</title></item></channel></rss>"""


def cells(path):
    return [row.cells for row in open_table(path).rows()]


@pytest.mark.parametrize("text", [BOMB, OUTSIDE])
def test_entities_are_refused(tmp_path, text):
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(StudioError, match="entities"):
        open_table(tmp_path / "a.xml")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("<rss><channel><item><id>1</id>", "valid XML"),
        ("<a>only text</a>", "no list of products"),
        ("<?xml version='1.0' encoding='no-such'?><a><b><c>1</c></b></a>", "XML"),
        ("<a>" * 200 + "</a>" * 200, "nested too deeply"),
    ],
)
def test_what_is_no_feed_is_said(tmp_path, text, match):
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(StudioError, match=match):
        open_table(tmp_path / "a.xml")


def test_rows_before_damage_are_read(tmp_path):
    whole = "".join(f"<item><id>{n}</id><title>Mug {n}</title></item>" for n in range(3000))
    (tmp_path / "a.xml").write_text(f"<rss><channel>{whole}<item><id>x")
    rows = open_table(tmp_path / "a.xml").rows()
    assert next(rows).cells == {"id": "0", "title": "Mug 0"}
    with pytest.raises(StudioError, match="valid XML"):
        list(rows)


def test_lists_attributes_and_nested_elements(tmp_path):
    (tmp_path / "a.xml").write_text(
        '<list><thing no="1"><name lang="en">Mug</name><pictures><p href="a.jpg"/>'
        '<p href="b.jpg"/></pictures><size><w>3</w><h>4</h></size>'
        '<param name="Colour">Red</param></thing><thing no="2"><name>Jug</name></thing></list>'
    )
    first, second = cells(tmp_path / "a.xml")
    assert first["pictures"] == ["a.jpg", "b.jpg"]
    assert first["size"] == {"w": "3", "h": "4"}
    assert (first["no"], first["param"]) == ("1", {"name": "Colour", "value": "Red"})
    assert second == {"no": "2", "name": "Jug"}


def test_packed_feeds_are_streamed(tmp_path):
    item = "<item><id>{}</id><title>Mug</title><description>" + "x" * 2000 + "</description></item>"
    text = "<rss><channel>" + "".join(item.format(n) for n in range(5000)) + "</channel></rss>"
    (tmp_path / "a.xml.gz").write_bytes(gzip.compress(text.encode(), 1))
    table = open_table(tmp_path / "a.xml.gz")
    del text
    tracemalloc.start()
    assert sum(1 for _ in table.rows()) == 5000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000  # of 10 MB
