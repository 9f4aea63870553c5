"""Results of stages under their keys."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain import Box, Detection, Grounding, Mask, Rewrite
from core.store.catalog_store import CatalogStore


def rewrite(text: str) -> Rewrite:
    return Rewrite(text, (), "rules", f"print of {text}")


@pytest.fixture
def results(tmp_path):
    return CatalogStore(tmp_path).rewrites


def test_a_result_never_changes_and_is_found_by_its_key(results):
    results.add({"a": rewrite("first"), "b": rewrite("b")})
    results.add({"a": rewrite("second"), "c": rewrite("c")})
    assert results.get(["a", "c", "never"]) == {"a": rewrite("first"), "c": rewrite("c")}
    assert results.keys() == {"a", "b", "c"}
    prints = dict(zip(*results.table.to_arrow().select(["key", "fingerprint"]), strict=True))
    assert {str(key): str(value) for key, value in prints.items()} == {
        "a": "print of first", "b": "print of b", "c": "print of c",
    }  # fmt: skip


def test_appending_looks_for_no_key_and_nothing_is_no_commit(results):
    results.append("a", rewrite("a"))
    before = results.table.version
    results.append_all({"b": rewrite("b"), "a": rewrite("a")})
    assert results.table.version == before + 1
    assert results.table.count_rows() == 3
    results.append_all({})
    results.add({})
    assert results.table.version == before + 1
    assert results.get(["a", "b"]) == {"a": rewrite("a"), "b": rewrite("b")}


def test_groundings_have_a_table_of_their_own(tmp_path):
    store = CatalogStore(tmp_path)
    mask = Mask.encode(np.eye(4, dtype=bool))
    grounding = Grounding(
        "chair", 4, 4, (Detection("c", 0.5, Box(0, 0, 4, 4), mask),), 0.3, "m", "f"
    )
    store.groundings.add({"k": grounding})
    assert CatalogStore(tmp_path).groundings.get(["k"]) == {"k": grounding}
    assert store.groundings.table.to_arrow()["fingerprint"].to_pylist() == ["f"]
    assert store.rewrites.keys() == set()
    assert set(store.database.list_tables().tables) == {"groundings", "rewrites"}


def test_a_damaged_result_is_named_by_table_and_key(tmp_path, caplog):
    store = CatalogStore(tmp_path)
    store.rewrites.add({"a": rewrite("a")})
    store.rewrites.table.update(where="key = 'a'", values={"payload": "{"})
    assert store.rewrites.get(["a"]) == {}
    assert "The row “a” of the table “rewrites” can't be read (JSONDecodeError: " in caplog.text
