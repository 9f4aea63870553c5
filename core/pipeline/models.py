"""What a pipeline run works with: engines and the models of the stages, none loaded yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from PIL import Image

from core.domain import Engine, ImageView, Item, TextView
from core.embedding.encoder import Encoder
from core.pipeline import keys

if TYPE_CHECKING:
    from core.language.rewriter import Rewriter
    from core.vision.grounder import Grounder


class Photos(Protocol):
    """Where stored photos are opened."""

    def open(self, sha256: str) -> Image.Image:
        """The stored picture, upright RGB; raises ``ImageError``."""
        ...


class EngineModel:
    """A recipe with the encoder that carries it out; the encoder loads on first use.

    Attributes:
        engine: The recipe.
        encoder: What embeds.
        fingerprint: Hash of weights, views and weighting: what vectors must share to be comparable.
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
    def needs_grounding(self) -> bool:
        """The picture is cut out of the photo."""
        return self.engine.image_view is not ImageView.PHOTO

    @property
    def needs_rewrite(self) -> bool:
        """The words are rewritten ones."""
        return self.engine.text_view is TextView.REWRITE


@dataclass(frozen=True, slots=True)
class Models:
    """Everything that a run may load.

    Attributes:
        engines: Engines to embed for.
        grounder: Finds the product; needed by engines that look at crops or cut-outs.
        rewriter: Describes the product; needed by engines that read rewrites.
        padding: Padding of crops, as a share of the box's longer side.
    """

    engines: tuple[EngineModel, ...]
    grounder: Grounder | None = None
    rewriter: Rewriter | None = None
    padding: float = 0.05

    @property
    def light(self) -> Models:
        """The engines that need the photo and the title alone."""
        chosen = (m for m in self.engines if not (m.needs_grounding or m.needs_rewrite))
        return Models(tuple(chosen), padding=self.padding)

    @property
    def heavy(self) -> Models:
        """The engines that need grounding or rewriting first."""
        chosen = (m for m in self.engines if m.needs_grounding or m.needs_rewrite)
        return Models(tuple(chosen), self.grounder, self.rewriter, self.padding)

    def grounding_key(self, item: Item) -> str:
        """Key of the item's grounding; empty when no engine here needs one."""
        if self.grounder is None or not any(model.needs_grounding for model in self.engines):
            return ""
        return keys.grounding_key(item, self.grounder.fingerprint)

    def rewrite_key(self, item: Item) -> str:
        """Key of the item's rewrite; empty when no engine here needs one."""
        if self.rewriter is None or not any(model.needs_rewrite for model in self.engines):
            return ""
        return keys.rewrite_key(item, self.rewriter.fingerprint)

    def vector_key(self, model: EngineModel, item: Item) -> str:
        """Key of the item's vectors for one engine."""
        return keys.vector_key(
            model.engine,
            model.fingerprint,
            item,
            self.grounding_key(item),
            self.rewrite_key(item),
            self.padding,
        )
