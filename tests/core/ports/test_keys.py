from dataclasses import replace

import pytest

from core.domain import NO_PHOTO, Engine, ImageView, Item, Photo, TextView
from core.ports import keys

ITEM = Item("1", "Chair", Photo("ab" * 32, 30, 20, "0f" * 8), product_type="chair")
CLIP = Engine("clip", "CLIP", "", ImageView.PHOTO, TextView.TITLE, 0.1, {})
VL = Engine("vl-clip", "VL-CLIP", "", ImageView.CROP, TextView.REWRITE, 0.1, {})


def vector(engine, item=ITEM, grounding="g", rewrite="r", padding=0.05, threshold=0.35):
    cut = keys.Cut(grounding, padding, threshold)
    return keys.vector_key(engine, "fingerprint", item, cut, rewrite)


@pytest.mark.parametrize("change", [{"price": "3"}, {"credit": "me"}, {"item_id": "2"}])
def test_fields_that_no_model_uses_change_no_key(change):
    other = replace(ITEM, **change)
    assert keys.grounding_key(other, "f") == keys.grounding_key(ITEM, "f")
    assert keys.rewrite_key(other, "f") == keys.rewrite_key(ITEM, "f")
    assert vector(CLIP, other) == vector(CLIP)


@pytest.mark.parametrize(
    "change",
    [{"title": "Stool"}, {"description": "d"}, {"attributes": {"colour": "red"}},
     {"department": "home"}, {"photo": Photo("cd" * 32, 30, 20, "0f" * 8)}],
)  # fmt: skip
def test_rewrite_depends_on_all_words_and_the_photo(change):
    assert keys.rewrite_key(replace(ITEM, **change), "f") != keys.rewrite_key(ITEM, "f")


def test_inputs_of_a_rewriter_are_all_words_and_the_photo():
    base = keys.inputs_key(ITEM)
    assert keys.inputs_key(replace(ITEM, price="3")) == base
    assert keys.inputs_key(replace(ITEM, title="Stool")) != base
    assert keys.inputs_key(replace(ITEM, photo=Photo("cd" * 32, 30, 20, "0f" * 8))) != base


def test_grounding_depends_on_photo_prompt_and_grounder():
    base = keys.grounding_key(ITEM, "f")
    assert keys.grounding_key(ITEM, "g") != base
    assert keys.grounding_key(replace(ITEM, product_type="stool"), "f") != base
    assert keys.grounding_key(replace(ITEM, title="Armchair"), "f") == base  # the type is asked for


def test_vector_keys_depend_on_the_inputs_of_the_views():
    assert vector(CLIP, grounding="x", rewrite="y", padding=0.5, threshold=0.6) == vector(CLIP)
    assert vector(CLIP, replace(ITEM, title="Stool")) != vector(CLIP)
    assert vector(VL, grounding="x") != vector(VL)
    assert vector(VL, rewrite="x") != vector(VL)
    assert vector(VL, padding=0.5) != vector(VL)
    assert vector(VL, threshold=0.6) != vector(VL)


def test_engine_fingerprint_depends_on_weights_views_and_weighting():
    base = keys.engine_fingerprint(CLIP, "weights")
    assert keys.engine_fingerprint(CLIP, "other") != base
    assert keys.engine_fingerprint(replace(CLIP, text_weight=0.2), "weights") != base
    assert keys.engine_fingerprint(replace(CLIP, title="Another name"), "weights") == base


def test_results_that_were_stored_before_are_still_valid():
    """Another key for the same inputs would make every catalogue be indexed anew."""
    assert keys.grounding_key(ITEM, "f").startswith("7465c26544934079")
    assert keys.rewrite_key(ITEM, "f").startswith("48ab9711c3053adb")
    assert vector(VL).startswith("21ac2d5a3d87deef")
    assert keys.engine_fingerprint(VL, "w").startswith("d5d7ff88d12a779b")


def test_the_share_of_titles_without_photos_counts_for_items_without_photos_only():
    mixed = replace(VL, title_share_without_photo=0.5)
    assert keys.engine_fingerprint(mixed, "w") == keys.engine_fingerprint(VL, "w")
    assert vector(mixed) == vector(VL)
    words_alone = replace(ITEM, photo=NO_PHOTO)
    assert vector(mixed, words_alone) != vector(VL, words_alone)
    assert vector(mixed, words_alone) != vector(mixed, replace(words_alone, title="Stool"))
    titles = replace(CLIP, title_share_without_photo=0.5)
    assert vector(titles, words_alone) == vector(CLIP, words_alone)
