"""The models of one studio: built from the recipes, shared, loaded on first use."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING

from core.domain import Engine, EngineStatus
from core.embedding.loaders import EncoderPool, engine_availability, load_engines
from core.embedding.recipes import load_own_engines
from core.errors import EngineUnavailable
from core.language.rewriters import build_agent, build_rules
from core.ports.engines import EngineModel, IndexingModels
from core.ports.grounder import Grounder
from core.ports.rewriter import Rewriter
from core.settings import Settings
from core.store.ledger import Ledger
from core.vision.grounders import build_grounder
from core.weights import WeightStore

if TYPE_CHECKING:  # the SDK is loaded only when it is needed
    from core.language.claude import ClaudeRewriter
    from core.language.visual_judge import VisualJudge

#: Where engines that were trained here live in the data directory.
OWN_ENGINES = "engines"


class ModelPool:
    """Engines, grounder and rewriter for one set of settings; nothing loads before it is used."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.weights = WeightStore.from_settings(settings)
        self._shipped = load_engines(settings.shipped / "engines")
        self.encoders = EncoderPool(settings, self.weights)
        self._engines: dict[str, EngineModel] = {}
        self._lock = threading.Lock()

    @property
    def recipes(self) -> dict[str, Engine]:
        """Shipped engines, then those that were trained in this data directory."""
        own = load_own_engines(self.settings.data_dir / OWN_ENGINES)
        return self._shipped | {name: own[name] for name in own if name not in self._shipped}

    def forget(self, name: str) -> None:
        """Drop the loaded model of an engine whose checkpoint has changed or is gone."""
        with self._lock:
            known = self._engines.pop(name, None)
        if known is not None:
            self.encoders.forget(known.engine.towers[self.settings.profile])

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
                recipes = self.recipes
                recipe = recipes.get(name)
                if recipe is None:
                    known = ", ".join(recipes)
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
        """The offline rules: what indexing writes with, free and without a network."""
        return build_rules(self.settings, self.encoders.compact)

    @cached_property
    def ledger(self) -> Ledger:
        """What language models were asked and paid for in this data directory."""
        return Ledger(self.settings.data_dir)

    @cached_property
    def agent(self) -> ClaudeRewriter:
        """The rewriting agent; raises ``SettingsError`` where it is off or has no key."""
        return build_agent(self.settings, self.ledger)

    @cached_property
    def judge(self) -> VisualJudge:
        """The vision-language judge; raises ``SettingsError`` where the agent is off."""
        from core.language.visual_judge import build_judge

        return build_judge(self.settings, self.ledger)

    def for_indexing(self) -> IndexingModels:
        """All that an indexing run may need."""
        return IndexingModels(
            self.available(), self.grounder, self.rewriter, self.settings.crop_padding
        )
