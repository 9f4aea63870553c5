import multiprocessing

import pyarrow as pa
import pytest

from core.domain import Filters
from core.store import database as db

SCHEMA = pa.schema([pa.field("id", pa.string()), pa.field("department", pa.string()),
                    pa.field("product_type", pa.string())])  # fmt: skip


def rows(*triples):
    return pa.Table.from_pylist(
        [dict(zip(SCHEMA.names, triple, strict=True)) for triple in triples], schema=SCHEMA
    )


@pytest.fixture
def table(tmp_path):
    return db.ensure_table(db.open_database(tmp_path / "lance"), "things", SCHEMA)


def test_tables_know_their_schema_version(table):
    assert db.metadata_of(table)["schema_version"] == str(db.SCHEMA_VERSION)


def test_missing_table_is_none(tmp_path):
    assert db.find_table(db.open_database(tmp_path), "nothing") is None


@pytest.mark.parametrize(
    "evil", ["o'art", "x' OR '1'='1", 'a"b', "a\\'; DROP TABLE things; --", "käse 🧀", "%", ""]
)
def test_filters_take_any_value_as_data(table, evil):
    table.add(rows(("1", evil, "a"), ("2", "home", "a"), ("3", "home", "b")))
    passing = db.read_rows(table, ["id"], db.filter_condition(Filters(departments=(evil,))))
    assert passing["id"].to_pylist() == ["1"]


def test_both_filters_must_hold(table):
    table.add(rows(("1", "home", "a"), ("2", "home", "b"), ("3", "art", "a"), ("4", "art", "c")))
    condition = db.filter_condition(Filters(departments=("home", "art"), product_types=("a", "c")))
    assert sorted(db.read_rows(table, ["id"], condition)["id"].to_pylist()) == ["1", "3", "4"]
    assert db.filter_condition(Filters()) is None


def test_read_by_takes_more_values_than_one_list(table, monkeypatch):
    monkeypatch.setattr(db, "IN_LIMIT", 3)
    table.add(rows(*((str(n), "home", "a") for n in range(20))))
    read = db.read_by(table, "id", (str(n) for n in range(5, 15)), ["id"])
    assert sorted(read["id"].to_pylist(), key=int) == [str(n) for n in range(5, 15)]
    assert db.read_by(table, "id", [], ["id"]).num_rows == 0
    db.delete_by(table, "id", (str(n) for n in range(10)))
    assert table.count_rows() == 10


def test_upsert_replaces_and_insert_new_keeps(table):
    db.upsert(table, "id", rows(("1", "home", "a")))
    db.upsert(table, "id", rows(("1", "art", "a"), ("2", "art", "a")))
    db.insert_new(table, "id", rows(("1", "garden", "a"), ("3", "garden", "a")))
    departments = {row["id"]: row["department"] for row in table.to_arrow().to_pylist()}
    assert departments == {"1": "art", "2": "art", "3": "garden"}


def test_compacting_merges_fragments_and_keeps_rows(table):
    for number in range(6):
        table.add(rows((str(number), "home", "a")))
    assert db.fragments(table) == 6
    db.compact(table)
    assert db.fragments(table) == 1
    assert table.count_rows() == 6


def _create_and_add(path, number):
    table = db.ensure_table(db.open_database(path), "things", SCHEMA)
    table.add(rows((str(number), "home", "a")))


def test_processes_may_create_the_same_table_at_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_create_and_add, args=(tmp_path, n)) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert db.find_table(db.open_database(tmp_path), "things").count_rows() == 3
