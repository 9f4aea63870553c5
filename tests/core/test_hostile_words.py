"""Words of a row on their way through patterns, filters, spreadsheets, pages and the log."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import lancedb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.base.csv_cells import cell
from core.base.tables import open_table
from core.catalog.columns import guess_columns
from core.catalog.rows import read_row
from core.catalog.text import clean, without_markup
from core.domain import Item, Photo
from core.domain.catalog_info import QuarantinedRow
from core.language.rewriters import build_rules
from core.settings import Settings
from core.store.database import one_of, open_database, read_by, read_rows
from tests.work_and_memory import cpu

_UNITS = [
    "a", "A", " ", "1", "é", "<", "<a ", "(", "[", "&", "-", "1,", "1.", "a@", "with ", "a.b",
    "> ", "|", "set of ", "a-", "\u0301", "&amp;", "w/", "10 cm ", "x x", "€1", "''", "//a.b/",
]  # fmt: skip
_TEXT = st.text(max_size=30) | st.sampled_from(
    ["'", "''", "' OR 1=1 --", '"', "\\", "%", "_", "a\nb", "\u2028", "\0", "it's",
     "O'Neill's \"x\"",
     "=1+1", "＝1+1", "\n=1", "+a", "-a", "@a", "\t=1", "\r=1", "'=1", "\u202e", "<img src=x>"]
)  # fmt: skip


@pytest.mark.parametrize("unit", _UNITS)
def test_no_pattern_stalls_on_the_longest_words_of_a_row(tmp_path: Path, unit: str) -> None:
    (tmp_path / "a.jpg").write_bytes(b"not decoded")
    long = (unit * 100_000)[:100_000]
    row = dict.fromkeys(
        ("title", "description", "category", "price", "colour", "material", "brand", "tags", "url"),
        long,
    ) | {"image": "a.jpg"}
    columns, rules = guess_columns(list(row)), build_rules(Settings())

    def work(cells: dict[str, object]) -> None:
        for title in (long, "Oak stool " + long):
            try:
                draft = read_row(cells | {"title": title}, columns, tmp_path, "")
            except Exception as error:  # no title is left of it: a sentence
                assert "title" in str(error)  # noqa: PT017
                continue
            rules.rewrite(Item(draft.item_id, photo=Photo("", 0, 0, ""),
                               attributes=draft.attributes, **draft.words))  # fmt: skip

    assert cpu(work, row) < 4


def test_the_encoding_of_long_words_is_found_at_once(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_bytes(b"id,title\n" + (b"a" * 4000 + b" gr\xfcn\n") * 40)
    assert cpu(lambda _: list(open_table(path).rows()), None) < 4


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> lancedb.DBConnection:
    return open_database(tmp_path_factory.mktemp("words") / "lance")


@given(words=st.lists(_TEXT.map(lambda text: clean(text, 60)), min_size=2, max_size=4, unique=True))
def test_a_filter_finds_its_own_value_and_no_other(
    database: lancedb.DBConnection, words: list[str]
) -> None:
    table = database.create_table("words", pa.table({"word": words}), mode="overwrite")
    for word in words:
        rows = read_rows(table, ["word"], one_of("word", [word]))
        assert rows.column("word").to_pylist() == [word]
    assert sorted(read_by(table, "word", words, ["word"])["word"].to_pylist()) == sorted(words)


@given(text=_TEXT)
def test_a_spreadsheet_runs_no_cell_and_loses_none(text: str) -> None:
    held = io.StringIO()
    csv.writer(held).writerow([cell(text)])
    (shown,) = next(csv.reader(io.StringIO(held.getvalue(), newline="")))
    assert shown in (text, "'" + text)
    assert shown[:1] not in set("=+-@\t\r\n＝＋－＠") or not shown


@given(value=st.recursive(
    _TEXT | st.none() | st.booleans() | st.floats() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=5,
))  # fmt: skip
def test_clean_text_is_one_line_of_sound_characters(value: object) -> None:
    text = clean(value, 40)
    assert len(text) <= 40
    assert text == text.strip()
    assert not {"\n", "\r", "\0", "\u202e", "\u2028"} & set(text)
    text.encode("utf-8")
    json.loads(json.dumps(text))
    assert "<b>" not in without_markup(text + "<b>x</b>")


@given(reason=_TEXT)
def test_reasons_are_grouped_without_a_pattern_of_theirs(reason: str) -> None:
    row = QuarantinedRow(1, "", "", f"The photo “{reason}” is not there.")
    assert isinstance(row.general_reason, str)
