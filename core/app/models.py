"""The models of one studio: built from the recipes, shared, loaded on first use."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from core.base.lazy import lazy
from core.base.threads import limit_threads
from core.domain import Engine, EngineStatus
from core.domain.engine import unreadable_engine
from core.embedding.loaders import EncoderPool, engine_availability, load_engines, weight_files
from core.embedding.recipes import load_own_engines, own_recipe_files
from core.errors import EngineUnavailable, WeightsUnavailable, no_engine
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

_log = logging.getLogger(__name__)

#: Where engines that were trained here live in the data directory.
OWN_ENGINES = "engines"


class ModelPool:
    """Engines, grounder and rewriter for one set of settings; nothing loads before it is used."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        limit_threads(settings.threads)
        self.weights = WeightStore.from_settings(settings)
        self._shipped_problems: dict[str, str] = {}
        self._shipped = load_engines(settings.shipped / "engines", self._shipped_problems)
        self._own: tuple[object, dict[str, Engine], dict[str, str]] = (None, {}, {})
        self._failures: dict[str, tuple[object, str]] = {}
        self.encoders = EncoderPool(settings, self.weights)
        self._engines: dict[str, EngineModel] = {}
        self._lock = threading.Lock()

    @property
    def recipes(self) -> dict[str, Engine]:
        """Shipped engines, then those that were trained in this data directory."""
        own, _ = self._own_recipes()
        return self._shipped | {name: own[name] for name in own if name not in self._shipped}

    def _own_recipes(self) -> tuple[dict[str, Engine], dict[str, str]]:
        """The engines of the data directory and the problems of broken ones, read when changed."""
        folder = self.settings.data_dir / OWN_ENGINES
        stamp = [_stamp(path) for path in own_recipe_files(folder)]
        if self._own[0] != stamp:
            problems: dict[str, str] = {}
            self._own = (stamp, load_own_engines(folder, problems), problems)
        return self._own[1:]

    def forget(self, name: str) -> None:
        """Drop the loaded model of an engine whose checkpoint has changed or is gone."""
        with self._lock:
            known = self._engines.pop(name, None)
        if known is not None:
            self.encoders.forget(known.engine.towers[self.settings.profile])

    def statuses(self) -> tuple[EngineStatus, ...]:
        """Every recipe, and whether it can run here; broken ones, with the reason, at the end."""
        statuses = []
        for engine in self.recipes.values():
            reason = self._reason(engine)
            statuses.append(EngineStatus(engine, reason is None, reason or ""))
        _, problems = self._own_recipes()
        for name, reason in (self._shipped_problems | problems).items():
            statuses.append(EngineStatus(unreadable_engine(name), False, reason))
        return tuple(statuses)

    def _reason(self, engine: Engine) -> str | None:
        """Why an engine can't run here, or ``None``; damaged files count till they change."""
        reason = engine_availability(engine, self.settings, self.weights)
        if reason is not None:
            return reason
        failed = self._failures.get(engine.name)
        if failed is None or failed[0] != self._files(engine):
            return None
        return failed[1]

    def _files(self, engine: Engine) -> object:
        """What changes when an engine's weights on disk do."""
        towers = engine.towers.get(self.settings.profile)
        paths = weight_files(towers, self.weights) if towers is not None else []
        return [_stamp(path) for path in paths]

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
                    problems = self._shipped_problems | self._own_recipes()[1]
                    if name in problems:
                        raise EngineUnavailable(problems[name])
                    raise no_engine(name, recipes)
                reason = self._reason(recipe)
                if reason:
                    raise EngineUnavailable(reason)
                self._engines[name] = self._loaded(recipe)
            return self._engines[name]

    def _loaded(self, engine: Engine) -> EngineModel:
        files = self._files(engine)
        try:
            return EngineModel(engine, self.encoders.encoder(engine))
        except WeightsUnavailable as error:
            if files:  # damaged ones; what is missing may be there the next time
                self._failures[engine.name] = files, str(error)
            raise

    def available(self) -> tuple[EngineModel, ...]:
        """Models of all engines that can run here, in display order; the log names the others."""
        models = []
        for status in self.statuses():
            if status.available:
                try:
                    models.append(self.engine(status.engine.name))
                except (EngineUnavailable, WeightsUnavailable) as error:
                    _log.warning("The engine “%s” is left out: %s", status.engine.name, error)
        return tuple(models)

    @lazy
    def grounder(self) -> Grounder:
        """The grounder of the profile."""
        return build_grounder(self.settings, self.weights, self.encoders.compact)

    @lazy
    def rewriter(self) -> Rewriter:
        """The offline rules: what indexing writes with, free and without a network."""
        return build_rules(self.settings, self.encoders.compact)

    @lazy
    def ledger(self) -> Ledger:
        """What language models were asked and paid for in this data directory."""
        return Ledger(self.settings.data_dir)

    @lazy
    def agent(self) -> ClaudeRewriter:
        """The rewriting agent; raises ``SettingsError`` where it is off or has no key."""
        return build_agent(self.settings, self.ledger)

    @lazy
    def judge(self) -> VisualJudge:
        """The vision-language judge; raises ``SettingsError`` where the agent is off."""
        from core.language.visual_judge import build_judge

        return build_judge(self.settings, self.ledger)

    def for_indexing(self) -> IndexingModels:
        """All that an indexing run may need."""
        return IndexingModels(
            self.available(), self.grounder, self.rewriter, self.settings.crop_padding
        )


def _stamp(path: Path) -> tuple[str, int, int]:
    """Differs when a file was written anew; zeros where it can't be looked at."""
    try:
        looked = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), looked.st_mtime_ns, looked.st_size
