"""Ten times the input takes about ten times the work, never a hundred times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.app.dry_run import preview_file
from core.app.facets import MOST_FACETS, _facet_names
from core.base.tables import open_table
from core.catalog import column_names, photo_cells, photos
from core.domain import EventKind, Filters, JudgmentEvent, JudgmentQuery
from core.errors import StudioError
from core.evaluation import trec
from core.evaluation.query_files import read_qrels, read_queries
from core.judging import importing, judgment_readers
from core.judging.agreement import agreement
from core.judging.pool import pool
from core.judging.queries import numbered, parse_lines, read_file
from core.judging.state import SetState
from core.judging.watch import annotator_reports
from core.settings import Settings
from tests.core.judging.desks import result
from tests.work_and_memory import MOST_GROWTH, growth


def rows(path: Path) -> None:
    try:
        for _ in open_table(path).rows():
            pass
    except StudioError:  # so many open quotation marks that reading gives up
        pass


#: How a file begins, what is in it again and again, how it ends; what reads it, how often.
FILES: dict[str, tuple[str, str, str, Callable[[Path], object], int]] = {
    "rows.csv": ("id,title\n", "1,a chair\n", "", rows, 6000),
    "columns.csv": ("", "name,", "\n1\n", rows, 390),
    # Above the number of lines at which reading gives up on a quotation and starts over.
    "cell.csv": ('id,title\n1,"', 'word "" \n', '"\n', rows, 12_000),
    "marks.csv": ("id,title\n", '1,"a\n', "", rows, 300),
    "lines.csv": ("id,title\n1,", "\r", "\n", rows, 8000),
    "cp1252.csv": ("id,title\n", "1,gr\udcfcn\n", "", rows, 4000),
    "rows.jsonl": ("", '{"id": 1, "title": "a"}\n', "", rows, 4000),
    "keys.jsonl": ("{", '"a": 1, ', '"b": 2}\n', rows, 8000),
    "list.json": ("[", '{"id": 1, "title": "a"},', "]", rows, 3000),
    "deep.json": ('{"a":', "[", "]", rows, 20_000),
    "signs.json": ('[{"id": "', "\\\\", '"}]', rows, 20_000),
    "q.csv": ("query_id,text\n", "{n},lamp\n", "", read_queries, 3000),
    "twice.csv": ("query_id,text\n", "1,lamp\n", "", read_queries, 3000),
    "r.csv": ("query_id,item_id,relevance\n", "1,{n},1\n", "", read_qrels, 3000),
    "r.qrels": ("", "1 0 i{n} 1\n", "", read_qrels, 5000),
    "x.run": ("", "1 Q0 i{n} 1 0.5 t\n", "", trec.read_run, 5000),
    "queries.log": ("", "lamp {n}\n", "", read_file, 5000),
    "labels.csv": ("query,docid,rating\n", "lamp {n},i{n},1\n", "", judgment_readers.read, 3000),
    "labels.qrels": ("", "q{n} 0 i{n} 1\n", "", judgment_readers.read, 4000),
    "raters.csv": ("query,docid,", "r{n},", "\nlamp,i,\n", judgment_readers.read, 390),
}


@pytest.mark.parametrize("name", FILES)
def test_reading_grows_with_the_file(tmp_path: Path, name: str) -> None:
    start, middle, end, read, size = FILES[name]

    def prepare(count: int) -> Path:
        path = tmp_path / f"{count}-{name}"
        text = start + "".join(middle.replace("{n}", str(n)) for n in range(count)) + end
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        return path

    assert growth(prepare, read, size) < MOST_GROWTH


def event(n: int, who: str = "ada", pair: int = 0, kind: EventKind = EventKind.GRADE) -> Any:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=n)
    return JudgmentEvent(f"e{n}", kind, "s", f"q{pair // 10}", f"i{pair}", who, n % 4, "", at, 1.0)


def many_people(count: int) -> list[JudgmentEvent]:
    return [event(n, f"p{n % 3}", n // 3) for n in range(count)]


def one_pair(count: int) -> list[JudgmentEvent]:
    """Grades of one pair by one person, each taken back."""
    graded = [event(n) for n in range(count)]
    undone = [
        replace(event(count + n, kind=EventKind.UNDO), grade=None, note=f"e{n}")
        for n in range(count)
    ]
    return [each for both in zip(graded, undone, strict=True) for each in both]


class Desk:
    """Knows no set yet."""

    sets = SimpleNamespace(all=lambda: (), find=lambda set_id: None)

    def is_spent(self, set_id: str) -> bool:
        return False


def test_importing_grows_with_the_file(tmp_path: Path) -> None:
    def prepare(count: int) -> Path:
        path = tmp_path / f"{count}.jsonl"
        label = (
            '{{"event_id": "e{n}", "kind": "grade", "set_id": "s", "query_id": "q{q}", '
            '"item_id": "i", "annotator": "ada", "grade": 1, "note": "", "seconds": 1, '
            '"at": "2026-01-01T00:00:00+00:00", "query_text": "lamp {n}"}}'
        )
        own = [label.format(n=n, q=n + count + 2) for n in range(count)]
        foreign = [f'{{"query": "rug {n}", "docid": "i", "rating": 1}}' for n in range(count)]
        path.write_text("\n".join([*own, *foreign]))
        return path

    def work(path: Path) -> None:
        made = importing.plan(Desk(), path, lambda ids: ids)  # type: ignore[arg-type]
        assert not made.rejected

    assert growth(prepare, work, 300) < MOST_GROWTH


@pytest.mark.parametrize(
    ("prepare", "work", "size"),
    [
        (many_people, SetState, 2000),
        (one_pair, SetState, 1000),
        (many_people, agreement, 300),
        (many_people, annotator_reports, 1000),
        (lambda n: "\n".join(f"lamp {i}" for i in range(n)), parse_lines, 4000),
        (lambda n: [JudgmentQuery("", text=str(i % 7)) for i in range(n)], numbered, 8000),
        (
            lambda n: {JudgmentQuery(f"q{i}"): [result("clip", ["a", "b"])] for i in range(n)},
            lambda results: pool(results, 2, "seed"),
            400,
        ),
    ],
    ids=["state", "one pair", "agreement", "reports", "lines", "numbered", "pool"],
)
def test_judging_grows_with_the_labels(
    prepare: Callable[[int], Any], work: Callable[[Any], object], size: int
) -> None:
    assert growth(prepare, work, size) < MOST_GROWTH


@pytest.mark.parametrize("repeated", [False, True])
def test_a_dry_run_grows_with_the_file(tmp_path: Path, repeated: bool) -> None:
    (tmp_path / "a.jpg").write_bytes(b"not decoded")

    def prepare(count: int) -> Path:
        path = tmp_path / f"{count}.csv"
        lines = [f"{0 if repeated else n},Oak stool {n},a.jpg" for n in range(count)]
        path.write_text("\n".join(["id,title,image", *lines]))
        return path

    settings = Settings(data_dir=tmp_path / "data")
    assert growth(prepare, lambda path: preview_file(path, settings), 150) < MOST_GROWTH


def test_facets_grow_with_the_items_though_each_has_attributes_of_its_own() -> None:
    def prepare(count: int) -> list[dict[str, str]]:
        return [{f"name {n}-{m}": "x" for m in range(5)} for n in range(count)]

    assert growth(prepare, _facet_names, 1500) < MOST_GROWTH
    few = [{"colour": str(n % 2), **own} for n, own in enumerate(prepare(100))]
    assert _facet_names(few) == ["colour"]
    many = [{f"a{m}": str(n % 2) for m in range(100)} | {"brand": str(n)} for n in range(200)]
    assert len(_facet_names(many)) == MOST_FACETS + 1
    assert "brand" in _facet_names(many)


def test_filters_grow_with_their_values() -> None:
    def prepare(count: int) -> Filters:
        return Filters(attributes=tuple(("colour", str(n)) for n in range(count)))

    assert growth(prepare, Filters.by_facet, 3000) < MOST_GROWTH


def test_photos_of_one_name_in_many_folders() -> None:
    class Folder:
        def __init__(self, count: int) -> None:
            self.paths = [Path(f"{n}/1.jpg") for n in range(count)]

        def rglob(self, _: str) -> list[Path]:
            return self.paths

    def work(folder: Folder) -> None:
        photos.forget_folders()
        photos._names_below(folder)  # type: ignore[arg-type]

    assert growth(Folder, work, 3000) < MOST_GROWTH


@pytest.mark.parametrize(
    ("work", "unit", "ending"),
    [
        (photo_cells.split, ".jpg?", "\nx|b.jpg"),
        (partial(column_names.rank, kind="image"), "(", ""),
    ],
    ids=["photo cell", "column name"],
)
def test_one_long_cell_or_name(work: Callable[[str], object], unit: str, ending: str) -> None:
    assert growth(lambda count: unit * count + ending, work, 1500) < MOST_GROWTH
