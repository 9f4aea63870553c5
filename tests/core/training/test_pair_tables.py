"""Tables of training pairs in an object store."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from core.errors import TrainingError
from core.training.pair_tables import PairTable, write_table
from tests.core.training.flags import write_flags


def test_a_table_in_a_bucket_is_read_like_one_in_a_folder(bucket_uri: str, tmp_path: Path) -> None:
    flags = pq.read_table(write_flags(tmp_path / "flags.parquet"))
    write_table(f"{bucket_uri}/flags.lance", flags.schema, [flags])
    table = PairTable(f"{bucket_uri}/flags.lance")
    assert table.count == flags.num_rows
    words = [row for rows in table.words(50, 90) for row in rows]
    assert words == flags.select(["text", "group"]).slice(50, 40).to_pylist()
    assert list(table.pictures(100, 103)) == flags["image"].slice(100, 3).to_pylist()
    with pytest.raises(TrainingError, match=r"none.lance can't be read as a Lance table"):
        PairTable(f"{bucket_uri}/none.lance")
