"""Valid files with some bytes changed: rows, or a sentence, and never a fault of ours."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.app.dry_run import preview_file
from core.base.tables import FileReport
from core.catalog.columns import guess_columns
from core.catalog.drafting import Drafts
from core.catalog.ingest import product_types
from core.catalog.products import products
from core.catalog.readers import look, open_catalog
from core.catalog.rows import Rejected
from core.cli.preview import preview_json, preview_text
from core.errors import StudioError
from core.evaluation import trec
from core.evaluation.query_files import read_qrels, read_queries
from core.judging import importing, judgment_readers, query_texts
from core.judging.queries import read_file
from core.settings import Settings
from tests.core.small_feeds import FEEDS, LABELS

#: Bytes that mean something to some reader.
_SIGNS = st.sampled_from(
    [b'"', b"'", b",", b";", b"\t", b"|", b"\n", b"\r", b"\0", b"\xff", b"\xfc", b"\xc3", b"\\",
     b"{", b"}", b"[", b"]", b":", b"<", b">", b"&", b"NaN", b"-Infinity", b"1e999", b"9" * 25,
     b"-9223372036854775809", b"\\ud83d", b"\\u0000", b"null", b"true", b"[[[[", b'""', b"=1+1",
     b"\xef\xbb\xbf", b"\xff\xfe", b"\x1f\x8b", b"PAR1", b"\xe2\x80\xae", b"a" * 300, b"<!ENTITY"]
)  # fmt: skip
_CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["flip", "insert", "delete", "repeat"]), st.floats(0, 1),
        _SIGNS | st.binary(min_size=1, max_size=4),
    ),
    min_size=1, max_size=5,
)  # fmt: skip


def changed(content: bytes, changes: list[tuple[str, float, bytes]]) -> bytes:
    """Return the content with bytes flipped, put in, taken out, or a stretch of it twice."""
    for kind, place, sign in changes:
        at = int(place * len(content))
        end = at + len(sign)
        if kind == "flip":
            content = content[:at] + sign + content[end:]
        elif kind == "insert":
            content = content[:at] + sign + content[at:]
        elif kind == "delete":
            content = content[:at] + content[end:]
        else:
            content = content[:end] + content[max(0, at - 20) :]
    return content


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("feeds").resolve()
    (folder / "a.jpg").write_bytes(b"not decoded")
    return folder


def drafts(path: Path) -> int:
    """Read a catalogue as the dry run and indexing do; how many of its rows are items."""
    table = open_catalog(path)
    settings, columns = Settings(), guess_columns(table.columns)
    drafts, items = Drafts(path.parent, columns, product_types(table, columns, settings), ""), 0
    for product in products(table.rows(), columns):
        with contextlib.suppress(Rejected):
            draft = drafts.of(product)
            if draft is None:  # it says the same as an earlier row
                continue
            json.dumps([draft.item_id, dict(draft.words), dict(draft.attributes)]).encode("utf-8")
            assert all(isinstance(text, str) for text in draft.words.values())
            "".join(draft.words.values()).encode("utf-8")  # no half characters
            items += 1
    return items


@pytest.mark.parametrize("name", FEEDS)
@given(changes=_CHANGES)
def test_a_changed_catalogue_is_items_or_a_sentence(
    folder: Path, name: str, changes: list[tuple[str, float, bytes]]
) -> None:
    path = folder / name
    path.write_bytes(changed(FEEDS[name], changes))
    with contextlib.suppress(StudioError):
        look(path)
        drafts(path)


@given(name=st.sampled_from(sorted(FEEDS)), changes=_CHANGES)
def test_a_changed_catalogue_has_a_dry_run_without_a_fault_of_ours(
    folder: Path, name: str, changes: list[tuple[str, float, bytes]]
) -> None:
    path = folder / name
    path.write_bytes(changed(FEEDS[name], changes))
    with contextlib.suppress(StudioError):
        preview = preview_file(path, Settings())
        assert not [row for row in preview.left_out if "could not be read (" in row.reason]
        preview_json(preview).encode("utf-8")
        preview_text(preview).encode("utf-8")


class _Desk:
    """Knows no set yet."""

    sets = SimpleNamespace(all=lambda: (), find=lambda set_id: None)

    def is_spent(self, set_id: str) -> bool:
        return False


@pytest.mark.parametrize("name", LABELS)
@given(changes=_CHANGES)
def test_changed_labels_and_queries_are_rows_or_a_sentence(
    folder: Path, name: str, changes: list[tuple[str, float, bytes]]
) -> None:
    path = folder / name
    path.write_bytes(changed(LABELS[name], changes))
    report = FileReport()
    for read in (
        lambda: judgment_readers.read(path),
        lambda: importing.plan(_Desk(), path, lambda ids: ids),  # type: ignore[arg-type]
        lambda: query_texts.read_query_texts(path, report),
        lambda: read_queries(path, False, report),
        lambda: read_qrels(path, report),
        lambda: read_file(path, report=report),
        lambda: trec.read_qrels(path, report),
        lambda: trec.read_run(path, report),
    ):
        with contextlib.suppress(StudioError):
            read()
    for note in report.notes:
        note.encode("utf-8")


@pytest.mark.parametrize("name", [*FEEDS, *LABELS])
def test_the_files_are_valid_as_they_are(folder: Path, name: str) -> None:
    path = folder / name
    path.write_bytes((FEEDS | LABELS)[name])
    if name in LABELS:
        reads = (judgment_readers.read, read_queries, read_qrels, trec.read_run)
        assert any(_reads(read, path) for read in reads)
    elif name not in ("google.xml", "google.tsv"):
        assert drafts(path)


def _reads(read: object, path: Path) -> bool:
    try:
        return bool(read(path))  # type: ignore[operator]
    except StudioError:
        return False
