"""From an engine's recipe to its encoder."""

from __future__ import annotations

import threading
from pathlib import Path

from core.domain.engine import Engine, Profile, Towers
from core.embedding.adapted import AdaptedEncoder
from core.embedding.compact import CompactEncoder
from core.embedding.hf_clip_encoder import HfClipEncoder
from core.embedding.open_clip_encoder import LOCAL_DIR, OpenClipEncoder
from core.embedding.recipes import load_engines
from core.errors import EngineUnavailable
from core.ports.encoder import Encoder
from core.settings import Settings
from core.weights.sources import LocalSource, ShippedSource
from core.weights.store import WeightStore

__all__ = ["EncoderPool", "build_encoder", "engine_availability", "load_engines", "weight_files"]

#: Loader of engines that were fine-tuned on a catalogue; their model is a folder.
ADAPTED = "adapted"
#: All loaders that a recipe may name.
LOADERS = ("compact", ADAPTED, "open_clip", "hf_clip")
#: Every such folder has a text tower.
TEXT_FILE = "model.safetensors"
#: Roles that the compact towers are made of.
COMPACT_ROLES = ("clip-image", "text-tower")
#: Marks a model name as a role of the weight registry, which fetches and checks it.
ROLE = "role:"


class EncoderPool:
    """One encoder per pair of towers, shared by all engines that use it."""

    def __init__(self, settings: Settings, weights: WeightStore) -> None:
        self._settings, self._weights = settings, weights
        self._encoders: dict[Towers, Encoder] = {}
        self._compact: CompactEncoder | None = None
        self._lock = threading.RLock()

    @property
    def compact(self) -> CompactEncoder:
        """The compact encoder, whatever the profile; its towers load on first use."""
        with self._lock:
            if self._compact is None:
                device, precision = self._settings.device, self._settings.precision
                self._compact = CompactEncoder(self._weights, device, precision)
            return self._compact

    def encoder(self, engine: Engine) -> Encoder:
        """The engine's encoder; its models load on first use.

        Raises:
            EngineUnavailable: The engine can't run with these settings.
            WeightsUnavailable: The weights are not there and can't be fetched.
        """
        reason = engine_availability(engine, self._settings, self._weights)
        if reason is not None:
            raise EngineUnavailable(reason)
        towers = engine.towers[self._settings.profile]
        if towers.loader == "compact":
            return self.compact
        if towers.loader == ADAPTED:
            with self._lock:
                if towers not in self._encoders:
                    self._encoders[towers] = AdaptedEncoder(self.compact, Path(towers.model))
                return self._encoders[towers]
        with self._lock:
            if towers not in self._encoders:
                self._encoders[towers] = build_encoder(engine, self._settings, self._weights)
            return self._encoders[towers]

    def forget(self, towers: Towers) -> None:
        """Drop loaded towers whose files have changed or are gone."""
        with self._lock:
            self._encoders.pop(towers, None)


def build_encoder(engine: Engine, settings: Settings, weights: WeightStore) -> Encoder:
    """A new encoder for the engine in the settings' profile (see ``EncoderPool`` to share it).

    Raises:
        EngineUnavailable: The recipe names no towers for the profile, or an unknown loader.
        WeightsUnavailable: The weights are not there and can't be fetched.
    """
    towers = engine.towers.get(settings.profile)
    if towers is None:
        raise EngineUnavailable(_needs_full(engine))
    device, precision = settings.device, settings.precision
    if towers.loader == "compact":
        return CompactEncoder(weights, device, precision)
    if towers.loader == ADAPTED:
        return AdaptedEncoder(CompactEncoder(weights, device, precision), Path(towers.model))
    if towers.loader == "open_clip":
        return OpenClipEncoder(
            _location(towers.model, weights, LOCAL_DIR),
            towers.pretrained,
            title=engine.title,
            device=device,
            precision=precision,
        )
    if towers.loader == "hf_clip":
        return HfClipEncoder(
            _location(towers.model, weights, ""),
            title=engine.title,
            device=device,
            precision=precision,
        )
    raise EngineUnavailable(
        f"Engine {engine.name} asks for the loader {towers.loader!r}; known are compact, adapted, "
        "open_clip and hf_clip."
    )


def engine_availability(engine: Engine, settings: Settings, weights: WeightStore) -> str | None:
    """Why the engine can't run here, as a sentence, or ``None``; fetches nothing."""
    towers = engine.towers.get(settings.profile)
    if towers is None:
        return _needs_full(engine)
    if towers.loader not in LOADERS:
        return (
            f"{engine.title} asks for the loader “{towers.loader[:40]}”; there are "
            f"{', '.join(LOADERS)}."
        )
    if towers.loader == ADAPTED and not (Path(towers.model) / TEXT_FILE).is_file():
        return f"{engine.title} needs its checkpoint in {towers.model}, which is not whole."
    for role in _roles(towers):
        if role not in weights.registry:
            return f"{engine.title} asks for weights called “{role[:40]}”, which there are none of."
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
    """Files on this machine that an engine's encoder is loaded from; nothing is fetched."""
    places = [weights.find(role) for role in _roles(towers) if role in weights.registry]
    if not towers.model.startswith(ROLE):
        places.append(Path(towers.model.removeprefix(LOCAL_DIR)))
    files: list[Path] = []
    for place in places:
        if place is not None and place.exists():
            files += [place] if place.is_file() else sorted(place.iterdir())
    return files


def _roles(towers: Towers) -> tuple[str, ...]:
    if towers.loader in ("compact", ADAPTED):
        return COMPACT_ROLES
    return (towers.model.removeprefix(ROLE),) if towers.model.startswith(ROLE) else ()


def _location(model: str, weights: WeightStore, prefix: str) -> str:
    if not model.startswith(ROLE):
        return model
    return f"{prefix}{weights.path(model.removeprefix(ROLE))}"


def _needs_full(engine: Engine) -> str:
    if Profile.FULL in engine.towers:
        return (
            f"{engine.title} needs the full profile: its weights come from the Hugging Face Hub. "
            "Start with --profile full."
        )
    return f"{engine.title} runs in the compact profile only; start with --profile compact."
