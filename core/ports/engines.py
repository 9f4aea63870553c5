"""Engines and stage models of a pipeline run; none is loaded before its first use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PIL import Image

from core.base.lazy import lazy
from core.base.memory import free_bytes
from core.domain import Corrections, Engine, ImageView, Item, Stage, TextView
from core.ports import keys
from core.ports.encoder import Encoder, Releasable
from core.ports.grounder import Grounder
from core.ports.rewriter import Rewriter


class Photos(Protocol):
    """Protocol of a store that opens photos."""

    def open(self, sha256: str) -> Image.Image:
        """Open a stored picture, upright RGB; raises ``ImageError``."""
        ...

    def thumbnail(self, sha256: str) -> Image.Image:
        """Open a small copy of it; raises ``ImageError``."""
        ...


def release_if_short(encoder: Encoder, least_free: int) -> None:
    """Let go of an encoder's model if less memory than ``least_free`` bytes is free."""
    if isinstance(encoder, Releasable) and free_bytes() < least_free:
        encoder.release()


class EngineModel:
    """A recipe with its encoder, which loads on first use.

    Attributes:
        engine: The recipe.
        encoder: The encoder.
        fingerprint: Hash of weights, views and weighting; only vectors with the same one are
            comparable.
    """

    def __init__(self, engine: Engine, encoder: Encoder) -> None:
        self.engine = engine
        self.encoder = encoder
        self.fingerprint = keys.engine_fingerprint(engine, encoder.fingerprint)

    @property
    def name(self) -> str:
        """Name of the engine."""
        return self.engine.name

    @property
    def place(self) -> str:
        """Address of the pool that runs the encoder; empty where it runs in this process."""
        return str(getattr(self.encoder, "place", ""))

    @property
    def needs_grounding(self) -> bool:
        """Whether the engine embeds a part of the photo."""
        return self.engine.image_view is not ImageView.PHOTO

    @property
    def needs_rewrite(self) -> bool:
        """Whether the engine embeds rewritten text."""
        return self.engine.text_view is TextView.REWRITE


class IndexingModels:
    """All models that a run may load.

    Attributes:
        engines: Engines to embed for.
        grounder: Finds the product; required by engines that embed crops or cut-outs.
        rewriter: Describes the product; required by engines that embed rewrites.
        padding: Padding of crops, as a share of the box's longer side.
        corrections: People's corrections of single items; they replace the models' results.
        left_out: A sentence for each engine that can't run here.
        spare_memory: Models that are not needed are let go of while less is free, bytes.
    """

    def __init__(
        self,
        engines: Sequence[EngineModel],
        grounder: Grounder | None = None,
        rewriter: Rewriter | None = None,
        padding: float = 0.05,
        corrections: Corrections | None = None,
        left_out: tuple[str, ...] = (),
        spare_memory: int = 0,
    ) -> None:
        self.engines = tuple(engines)
        self.grounder, self.rewriter, self.padding = grounder, rewriter, padding
        self.corrections = corrections or Corrections()
        self.left_out, self.spare_memory = left_out, spare_memory
        if grounder is None and any(model.needs_grounding for model in self.engines):
            raise ValueError("engines that embed crops need a grounder")
        if rewriter is None and any(model.needs_rewrite for model in self.engines):
            raise ValueError("engines that embed rewrites need a rewriter")

    @property
    def light(self) -> IndexingModels:
        """The same models with only the engines that need neither grounding nor rewriting."""
        chosen = [m for m in self.engines if not (m.needs_grounding or m.needs_rewrite)]
        return IndexingModels(chosen, padding=self.padding, corrections=self.corrections)

    @property
    def heavy(self) -> IndexingModels:
        """The same models with only the engines that need grounding or rewriting first."""
        chosen = [m for m in self.engines if m.needs_grounding or m.needs_rewrite]
        return IndexingModels(chosen, self.grounder, self.rewriter, self.padding, self.corrections)

    def release_light(self) -> None:
        """Let go of encoders that neither crops nor rewrites need, while memory is short."""
        used = {id(model.encoder) for model in self.heavy.engines}
        for model in self.light.engines:
            if id(model.encoder) not in used:
                release_if_short(model.encoder, self.spare_memory)

    def grounding_key(self, item: Item) -> str:
        """Return the key of the item's grounding; empty if there is none.

        There is none where no engine needs it, or the item has no photo.
        """
        grounder = self._grounder_fingerprint
        if not grounder or not item.has_photo:
            return ""
        return self._corrected(Stage.GROUNDING, item) or keys.grounding_key(item, grounder)

    def rewrite_key(self, item: Item) -> str:
        """Return the key of the item's rewrite; empty if no engine needs a rewrite."""
        rewriter = self._rewriter_fingerprint
        if not rewriter:
            return ""
        return (
            self._corrected(Stage.REWRITE, item)
            or self.corrections.rewritten(item.item_id, keys.inputs_key(item))
            or keys.rewrite_key(item, rewriter, self._shown(item))
        )

    def _shown(self, item: Item) -> tuple[object, ...]:
        looks = self.rewriter is not None and self.rewriter.towers
        grounding = self.grounding_key(item) if looks else ""
        return (grounding, self.padding) if grounding else ()

    def corrected_by(self, corrections: Corrections) -> IndexingModels:
        """Return the same models with the corrections of one catalogue."""
        return IndexingModels(
            self.engines, self.grounder, self.rewriter, self.padding, corrections,
            self.left_out, self.spare_memory,
        )  # fmt: skip

    @property
    def threshold(self) -> float:
        """Smallest score of a detection that is used for cropping (τ); 0 without a grounder."""
        return self.grounder.threshold if self.grounder else 0.0

    def vector_key(self, model: EngineModel, item: Item) -> str:
        """Return the key of the item's vectors for one engine."""
        grounding, rewrite = self.grounding_key(item), self.rewrite_key(item)
        cut = keys.Cut(grounding, self.padding, self.threshold)
        return keys.vector_key(model.engine, model.fingerprint, item, cut, rewrite)

    def _corrected(self, stage: Stage, item: Item) -> str:
        correction = self.corrections.of(stage, item.item_id, item.photo.sha256)
        return correction.key if correction else ""

    @lazy
    def _grounder_fingerprint(self) -> str:
        needed = any(model.needs_grounding for model in self.engines)
        return self.grounder.fingerprint if needed and self.grounder else ""

    @lazy
    def _rewriter_fingerprint(self) -> str:
        needed = any(model.needs_rewrite for model in self.engines)
        return self.rewriter.fingerprint if needed and self.rewriter else ""
