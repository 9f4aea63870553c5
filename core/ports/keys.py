"""Content keys of the stages: what each result depends on, and nothing else.

A key is computed from an item and model fingerprints alone, so what is up to date is known
without loading a model or reading a stored result.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.base.content_key import content_key
from core.domain import Engine, ImageView, Item, TextView

#: Raise one when the stage's own rules change in a way that no fingerprint shows.
GROUNDING, REWRITING, EMBEDDING = 1, 1, 1


def engine_fingerprint(engine: Engine, encoder_fingerprint: str) -> str:
    """Hash of weights, views and weighting: what vectors must share to be comparable.

    Grounder and rewriter are left out on purpose: when they change, single items are redone and
    meanwhile the old ones can still be searched.
    """
    return content_key(
        "engine",
        EMBEDDING,
        encoder_fingerprint,
        engine.image_view.value,
        engine.text_view.value,
        engine.text_weight,
    )


def grounding_key(item: Item, grounder_fingerprint: str) -> str:
    """Key of a grounding: photo, prompt, grounder."""
    return content_key("grounding", GROUNDING, item.photo.sha256, item.prompt, grounder_fingerprint)


def inputs_key(item: Item) -> str:
    """Key of all that a rewriter is given: photo, and everything said of the product."""
    return rewrite_key(item, "")


def rewrite_key(item: Item, rewriter_fingerprint: str, seen: tuple[object, ...] = ()) -> str:
    """Key of a rewrite: photo, everything said of the product, rewriter.

    Args:
        item: The item.
        rewriter_fingerprint: Of the rewriter.
        seen: What it is shown besides: key of the grounding, and padding of the crop.
    """
    return content_key(
        "rewrite",
        REWRITING,
        item.photo.sha256,
        item.title,
        item.description,
        item.product_type,
        item.department,
        dict(item.attributes),
        rewriter_fingerprint,
        *seen,
    )


@dataclass(frozen=True, slots=True)
class Cut:
    """What decides which part of the photo an engine sees that looks at crops or cut-outs.

    Attributes:
        grounding: Key of the grounding.
        padding: Padding of crops, as a share of the box's longer side.
        threshold: Smallest score that is cropped to (τ).
    """

    grounding: str
    padding: float
    threshold: float


def vector_key(engine: Engine, fingerprint: str, item: Item, cut: Cut, rewrite: str) -> str:
    """Key of an item's vectors for one engine.

    Args:
        engine: The recipe.
        fingerprint: Of the engine.
        item: The item.
        cut: How its picture is cut.
        rewrite: Key of its rewrite.
    """
    whole = engine.image_view is ImageView.PHOTO
    picture = [item.photo.sha256] if whole else [cut.grounding, cut.padding, cut.threshold]
    words = item.title if engine.text_view is TextView.TITLE else rewrite
    return content_key("vector", fingerprint, picture, words, item.photo.phash)
