"""One row that can't be decoded costs that row alone, and the log names it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from core.domain import Item, JudgmentEvent, Photo, Rewrite, Rules, Stage
from core.judging.judgment_queue import JudgmentQueue
from core.judging.state import SetState
from core.store.catalog_store import CatalogStore
from core.store.database import open_database
from core.store.items import ItemRecord
from core.store.meta import CatalogMeta
from core.store.row_decoding import UNDECODABLE, decoded
from tests.core.judging.desks import QUERIES, answer, grade

ITEM = Item("i-1", "Chair", Photo("a" * 64, 10, 10, "0" * 16), attributes={"colour": "red"})


@pytest.fixture
def store(tmp_path: Path) -> CatalogStore:
    return CatalogStore(tmp_path / "shop")


def spoil(store: CatalogStore, table: str, condition: str, **values: str) -> None:
    """Change stored values behind the store's back, as a fault or another program would."""
    store.database.open_table(table).update(where=condition, values=values)


def repeat(store: CatalogStore, table: str, **values: object) -> None:
    """Add a copy of a table's first row with other values."""
    opened = store.database.open_table(table)
    row = opened.search().limit(1).to_list()[0] | values
    opened.add(pa.Table.from_pylist([row], schema=opened.schema))


@pytest.mark.parametrize("attributes", ["{", "[1]", "null", ""])
def test_an_item_keeps_the_rest_of_its_fields(
    store: CatalogStore, attributes: str, caplog: pytest.LogCaptureFixture
) -> None:
    other = ItemRecord(Item("i-2", "Lamp", ITEM.photo), "row")
    store.items.upsert([ItemRecord(ITEM, "row"), other])
    spoil(store, "items", "item_id = 'i-1'", attributes=attributes)
    items = store.items.get(["i-1", "i-2"])
    assert (items["i-1"].title, items["i-1"].attributes) == ("Chair", {})
    assert items["i-2"] == other.item
    assert "i-1" in caplog.text


def test_a_stage_s_result_is_left_out(
    store: CatalogStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.rewrites.add({"a": Rewrite("a chair", (), "rules", "f"), "b": Rewrite("b", (), "r", "f")})
    spoil(store, "rewrites", "key = 'a'", payload='{"text": 1}')
    assert list(store.rewrites.get(["a", "b"])) == ["b"]
    assert "“rewrites”" in caplog.text


def test_a_correction_of_an_unknown_stage_is_left_out(store: CatalogStore) -> None:
    words = Rewrite("first", (), "a person", "")
    event = store.corrections.correct(Stage.REWRITE, ITEM, store.rewrites, words, "ada")
    repeat(store, "corrections", event_id="x", stage="smell")
    assert store.corrections.standing().of(Stage.REWRITE, "i-1", "a" * 64) == event
    assert len(store.corrections.history("i-1")) == 1


def test_facts_of_a_later_version_are_left_out(store: CatalogStore) -> None:
    store.meta.write(CatalogMeta("Shop", "items.csv"))
    repeat(store, "meta", name="colour", value="green")
    assert store.meta.read() == CatalogMeta("Shop", "items.csv")


def test_a_judgment_set_and_an_event_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_database(tmp_path / "lance")
    desk = JudgmentQueue(database)
    made = desk.sets.create("Chairs", QUERIES, ["clip", "vl-clip"], 5, Rules(), answer)
    desk.judge(grade(made, "q1", "q1-0", 2))
    sets, events = database.open_table("judgment_sets"), database.open_table("judgments")
    broken = {"set_id": "broken", "created": made.created, "payload": json.dumps({"name": "x"})}
    sets.add(pa.Table.from_pylist([broken], schema=sets.schema))
    row = events.search().limit(1).to_list()[0] | {"event_id": "e", "kind": "sniff"}
    events.add(pa.Table.from_pylist([row], schema=events.schema))

    again = JudgmentQueue(open_database(tmp_path / "lance"))
    assert [entry.set_id for entry in again.sets.all()] == [made.set_id]
    assert again.look(made.set_id, SetState.__len__) == 1
    full_reads = []
    read = again._states.log.events

    def counted(set_id: str, since: datetime | None = None) -> list[JudgmentEvent]:
        full_reads.extend([set_id] if since is None else [])
        return read(set_id, since)

    monkeypatch.setattr(again._states.log, "events", counted)
    desk.judge(grade(made, "q1", "q1-1", 1))
    assert again.look(made.set_id, SetState.__len__) == 2
    assert not full_reads  # a row that stays unreadable does not make every look a full read


def test_what_decodes_comes_with_its_row_and_the_rest_is_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rows = [{"id": "a", "n": "1"}, {"id": "x" * 200, "n": "?"}, {"n": None}, {"id": "b", "n": "2"}]
    read = list(decoded(rows, lambda row: int(row["n"]), "things", "id"))
    assert read == [(rows[0], 1), (rows[3], 2)]
    first, second = (record.getMessage() for record in caplog.records)
    assert first == (
        f"The row “{'x' * 100}” of the table “things” can't be read (ValueError: invalid literal "
        "for int() with base 10: '?'); it is left out."
    )
    assert second.startswith("The row “” of the table “things” can't be read (TypeError: ")


@pytest.mark.parametrize("fault", UNDECODABLE)
def test_every_fault_of_decoding_costs_its_row_alone(fault: type[Exception]) -> None:
    def decode(row: dict[str, str]) -> str:
        if row["id"] == "a":
            raise fault("x")
        return row["id"]

    assert [value for _, value in decoded([{"id": "a"}, {"id": "b"}], decode, "t", "id")] == ["b"]


def test_a_fault_of_ours_is_not_hidden() -> None:
    def decode(row: dict[str, str]) -> str:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        list(decoded([{"id": "a"}], decode, "t", "id"))
