"""Build the encoder of an engine from its recipe.

The models' libraries take seconds to import, so the modules that need them are imported when an
encoder is built: which engines there are and whether they can run here is known without them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from core.domain.engine import COMPACT, FULL, Engine, Towers
from core.embedding.loader import LOCAL_DIR, ROLE, Loader, Recipe
from core.embedding.recipes import load_engines
from core.errors import EngineUnavailable
from core.ports.encoder import Encoder
from core.settings import Settings
from core.weights.sources import LocalSource, ShippedSource
from core.weights.store import WeightStore

__all__ = ["EncoderPool", "build_encoder", "engine_availability", "load_engines", "weight_files"]

if TYPE_CHECKING:
    from core.embedding.compact import CompactEncoder

#: Roles of the compact towers in the weight registry. The encoder of other languages is none of
#: them: engines run without it.
_COMPACT_ROLES = ("clip-image", "grounding-words", "text-tower", "word-bridge")
#: The text tower's file; every fine-tuned checkpoint has it.
_TEXT_FILE = "model.safetensors"


def _compact_roles(towers: Towers) -> tuple[str, ...]:
    """Return the roles of both towers; the recipe's names don't matter."""
    return _COMPACT_ROLES


def _no_checkpoint(engine: Engine, towers: Towers) -> str:
    if (Path(towers.model) / _TEXT_FILE).is_file():
        return ""
    return f"{engine.title} needs its checkpoint in {towers.model}, which is incomplete."


def _built_by(module: str) -> Callable[[Recipe], Encoder]:
    """Return the ``build`` of a module of this package, which is imported by its first call."""

    def build(recipe: Recipe) -> Encoder:
        encoder: Encoder = import_module(f"core.embedding.{module}").build(recipe)
        return encoder

    return build


#: All loaders by name; a new one needs a module with ``build`` and an entry here. Engines that were
#: fine-tuned from the compact towers run in the compact profile only.
LOADERS = {
    loader.name: loader
    for loader in (
        Loader("compact", _built_by("multilingual"), _compact_roles, takes_adapter=True),
        Loader(
            "adapted", _built_by("adapted"), _compact_roles, _no_checkpoint,
            profiles=(COMPACT,),
        ),
        Loader("open_clip", _built_by("open_clip_encoder"), checkpoint=f"{LOCAL_DIR}."),
        Loader("hf_clip", _built_by("hf_clip_encoder")),
    )
}  # fmt: skip


class EncoderPool:
    """A cache with one encoder per pair of towers; engines with the same towers share it."""

    def __init__(self, settings: Settings, weights: WeightStore) -> None:
        self._settings, self._weights = settings, weights
        self._encoders: dict[Towers, Encoder] = {}
        self._compact: CompactEncoder | None = None
        self._lock = threading.RLock()

    @property
    def compact(self) -> CompactEncoder:
        """The compact encoder, in any profile; its towers load on first use."""
        with self._lock:
            if self._compact is None:
                self._compact = build_compact(self._settings, self._weights)
            return self._compact

    def encoder(self, engine: Engine) -> Encoder:
        """Return the engine's encoder; its models load on first use.

        Raises:
            EngineUnavailable: The engine can't run with these settings.
            WeightsUnavailable: The weights are missing and can't be fetched.
        """
        reason = engine_availability(engine, self._settings, self._weights)
        towers = self._settings.towers(engine)
        if reason is not None or towers is None:
            raise EngineUnavailable(reason or _no_towers(engine, self._settings.profile))
        with self._lock:
            if towers not in self._encoders:
                recipe = Recipe(engine, towers, self._settings, self._weights, lambda: self.compact)
                self._encoders[towers] = LOADERS[towers.loader].build(recipe)
            return self._encoders[towers]

    def forget(self, engine: Engine) -> None:
        """Remove an engine's towers from the cache: their files have changed or were deleted."""
        towers = self._settings.towers(engine)
        with self._lock:
            if towers is not None:
                self._encoders.pop(towers, None)


def build_encoder(engine: Engine, settings: Settings, weights: WeightStore) -> Encoder:
    """Build a new encoder for the engine in the settings' profile; ``EncoderPool`` shares one.

    Raises:
        EngineUnavailable: The recipe has no towers for the profile, or an unknown loader.
        WeightsUnavailable: The weights are missing and can't be fetched.
    """
    towers = settings.towers(engine)
    if towers is None:
        raise EngineUnavailable(_no_towers(engine, settings.profile))
    loader = LOADERS.get(towers.loader)
    if loader is None:
        raise EngineUnavailable(_no_loader(engine, towers))
    new = partial(build_compact, settings, weights)
    return loader.build(Recipe(engine, towers, settings, weights, new))


def build_compact(settings: Settings, weights: WeightStore) -> CompactEncoder:
    """Build a new compact encoder as the settings ask for; its towers load on first use."""
    from core.embedding.compact import CompactEncoder

    return CompactEncoder(weights, settings.device, settings.precision, settings.runtime)


def takes_adapter(towers: Towers | None) -> bool:
    """Tell whether an adapter can be trained after these towers, on stored vectors."""
    loader = LOADERS.get(towers.loader) if towers else None
    return loader is not None and loader.takes_adapter


def engine_availability(engine: Engine, settings: Settings, weights: WeightStore) -> str | None:
    """Return why the engine can't run here, one sentence, or ``None``; fetch nothing."""
    towers = settings.towers(engine)
    if towers is None:
        return _no_towers(engine, settings.profile)
    loader = LOADERS.get(towers.loader)
    if loader is None:
        return _no_loader(engine, towers)
    if problem := loader.problem(engine, towers):
        return problem
    for role in loader.roles(towers):
        if role not in weights.registry:
            return f"{engine.title} needs the weights “{role[:40]}”, which do not exist."
        spec = weights.spec(role)
        if weights.find(role) is not None:
            continue
        if isinstance(spec.source, ShippedSource):
            return f"{engine.title} needs data/{spec.source.path}, which is missing here."
        if role in weights.local:
            return f"{engine.title}: {weights.local[role]} does not exist."
        if isinstance(spec.source, LocalSource):
            return (
                f"{engine.title} runs a checkpoint of your own in the full profile; name its "
                f"folder in {spec.source.setting}."
            )
    return None


def weight_files(towers: Towers, weights: WeightStore) -> list[Path]:
    """Return the local files that an engine's encoder is loaded from; fetch nothing."""
    loader = LOADERS.get(towers.loader)
    roles = loader.roles(towers) if loader else ()
    places = [weights.find(role) for role in roles if role in weights.registry]
    if not towers.model.startswith(ROLE):
        places.append(Path(towers.model.removeprefix(LOCAL_DIR)))
    files: list[Path] = []
    for place in places:
        if place is not None and place.exists():
            files += [place] if place.is_file() else sorted(place.iterdir())
    return files


def _no_loader(engine: Engine, towers: Towers) -> str:
    return (
        f"{engine.title} asks for the loader “{towers.loader[:40]}”; there are "
        f"{', '.join(LOADERS)}."
    )


def _no_towers(engine: Engine, profile: str) -> str:
    if profile not in (COMPACT, FULL):
        return f"{engine.title} has no towers in the profile “{profile}”."
    if FULL in engine.towers:
        return (
            f"{engine.title} needs the full profile: its weights come from the Hugging Face Hub. "
            "Start with --profile full."
        )
    return f"{engine.title} runs in the compact profile only; start with --profile compact."
