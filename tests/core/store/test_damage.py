"""Sentences about damaged files say which table, why, and what to do."""

from __future__ import annotations

from pathlib import PurePosixPath
from types import SimpleNamespace

import pytest

from core.errors import CatalogDamaged, QueryError
from core.store.damage import plain_reason, reading, reading_folder, sentence

ADDRESS = "/data/catalogs/shop/lance/{}.lance"


@pytest.mark.parametrize(
    ("table", "advice"),
    [
        *((name, "index the catalogue again, which makes it anew.") for name in
          ("items", "groundings", "rewrites", "quarantine", "statistics", "vectors_clip")),
        *((name, "go on with an empty one; what it held is lost then.") for name in
          ("judgments", "judgment_sets", "meta", "corrections")),
    ],
)  # fmt: skip
def test_a_sentence_names_table_catalogue_reason_and_way_out(table, advice):
    address = ADDRESS.format(table)
    assert sentence(address, ValueError("torn.\nmore")) == (
        f"The table “{table}” of the catalogue “shop” can't be read (torn). Put its folder "
        f"{address} back from a backup. Without one, move the folder elsewhere and {advice}"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("lance error: LanceError(IO): Invalid input, no file, /root/x.rs:1:2 at y", "no file"),
        ("lance error: lance error: torn", "torn"),
        ("torn /root/.cargo/a-1/src/x.rs:12:34, and more\nlines", "torn"),
        ("first\nsecond /x.rs:1:2", "first"),
        ("  torn...  ", "torn"),
        ("", "ValueError"),
        ("/root/x.rs:1:2", "ValueError"),
        ("x" * 201, "x" * 200),
        ("at LanceError(IO): x", "at LanceError(IO): x"),
    ],
)  # fmt: skip
def test_a_reason_is_one_line_without_places_in_other_people_s_source(text, reason):
    assert plain_reason(ValueError(text)) == reason


@pytest.mark.parametrize(
    "table",
    [ADDRESS.format("items"), SimpleNamespace(uri=ADDRESS.format("items"), name="x"),
     SimpleNamespace(name=ADDRESS.format("items"))],
)  # fmt: skip
def test_whatever_reading_raises_names_the_table(table):
    fault = RuntimeError("torn")
    with pytest.raises(CatalogDamaged) as caught, reading(table):
        raise fault
    assert str(caught.value) == sentence(ADDRESS.format("items"), fault)
    assert caught.value.__cause__ is fault


@pytest.mark.parametrize("fault", [QueryError("x"), MemoryError("x"), KeyboardInterrupt()])
def test_what_is_not_the_table_s_fault_stays_as_it_is(fault):
    for block in (reading("x"), reading_folder(PurePosixPath("/x"))):
        with pytest.raises(type(fault)) as caught, block:
            raise fault
        assert caught.value is fault


def test_a_folder_that_can_not_be_read_is_named():
    with pytest.raises(CatalogDamaged) as caught, reading_folder(PurePosixPath("/data/shop")):
        raise OSError(5, "Input/output error")
    assert str(caught.value) == (
        "The folder of the catalogue “shop” can't be read ([Errno 5] Input/output error). Put "
        "/data/shop back from a backup, or move it elsewhere and index the catalogue again."
    )


def test_a_reason_repeats_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key-of-the-store")
    said = plain_reason(RuntimeError("lance error: signed with key-of-the-store, refused"))
    assert said == "signed with …, refused"
