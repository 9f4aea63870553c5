from core.domain import QuarantinedRow
from core.store.catalog_store import CatalogStore


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
