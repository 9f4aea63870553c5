"""Build the encoder of an engine from its recipe."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

from core.domain.engine import Engine, Profile, Towers
from core.embedding import adapted, compact, hf_clip_encoder, open_clip_encoder
from core.embedding.compact import CompactEncoder
from core.embedding.loader import ROLE, Recipe
from core.embedding.open_clip_encoder import LOCAL_DIR
from core.embedding.recipes import load_engines
from core.errors import EngineUnavailable
from core.ports.encoder import Encoder
from core.settings import Settings
from core.weights.sources import LocalSource, ShippedSource
from core.weights.store import WeightStore

__all__ = ["EncoderPool", "build_encoder", "engine_availability", "load_engines", "weight_files"]

#: All loaders by name; a new one needs a module and a line here.
LOADERS = {
    loader.name: loader
    for loader in (compact.LOADER, adapted.LOADER, open_clip_encoder.LOADER, hf_clip_encoder.LOADER)
}


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
                device, precision = self._settings.device, self._settings.precision
                self._compact = CompactEncoder(self._weights, device, precision)
            return self._compact

    def encoder(self, engine: Engine) -> Encoder:
        """Return the engine's encoder; its models load on first use.

        Raises:
            EngineUnavailable: The engine can't run with these settings.
            WeightsUnavailable: The weights are missing and can't be fetched.
        """
        reason = engine_availability(engine, self._settings, self._weights)
        if reason is not None:
            raise EngineUnavailable(reason)
        towers = engine.towers[self._settings.profile]
        with self._lock:
            if towers not in self._encoders:
                recipe = Recipe(engine, towers, self._settings, self._weights, lambda: self.compact)
                self._encoders[towers] = LOADERS[towers.loader].build(recipe)
            return self._encoders[towers]

    def forget(self, towers: Towers) -> None:
        """Remove towers from the cache, because their files have changed or were deleted."""
        with self._lock:
            self._encoders.pop(towers, None)


def build_encoder(engine: Engine, settings: Settings, weights: WeightStore) -> Encoder:
    """Build a new encoder for the engine in the settings' profile; ``EncoderPool`` shares one.

    Raises:
        EngineUnavailable: The recipe has no towers for the profile, or an unknown loader.
        WeightsUnavailable: The weights are missing and can't be fetched.
    """
    towers = engine.towers.get(settings.profile)
    if towers is None:
        raise EngineUnavailable(_needs_full(engine))
    loader = LOADERS.get(towers.loader)
    if loader is None:
        raise EngineUnavailable(_no_loader(engine, towers))
    new = partial(CompactEncoder, weights, settings.device, settings.precision)
    return loader.build(Recipe(engine, towers, settings, weights, new))


def takes_adapter(towers: Towers | None) -> bool:
    """Tell whether an adapter can be trained after these towers, on stored vectors."""
    loader = LOADERS.get(towers.loader) if towers else None
    return loader is not None and loader.takes_adapter


def engine_availability(engine: Engine, settings: Settings, weights: WeightStore) -> str | None:
    """Return why the engine can't run here, one sentence, or ``None``; fetch nothing."""
    towers = engine.towers.get(settings.profile)
    if towers is None:
        return _needs_full(engine)
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


def _needs_full(engine: Engine) -> str:
    if Profile.FULL in engine.towers:
        return (
            f"{engine.title} needs the full profile: its weights come from the Hugging Face Hub. "
            "Start with --profile full."
        )
    return f"{engine.title} runs in the compact profile only; start with --profile compact."
