"""Run the stages of indexing on workers, with the models of a studio."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from core.app.models import ModelPool
from core.pipeline.indexer import StagesOf
from core.pipeline.remote_stages import RemoteStages
from core.pipeline.stage_chunks import StageWorker
from core.ports.workers import Workers
from core.settings import Settings
from core.store.image_store import ImageStore


def stages_on(
    workers: Workers, photos: ImageStore, settings: Settings, engines: Collection[str] | None
) -> StagesOf:
    """Return what runs the stages on workers; they load their models when they get work."""
    pool = workers.pool(partial(stage_worker, _for_workers(settings), engines))
    return lambda models: RemoteStages(photos, models, pool, workers.count)


def stage_worker(settings: Settings, engines: Collection[str] | None) -> StageWorker:
    """Make what a worker process runs, with the models of these settings."""
    return StageWorker(lambda: ModelPool(settings).for_indexing(engines))


def _for_workers(settings: Settings) -> Settings:
    """Return the settings for a worker, which has one processor core and needs no secret."""
    secrets = ("anthropic_api_key", "events_token", "metrics_token", "models_token")
    return settings.model_copy(
        update={
            **dict.fromkeys(secrets),
            "threads": settings.threads or 1,
            "data_dir": settings.data_dir.absolute(),
            "cache_dir": settings.cache_dir.absolute(),
        }
    )
