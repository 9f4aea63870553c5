"""The models of one studio: built from recipes, shared, loaded on first use."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from core.base.lazy import lazy
from core.base.threads import limit_threads
from core.domain import Engine, EngineStatus
from core.domain.engine import unreadable_engine
from core.embedding.loaders import EncoderPool, engine_availability, load_engines, weight_files
from core.embedding.recipes import load_own_engines, own_recipe_files
from core.errors import EngineUnavailable, SettingsError, WeightsUnavailable, no_engine
from core.ports.engines import EngineModel, IndexingModels, release_if_short
from core.ports.grounder import Grounder
from core.ports.rewriter import Rewriter
from core.settings import Settings
from core.store.ledger import Ledger
from core.weights import WeightStore

if TYPE_CHECKING:  # these are loaded only when they are needed
    from core.embedding.pooled_encoder import PoolClient
    from core.language.claude import ClaudeRewriter
    from core.language.visual_judge import VisualJudge

_log = logging.getLogger(__name__)

#: Folder of the trained engines in the data directory.
OWN_ENGINES = "engines"


class ModelPool:
    """Engines, grounder and rewriter for one set of settings; each is loaded on first use."""

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
        self._pooled: dict[str, EngineModel] = {}
        self._lock, self._remote_lock = threading.Lock(), threading.Lock()

    @property
    def recipes(self) -> dict[str, Engine]:
        """Shipped engines, then those trained in this data directory."""
        own, _ = self._own_recipes()
        return self._shipped | {name: own[name] for name in own if name not in self._shipped}

    def _own_recipes(self) -> tuple[dict[str, Engine], dict[str, str]]:
        """Return the data directory's engines and the problems of broken recipes."""
        folder = self.settings.data_dir / OWN_ENGINES
        stamp = [_stamp(path) for path in own_recipe_files(folder)]
        if self._own[0] != stamp:
            problems: dict[str, str] = {}
            self._own = (stamp, load_own_engines(folder, problems), problems)
        return self._own[1:]

    def forget(self, name: str) -> None:
        """Drop the loaded model of an engine whose checkpoint has changed or was deleted."""
        with self._lock:
            loaded = self._engines.pop(name, None)
        if loaded is not None:
            self.encoders.forget(loaded.engine)

    def statuses(self) -> tuple[EngineStatus, ...]:
        """Return every engine and whether it can run here; broken recipes come last."""
        statuses = []
        for engine in self.recipes.values():
            reason = self._reason(engine)
            statuses.append(EngineStatus(engine, reason is None, reason or ""))
        _, problems = self._own_recipes()
        for name, reason in (self._shipped_problems | problems).items():
            statuses.append(EngineStatus(unreadable_engine(name), False, reason))
        return tuple(statuses)

    def _reason(self, engine: Engine) -> str | None:
        """Return why an engine can't run here, or ``None``; remember damaged weight files."""
        reason = engine_availability(engine, self.settings, self.weights)
        if reason is not None:
            return reason
        failed = self._failures.get(engine.name)
        if failed is None or failed[0] != self._files(engine):
            return None
        return failed[1]

    def _files(self, engine: Engine) -> object:
        """Return a value that changes with an engine's weight files."""
        towers = self.settings.towers(engine)
        paths = weight_files(towers, self.weights) if towers is not None else []
        return [_stamp(path) for path in paths]

    def engine(self, name: str) -> EngineModel:
        """Return the engine's model.

        Raises:
            EngineUnavailable: It is unknown, or can't run here.
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
            if files:  # they are damaged; missing files may be there the next time
                self._failures[engine.name] = files, str(error)
            raise

    def for_queries(self, name: str) -> EngineModel:
        """Return the model that queries are embedded with: that of the pool, where there is one.

        Engines that were trained in this data directory run in this process.

        Raises:
            EngineUnavailable: It is unknown, can't run here, or the pool can't be used.
        """
        if self.remote is None or name not in self._shipped:
            return self.engine(name)
        with self._remote_lock:
            if name not in self._pooled:
                self._pooled[name] = EngineModel(self._shipped[name], self.remote.encoder(name))
            return self._pooled[name]

    def available_for_queries(self) -> tuple[EngineModel, ...]:
        """Return the models of all engines that queries can be embedded with now."""
        if self.remote is None:
            return self.available()
        served = self.remote.models()
        return tuple(self.for_queries(name) for name in self._shipped if name in served)

    @lazy
    def remote(self) -> PoolClient | None:
        """The pool of models that embeds queries; ``None`` where they run in this process."""
        if not self.settings.models:
            return None
        from core.embedding.pooled_encoder import PoolClient

        token = self.settings.models_token
        return PoolClient(self.settings.models, token.get_secret_value() if token else "")

    def remote_problem(self) -> str:
        """Return why the pool of models can't be used; empty if it can, or there is none."""
        return self.remote.problem() if self.remote is not None else ""

    def available(self) -> tuple[EngineModel, ...]:
        """Return the models of all engines that can run here, in display order; log the others."""
        return self._available(None)[0]

    def _available(
        self, chosen: Collection[str] | None
    ) -> tuple[tuple[EngineModel, ...], tuple[str, ...]]:
        """Return the models that can run here, and a sentence for each that was left out.

        An engine that the profile has no towers for is a reason only where it was chosen.
        """
        models, left_out = [], []
        for status in self.statuses():
            engine = status.engine
            if chosen is not None and engine.name not in chosen:
                continue
            reason = status.reason
            if status.available:
                try:
                    models.append(self.engine(engine.name))
                    release_if_short(models[-1].encoder, self.spare_memory)
                except (EngineUnavailable, WeightsUnavailable) as error:
                    reason = str(error)
            elif chosen is None and self.settings.towers(engine) is None:
                continue
            if reason:
                left_out.append(f"The engine {engine.name} was left out: {reason}")
                _log.warning("The engine “%s” is left out: %s", engine.name, reason)
        return tuple(models), tuple(left_out)

    @lazy
    def grounder(self) -> Grounder:
        """The grounder of the profile."""
        from core.vision.grounders import build_grounder  # slow to import

        return build_grounder(self.settings, self.weights, self.encoders.compact)

    @lazy
    def rewriter(self) -> Rewriter:
        """The rewriter of the profile, which indexing uses."""
        from core.language.rewriters import build_rewriter

        return build_rewriter(self.settings, self.encoders.compact)

    @lazy
    def ledger(self) -> Ledger:
        """The ledger of language model calls and their costs in this data directory."""
        return Ledger(self.settings.data_dir)

    @lazy
    def agent(self) -> ClaudeRewriter:
        """The rewriting agent; raises ``SettingsError`` if it is off or has no key."""
        from core.language.rewriters import build_agent

        return build_agent(self.settings, self.ledger)

    @lazy
    def judge(self) -> VisualJudge:
        """The vision-language judge; raises ``SettingsError`` if the agent is off."""
        from core.language.visual_judge import build_judge

        return build_judge(self.settings, self.ledger)

    @property
    def spare_memory(self) -> int:
        """Models that are not needed are let go of while less than this is free, bytes."""
        return self.settings.spare_memory_mb * 10**6

    def check_engines(self, names: Collection[str]) -> None:
        """Check that engines exist; nothing is fetched or loaded.

        Raises:
            EngineUnavailable: There is no engine of a name.
        """
        for name in names:
            if name not in self.recipes:
                raise no_engine(name, self.recipes)

    def for_indexing(self, engines: Collection[str] | None = None) -> IndexingModels:
        """Return the models for an indexing run; nothing is fetched for other engines.

        Args:
            engines: Names of the engines; ``None`` takes all that can run here.

        Raises:
            EngineUnavailable: An engine does not exist, or none of those that were named can run.
        """
        self.check_engines(engines or ())
        models, left_out = self._available(engines)
        if engines and not models:
            raise EngineUnavailable(" ".join(left_out))
        return IndexingModels(
            models, self.grounder, self.rewriter, self.settings.crop_padding,
            left_out=left_out, spare_memory=self.spare_memory,
        )  # fmt: skip


def _stamp(path: Path) -> tuple[str, int, int]:
    """Return a value that changes when a file is written; zeros if it can't be read."""
    try:
        looked = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), looked.st_mtime_ns, looked.st_size


def agent_problem(models: ModelPool) -> str:
    """Return why the rewriting agent can't run; empty if it can."""
    try:
        _ = models.agent
    except SettingsError as problem:
        return str(problem)
    return ""
