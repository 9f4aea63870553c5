"""A pool of small models in a real Ray Serve on this machine."""

from __future__ import annotations

import http.client
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.base import ray_serve
from core.base.ray_cluster import RAY
from core.embedding.pooled_encoder import PoolClient
from core.errors import SettingsError
from core.ports.encoder import encode_queries
from tests.core.app.small_pools import small_models, small_service
from tests.core.base.ray_heads import connected, free_port

TOKEN = "t" * 20


def test_without_ray_serve_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.base.ray_serve.find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"pip install 'ray\[client,serve\]'"):
        ray_serve.check_installed()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    # An import of Ray here would keep later tests of this process from using a head's token.
    if subprocess.run([sys.executable, "-c", "import ray.serve"], capture_output=True).returncode:
        pytest.skip("Ray Serve is not installed: pip install 'ray[serve]'")
    folder, port = tmp_path_factory.mktemp("pool"), free_port()
    settings = {"models_token": TOKEN, "max_image_megapixels": 9.0}
    with connected(RAY):
        ray_serve.start(partial(small_service, folder, **settings), "127.0.0.1", port, 2)
        yield f"http://127.0.0.1:{port}"


@pytest.mark.slow
def test_processes_of_ray_give_the_vectors_of_one_process(address: str, tmp_path: Path) -> None:
    models = small_models(tmp_path)
    for name in ("clip", "vl-clip"):
        local, pooled = models.engine(name).encoder, PoolClient(address, TOKEN).encoder(name)
        words = ["a green chair", "ein stuhl"]
        assert (encode_queries(pooled, words) == encode_queries(local, words)).all()
        pixels = np.random.default_rng(0).integers(0, 256, (60, 40, 3), np.uint8)
        picture = Image.fromarray(pixels)
        assert (pooled.encode_images([picture]) == local.encode_images([picture])).all()


@pytest.mark.slow
def test_whoever_has_no_token_gets_nothing(address: str) -> None:
    assert "VLCLIP_MODELS_TOKEN" in PoolClient(address).problem()


@pytest.mark.slow
def test_a_request_that_is_too_long_is_refused(address: str) -> None:
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=300)
    connection.request("POST", "/texts", b"x" * 28_000_000)
    assert connection.getresponse().status == 413
