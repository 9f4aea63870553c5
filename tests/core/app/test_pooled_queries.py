"""Servers whose queries are embedded by a pool of models; indexing stays in the process."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.app.model_service import ModelService
from core.app.models import ModelPool
from core.app.studio import Studio
from core.domain import Query
from core.errors import EngineUnavailable, FingerprintMismatch, SettingsError
from core.pipeline.indexer import run_index
from core.ports.engines import IndexingModels
from core.settings import load_settings
from tests.core.app.small_pools import answering, small_models
from tests.core.pipeline.small import rows_of, write_catalog


def shop(folder: Path, models: ModelPool, address: str) -> Studio:
    """Return a studio with 12 items that were indexed with the engine ``clip`` of some models."""
    studio = Studio(load_settings(data_dir=folder, cache_dir=folder / "cache", models=address))
    catalog = studio._library.create("shop")
    source = write_catalog(folder / "source", 12)
    indexing = IndexingModels([models.engine("clip")])
    run_index(catalog.store, catalog.images, indexing, rows_of(source, catalog.images))
    return studio


def test_two_servers_answer_with_one_pool_as_with_models_of_their_own(tmp_path: Path) -> None:
    models = small_models(tmp_path / "pool")
    with answering(ModelService(models)) as address:
        servers = [shop(tmp_path / name, models, address) for name in ("one", "two")]
        alone = shop(tmp_path / "alone", models, "")
        alone._models._engines["clip"] = models.engine("clip")
        pictures = [Image.new("RGB", (30, 20), colour) for colour in ("red", "blue")]
        for query in (Query("red chair"), Query("ein stuhl"), *(Query(image=p) for p in pictures)):
            expected = [(h.item.item_id, h.score) for h in alone.search(query, "clip").hits]
            assert expected
            for server in servers:
                hits = server.search(query, "clip").hits
                assert [(hit.item.item_id, hit.score) for hit in hits] == expected
        assert all("clip" not in server._models._engines for server in servers)


def test_a_server_is_ready_while_its_pool_answers(tmp_path: Path) -> None:
    models = small_models(tmp_path / "pool")
    with answering(ModelService(models)) as address:
        studio = shop(tmp_path / "one", models, address)
        studio.readiness.warm_up()
        assert studio.readiness.problem() == ""
    assert "can't be reached" in studio.readiness.problem()
    with pytest.raises(EngineUnavailable, match="can't be reached"):
        studio.search(Query("a new chair"), "clip")


def test_a_pool_with_other_weights_than_the_catalogue_is_named(tmp_path: Path) -> None:
    models, others = small_models(tmp_path / "pool"), small_models(tmp_path / "others")
    others.engine("clip").encoder.fingerprint = "other"  # type: ignore[misc]
    with answering(ModelService(others)) as address:
        studio = shop(tmp_path / "one", models, address)
        with pytest.raises(FingerprintMismatch, match=rf"run in the pool at {address}: give it"):
            studio.search(Query("chair"), "clip")


def test_engines_of_the_data_directory_and_indexing_stay_in_this_process(tmp_path: Path) -> None:
    folder = tmp_path / "data/engines/mine"
    folder.mkdir(parents=True)
    recipe = load_settings().shipped / "engines/clip.toml"
    (folder / "engine.toml").write_text(recipe.read_text("utf-8"), "utf-8")
    with answering(ModelService(small_models(tmp_path / "pool"))) as address:
        settings = load_settings(
            data_dir=tmp_path / "data", cache_dir=tmp_path / "c", models=address
        )
        models = ModelPool(settings)
        assert models.for_queries("clip").place == address
        assert models.for_queries("mine").place == ""
        assert [model.place for model in models.for_indexing(["clip"]).engines] == [""]
        assert [m.name for m in models.available_for_queries()] == ["clip", "vl-clip"]


def test_many_searches_at_once_share_the_pool(tmp_path: Path) -> None:
    models = small_models(tmp_path)
    with answering(ModelService(models)) as address:
        settings = load_settings(data_dir=tmp_path / "x", cache_dir=tmp_path / "c", models=address)
        encoder = ModelPool(settings).for_queries("clip").encoder
        wrong: list[int] = []

        def ask(number: int) -> None:
            for turn in range(10):
                text = f"chair {number} {turn}"
                expected = models.engine("clip").encoder.encode_texts([text])
                if not np.array_equal(encoder.encode_texts([text]), expected):
                    wrong.append(number)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong


@pytest.mark.parametrize(
    "address",
    ["10.0.0.5:7870", "ftp://h", "http://u:p@h", "http://h/path", "http://h:1?x", "http://a b"],
)
def test_another_address_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="models"):
        load_settings(models=address)
