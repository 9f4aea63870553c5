"""Fixtures that several rooms use: real weights, and the encoder made of them."""

from __future__ import annotations

import atexit
import gc
import os
import tempfile
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings
from threadpoolctl import threadpool_limits

from core.app.studio import Studio
from core.base.buckets import Bucket, connect
from core.errors import WeightsUnavailable
from core.settings import load_settings
from core.weights import WeightStore
from tests import object_store

if TYPE_CHECKING:
    from core.embedding.compact import CompactEncoder

# The same few examples on every run; `--hypothesis-profile=thorough` looks for new ones.
_FIXTURES = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
settings.register_profile(
    "ci", max_examples=25, derandomize=True, deadline=None, suppress_health_check=_FIXTURES
)
settings.register_profile(
    "thorough", max_examples=400, deadline=None, print_blob=True, suppress_health_check=_FIXTURES
)
settings.load_profile("ci")

# Every core has a test process: threads of a pass would wait for those of the other process, which
# takes up to twice the processor time. `tests/core/base/test_threads.py` passes with more, and
# `tests/core/app/test_selftest.py` on the models.
os.environ["OMP_NUM_THREADS"] = "1"
threadpool_limits(1)

# Five seconds, which httpx gives a request, may be too few while all cores are busy.
httpx._config.DEFAULT_TIMEOUT_CONFIG.__init__(60.0)  # type: ignore[misc]

# Each test server would measure and convert the image tower anew; the tests of written queries
# ask for them.
os.environ.setdefault("VLCLIP_WRITTEN_QUERIES", "false")


_TESTS = Path(__file__).parent
#: The longest test files, and folders with long ones. They begin first, so that no process waits
#: for the other at the end; the rest follows folder by folder, since files of a folder share
#: fixtures. The demo is indexed for the first one, and the second does not need it.
_FIRST = [_TESTS / "benchmarks", _TESTS / "e2e" / "test_look.py"]
_LONG = [_TESTS / "e2e", _TESTS / "ui"]


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Let the garbage collector pass over what stays until the end: half a million objects."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()
        atexit.register(gc.unfreeze)  # what has to be cleaned up at the end, is


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first."""

    def place(item: pytest.Item) -> int:
        paths = [item.path, *item.path.parents]
        for number, first in enumerate(_FIRST):
            if first in paths:
                return number
        is_long = item.path.parent == _TESTS or any(folder in paths for folder in _LONG)
        return len(_FIRST) + (not is_long)

    items.sort(key=place)


@pytest.fixture(scope="session")
def weights() -> WeightStore:
    """The user's own weight cache, with the compact weights in it.

    Where the package index can't be reached, tests that need weights are skipped with that
    reason; with ``CI`` set they fail, so that no pipeline passes without having run them.
    """
    store = WeightStore.from_settings(load_settings())
    try:
        for role in ("clip-image", "sam"):
            store.path(role)
    except WeightsUnavailable as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    return store


@pytest.fixture(scope="session")
def encoder(weights: WeightStore) -> CompactEncoder:
    """The compact encoder on real weights; loads on first use."""
    from core.embedding.compact import CompactEncoder  # a second that most test files don't need

    return CompactEncoder(weights)


@pytest.fixture(scope="session")
def demo_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the shipped demo in it; copy it where a test writes to it.

    It is made once for all test processes. The folder ``cache`` beside it is that of a studio that
    could fetch no weights: it has what was made of those that ship.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "demo"
    with FileLock(f"{folder}.lock"):
        if not (folder / "data").exists():
            _index_demo(folder)
    return folder / "data"


def _index_demo(folder: Path) -> None:
    """Index the demo where no weights are cached and none can be fetched: what ships must do."""
    work = Path(tempfile.mkdtemp(dir=folder.parent))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(work))
        studio = Studio(load_settings(data_dir=work / "data", cache_dir=work / "cache"))
        report = studio.indexing.index_demo()
        studio.demo_measures.measure()  # or each served copy would measure it anew
    assert not report.quarantined
    assert set(report.per_stage) <= {"reading"}, (
        f"what ships in data/demo/precomputed is out of date ({dict(report.per_stage)}): "
        "run scripts/precompute_demo.py"
    )
    work.rename(folder)


@pytest.fixture(scope="session")
def store_address() -> Iterator[str]:
    """The address of an S3 server on this machine; its credentials are in the environment."""
    if object_store.MISSING:
        pytest.skip(f"no object store: {object_store.MISSING} is not installed")
    with object_store.object_store() as address:
        yield address


@pytest.fixture
def bucket_uri(store_address: str) -> str:
    """The URI of an empty prefix."""
    return f"s3://{object_store.BUCKET}/{uuid.uuid4().hex[:12]}/studio"


@pytest.fixture
def in_bucket(bucket_uri: str, tmp_path: Path) -> Bucket:
    """A folder of this test that is connected with an empty prefix."""
    return connect(tmp_path / "copies", bucket_uri)
