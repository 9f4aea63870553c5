"""Build the index of a large vector table on workers: each indexes some of its fragments.

What all parts must share, the centroids and the rotation of compressed vectors, is trained here
first. The parts are in files that nobody reads until one commit puts them in place of the old
index; so a worker that ends costs its part, and a failure leaves the old index where it is.

This module alone imports ``pylance``, whose module is called ``lance``: LanceDB has no interface
for this. The workers write beside the table, so they must see it: on this machine, in a file
system that all share, or in a bucket whose credentials are in their environment.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from lancedb.index import HnswFlat, IvfRq
from lancedb.table import LanceTable, Table

from core.ports.workers import Workers
from core.store.damage import plain_reason
from core.store.frozen_rows import VECTOR_INDEX
from core.store.index_kinds import config_of
from core.store.vector_index import Trainer, train

_log = logging.getLogger(__name__)

#: Fewest rows of a part: many small ones would make searches of a graph slower.
LEAST_ROWS = 100_000
#: Rows of a partition of compressed vectors, and the most partitions, as LanceDB chooses them.
_PARTITION, _MOST_PARTITIONS = 4096, 4096


def trainer_on(workers: Workers) -> Trainer:
    """Return what builds an index on workers, or in this process where they can't."""

    def on_workers(table: Table, kind: str) -> None:
        try:
            built = _built(workers, table, kind)
        except Exception as error:  # whatever a worker met: one process can do it, too
            reason = plain_reason(error)
            _log.warning("The workers can't build the index of %s: %s", table.name, reason)
            built = False
        if not built:
            train(table, kind)

    return on_workers


def _built(workers: Workers, table: Table, kind: str) -> bool:
    """Build an index on workers; return whether there was something to share among them."""
    if find_spec("lance") is None:
        _log.info("pylance is not installed here: the index is built in this process")
        return False
    uri = _address(cast("LanceTable", table).uri)
    data = _opened(uri)
    rows = {fragment.fragment_id: fragment.count_rows() for fragment in data.get_fragments()}
    shares = dealt(rows, min(workers.count, sum(rows.values()) // LEAST_ROWS))
    if len(shares) < 2:
        return False
    parts = _parts(workers, uri, data.version, _common(data, kind, sum(rows.values())), shares)
    _check_there(uri, parts)
    if isinstance(config_of(kind), IvfRq):  # graphs would have to be built anew
        parts = [data.merge_existing_index_segments(parts)]
    data.commit_existing_index_segments(VECTOR_INDEX, "vector", parts)
    return True


def _parts(
    workers: Workers,
    uri: str,
    version: int,
    options: Mapping[str, Any],
    shares: Sequence[Sequence[int]],
) -> list[Any]:
    """Let workers index a share each; return what Lance says of the parts."""
    threads = ThreadPoolExecutor(len(shares))
    try:
        begun = [
            threads.submit(workers.call, build_part, uri, version, options, share)
            for share in shares
        ]
        return [part.result() for part in begun]
    finally:  # where one failed, or the command is stopped, nothing waits for the others
        threads.shutdown(wait=False, cancel_futures=True)


def build_part(
    uri: str, version: int, options: Mapping[str, Any], fragments: Sequence[int]
) -> object:
    """Index the rows of some fragments, in a worker; the part is not in use yet.

    Args:
        uri: Address of the table.
        version: Its version.
        options: What the index is built from, the same for all parts.
        fragments: Ids of the fragments.
    """
    data = _opened(uri, version)
    part: object = data.create_index_uncommitted(
        "vector", name=VECTOR_INDEX, replace=True, fragment_ids=list(fragments), **options
    )
    return part


def dealt(rows: Mapping[int, int], count: int) -> list[list[int]]:
    """Deal fragments, given with their rows, into at most ``count`` shares of about equal size."""
    shares: list[list[int]] = [[] for _ in range(max(1, min(count, len(rows))))]
    sizes = [0] * len(shares)
    for fragment in sorted(rows, key=lambda fragment: (-rows[fragment], fragment)):
        smallest = sizes.index(min(sizes))
        shares[smallest].append(fragment)
        sizes[smallest] += rows[fragment]
    return shares


def _common(data: Any, kind: str, rows: int) -> dict[str, Any]:
    """Return what all parts are built from; compressed ones share their centroids and rotation."""
    config = config_of(kind)
    if isinstance(config, HnswFlat):
        return {
            "index_type": "IVF_HNSW_FLAT", "metric": config.distance_type, "m": config.m,
            "ef_construction": config.ef_construction,
        }  # fmt: skip
    from lance.indices import IndicesBuilder
    from lance.lance import indices

    partitions = max(1, min(rows // _PARTITION, _MOST_PARTITIONS))
    model = IndicesBuilder(data, "vector").train_ivf(
        partitions, distance_type=config.distance_type, sample_rate=config.sample_rate,
        max_iters=config.max_iterations,
    )  # fmt: skip
    dim = data.schema.field("vector").type.list_size
    return {
        "index_type": "IVF_RQ", "metric": config.distance_type, "num_bits": config.num_bits,
        "num_partitions": partitions, "ivf_centroids": model.centroids,
        "rabitq_model": indices.build_rq_model(dim, config.num_bits, "float32"),
    }  # fmt: skip


def _address(uri: str) -> str:
    """Return an address that holds in any working directory."""
    return uri if "://" in uri else str(Path(uri).absolute())


def _opened(uri: str, version: int | None = None) -> Any:
    import lance

    return lance.dataset(uri, version=version)


def _check_there(uri: str, parts: Sequence[Any]) -> None:
    """Check that the files of all parts are here: a worker may have had a table of its own there.

    Raises:
        FileNotFoundError: One is not. A bucket is the same one everywhere.
    """
    if "://" in uri:
        return
    for part in parts:
        for file in part.files or ():
            if not (Path(uri) / "_indices" / part.uuid / file.path).is_file():
                raise FileNotFoundError("a worker wrote its part elsewhere")
