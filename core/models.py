"""The models of one studio: built from the recipes, shared, loaded on first use."""

from __future__ import annotations

import threading
from functools import cached_property

from core.domain import EngineStatus
from core.embedding.build import EncoderPool, engine_availability, load_engines
from core.errors import EngineUnavailable
from core.language.build import build_rewriter
from core.language.rewriter import Rewriter
from core.pipeline.models import EngineModel, Models
from core.settings import Settings
from core.vision.build import build_grounder
from core.vision.grounder import Grounder
from core.weights import WeightStore


class ModelRoom:
    """Engines, grounder and rewriter for one set of settings; nothing loads before it is used."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.weights = WeightStore.from_settings(settings)
        self.recipes = load_engines(settings.shipped / "engines")
        self.encoders = EncoderPool(settings, self.weights)
        self._engines: dict[str, EngineModel] = {}
        self._lock = threading.Lock()

    def statuses(self) -> tuple[EngineStatus, ...]:
        """Every recipe, and whether it can run here."""
        statuses = []
        for engine in self.recipes.values():
            reason = engine_availability(engine, self.settings, self.weights)
            statuses.append(EngineStatus(engine, reason is None, reason or ""))
        return tuple(statuses)

    def engine(self, name: str) -> EngineModel:
        """The engine's model.

        Raises:
            EngineUnavailable: It is not known, or can't run here.
        """
        with self._lock:
            if name not in self._engines:
                recipe = self.recipes.get(name)
                if recipe is None:
                    known = ", ".join(self.recipes)
                    raise EngineUnavailable(f"There is no engine “{name}”. There are: {known}.")
                reason = engine_availability(recipe, self.settings, self.weights)
                if reason:
                    raise EngineUnavailable(reason)
                self._engines[name] = EngineModel(recipe, self.encoders.encoder(recipe))
            return self._engines[name]

    def available(self) -> tuple[EngineModel, ...]:
        """Models of all engines that can run here, in display order."""
        return tuple(self.engine(s.engine.name) for s in self.statuses() if s.available)

    @cached_property
    def grounder(self) -> Grounder:
        """The grounder of the profile."""
        return build_grounder(self.settings, self.weights, self.encoders.compact)

    @cached_property
    def rewriter(self) -> Rewriter:
        """The rewriter that the settings allow."""
        return build_rewriter(self.settings)

    def for_indexing(self) -> Models:
        """All that an indexing run may need."""
        return Models(self.available(), self.grounder, self.rewriter, self.settings.crop_padding)
