"""Content keys of the stages: hashes of all inputs of a result, and of nothing else.

Computing a key takes only the item and fingerprints, so the planner finds outdated results without
loading a model or reading a stored result.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.base.content_key import content_key
from core.domain import Engine, ImageView, Item, TextView

#: Increase a stage's number when its rules change in a way that no fingerprint covers.
GROUNDING, REWRITING, EMBEDDING = 1, 1, 1


def engine_fingerprint(engine: Engine, encoder_fingerprint: str) -> str:
    """Hash weights, views and weighting; only vectors with the same hash are comparable.

    Grounder and rewriter are left out on purpose: after they change, items are redone one by one,
    and the old vectors can be searched until then.
    """
    return content_key(
        "engine",
        EMBEDDING,
        encoder_fingerprint,
        engine.image_view.value,
        engine.text_view.value,
        engine.text_weight,
        *engine.shares,
    )


def grounding_key(item: Item, grounder_fingerprint: str) -> str:
    """Return the key of a grounding: photo, prompt, grounder."""
    return content_key("grounding", GROUNDING, item.photo.sha256, item.prompt, grounder_fingerprint)


def inputs_key(item: Item) -> str:
    """Return the key of a rewriter's inputs: photo and all text fields of the item."""
    return rewrite_key(item, "")


def rewrite_key(item: Item, rewriter_fingerprint: str, crop: tuple[object, ...] = ()) -> str:
    """Return the key of a rewrite: photo, all text fields of the item, rewriter.

    Args:
        item: The item.
        rewriter_fingerprint: Fingerprint of the rewriter.
        crop: Key of the grounding and padding, if the rewriter uses the crop.
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
        *crop,
    )


@dataclass(frozen=True, slots=True)
class Cut:
    """All that determines the crop or cut-out of a photo.

    Attributes:
        grounding: Key of the grounding.
        padding: Padding of crops, as a share of the box's longer side.
        threshold: Smallest score of a detection that is used for cropping (τ).
    """

    grounding: str
    padding: float
    threshold: float


def vector_key(engine: Engine, fingerprint: str, item: Item, cut: Cut, rewrite: str) -> str:
    """Return the key of an item's vectors for one engine.

    Args:
        engine: The recipe.
        fingerprint: Fingerprint of the engine.
        item: The item.
        cut: Determines the crop or cut-out.
        rewrite: Key of the item's rewrite.
    """
    whole = engine.image_view is ImageView.PHOTO
    picture = [item.photo.sha256] if whole else [cut.grounding, cut.padding, cut.threshold]
    words: str | list[object] = item.title if engine.text_view is TextView.TITLE else rewrite
    if not item.has_photo and (title_part := engine.title_part(has_photo=False)):
        words = [rewrite, item.title, title_part]
    return content_key("vector", fingerprint, picture, words, item.photo.phash)
