import shutil
from datetime import timedelta

import pyarrow as pa
import pytest

from core.domain import Filters
from core.errors import CatalogDamaged
from core.store import database as db
from tests.forked import forked

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


TABLES = 20


def _create_and_add(path, number, others):
    database = db.open_database(path)
    for table in range(TABLES):
        others.wait(300)
        db.ensure_table(database, f"things{table}", SCHEMA).add(rows((str(number), "home", "a")))


def test_processes_may_create_the_same_table_at_once(tmp_path):
    context = forked()
    others = context.Barrier(3)
    workers = [
        context.Process(target=_create_and_add, args=(tmp_path, n, others)) for n in range(3)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    database = db.open_database(tmp_path)
    counts = [db.find_table(database, f"things{n}").count_rows() for n in range(TABLES)]
    assert counts == [3] * TABLES


def test_a_table_that_is_made_while_it_is_looked_for_is_found(tmp_path, table, monkeypatch):
    table.add(rows(("1", "a", "b")))
    base, answers = db.open_database(tmp_path / "lance"), [None]
    opened = db._opened

    def first_too_early(database, name):
        return answers.pop() if answers else opened(database, name)

    monkeypatch.setattr(db, "_opened", first_too_early)
    assert db.find_table(base, "things").count_rows() == 1


def test_facts_of_a_table_are_texts_beside_its_version():
    schema = db.with_metadata(SCHEMA, dim=5, name="x")
    assert schema.metadata == {b"schema_version": b"1", b"dim": b"5", b"name": b"x"}


def test_a_table_is_opened_where_it_is_and_made_where_not(tmp_path):
    base = db.open_database(tmp_path / "new" / "lance")
    assert (tmp_path / "new" / "lance").is_dir()
    table = db.ensure_table(base, "things", SCHEMA)
    assert table.schema.names == SCHEMA.names
    table.add(rows(("1", "a", "b")))
    assert db.ensure_table(base, "things", pa.schema([])).count_rows() == 1
    assert db.address_of(base, "things") == f"{tmp_path}/new/lance/things.lance"
    slashed = type("Base", (), {"uri": "db://x//"})()
    assert db.address_of(slashed, "t") == "db://x/t.lance"


def test_other_handles_see_a_commit_at_once(tmp_path, table):
    other = db.find_table(db.open_database(tmp_path / "lance"), "things")
    before = db.version_of(other)
    table.add(rows(("1", "a", "b")))
    assert db.count_rows(other) == 1
    assert db.version_of(other) == before + 1


def test_a_table_without_its_manifest_is_damaged_and_an_empty_folder_is_none(tmp_path, table):
    table.add(rows(("1", "a", "b")))
    folder = tmp_path / "lance" / "things.lance"
    shutil.rmtree(folder / "_versions")
    base = db.open_database(tmp_path / "lance")
    with pytest.raises(CatalogDamaged, match="its manifest is missing"):
        db.find_table(base, "things")
    for file in (folder / "data").iterdir():
        file.unlink()
    assert db.find_table(base, "things") is None
    (folder / "data").rmdir()
    assert db.find_table(base, "things") is None


def test_missing_columns_are_added_and_the_rest_stays(tmp_path, table):
    table.add(rows(("1", "a", "b")))
    before = db.version_of(table)
    db.add_missing_columns(table, SCHEMA, tmp_path / "lock")
    assert db.version_of(table) == before
    assert not (tmp_path / "lock").exists()
    wider = pa.schema([*SCHEMA, pa.field("more", pa.string()), pa.field("n", pa.int32())])
    db.add_missing_columns(table, wider, tmp_path / "lock")
    assert table.schema.names == wider.names
    assert table.to_arrow().to_pylist() == [
        {"id": "1", "department": "a", "product_type": "b", "more": None, "n": None}
    ]
    assert (tmp_path / "lock").exists()


def test_rows_are_counted_limited_and_read_by_condition(table):
    table.add(rows(*((str(n), "home" if n < 7 else "art", "a") for n in range(10))))
    assert db.count_rows(table) == 10
    assert db.count_rows(table, "department = 'art'") == 3
    assert db.read_rows(table, ["id"], limit=4).num_rows == 4
    assert db.read_rows(table, ["id", "department"]).column_names == ["id", "department"]
    some = db.read_rows(table, ["id"], db.one_of("department", ["art"]), 2)
    assert some.num_rows == 2
    assert db.read_rows(table, ["id"]).num_rows == 10
    with pytest.raises(CatalogDamaged):
        db.read_rows(table, ["colour"])
    with pytest.raises(CatalogDamaged):
        db.count_rows(table, "colour = 1")


def test_values_that_repeat_are_read_once_and_lists_end_where_they_must(table, monkeypatch):
    monkeypatch.setattr(db, "IN_LIMIT", 2)
    table.add(rows(*((str(n), "home", "a") for n in range(6))))
    asked = []
    one_of = db.one_of
    monkeypatch.setattr(
        db, "one_of", lambda c, values: asked.append(list(values)) or one_of(c, values)
    )
    read = db.read_by(table, "id", iter(["1", "1", "2", "3", "9", "4"]), ["id", "department"])
    assert sorted(read["id"].to_pylist()) == ["1", "2", "3", "4"]
    assert asked == [["1", "2"], ["3", "9"], ["4"]]
    assert db.read_by(table, "id", [], ["id", "department"]).column_names == ["id", "department"]
    asked.clear()
    db.delete_by(table, "id", ["0", "1", "2"])
    assert asked == [["0", "1"], ["2"]]
    assert sorted(db.read_rows(table, ["id"])["id"].to_pylist()) == ["3", "4", "5"]
    db.delete_by(table, "id", [])
    assert table.count_rows() == 3


def test_nothing_to_store_is_no_commit(table):
    before = db.version_of(table)
    db.upsert(table, "id", rows())
    db.insert_new(table, "id", rows())
    assert db.version_of(table) == before


def test_old_versions_stay_for_a_quarter_of_an_hour():
    given = {}
    db.compact(type("T", (), {"optimize": lambda self, **options: given.update(options)})())
    assert given == {"cleanup_older_than": timedelta(minutes=15)}
