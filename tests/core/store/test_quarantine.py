from core.domain import QuarantinedRow
from core.store.catalog_store import CatalogStore
from core.store.database import metadata_of


def test_each_run_replaces_all_rows_and_other_handles_see_it(tmp_path):
    store, reader = CatalogStore(tmp_path), CatalogStore(tmp_path)
    store.quarantine.replace([QuarantinedRow(7, "b", "image", "no photo"),
                              QuarantinedRow(2, "", "title", "no title")])  # fmt: skip
    assert [row.row for row in reader.quarantine.all()] == [2, 7]
    store.quarantine.replace([QuarantinedRow(9, "c", "", "x")])
    assert reader.quarantine.all() == (QuarantinedRow(9, "c", "", "x"),)
    store.quarantine.replace([])
    assert (reader.quarantine.count(), reader.quarantine.all()) == (0, ())


def test_a_run_that_leaves_nothing_out_writes_nothing(tmp_path):
    store = CatalogStore(tmp_path)
    before = store.quarantine._table.version
    store.quarantine.replace([])
    assert store.quarantine._table.version == before


def test_rows_come_in_the_order_of_the_file_with_all_that_is_said_of_them(tmp_path):
    store = CatalogStore(tmp_path)
    rows = [QuarantinedRow(2, "b", "image", "x"), QuarantinedRow(2, "a", "title", "y"),
            QuarantinedRow(1, "", "", "z")]  # fmt: skip
    store.quarantine.replace(rows)
    assert store.quarantine.all() == (rows[2], rows[1], rows[0])
    assert store.quarantine.count() == 3
    assert metadata_of(store.quarantine._table)["schema_version"] == "1"
    store.quarantine.replace(rows[:1])
    assert store.quarantine.all() == (rows[0],)
