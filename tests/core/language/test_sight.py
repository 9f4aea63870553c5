"""What the photo adds to the fields: only what the towers are sure of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.domain.item import Item, Photo
from core.errors import SettingsError
from core.language import RuleRewriter
from core.language.sight import Sight
from core.settings import SHIPPED

VOCABULARIES = SHIPPED / "vocabularies"
PHOTO = Photo("a" * 64, 8, 8, "0" * 16)


class Towers:
    """Red, green and blue as a space: a photo is its mean colour, words are the colours named."""

    dim, fingerprint = 3, "towers"

    def encode_images(self, images, batch_size=32):
        means = np.array([np.asarray(one, dtype=np.float32).mean(axis=(0, 1)) for one in images])
        return means / np.linalg.norm(means, axis=1, keepdims=True)

    def encode_texts(self, texts):
        axes = [[name in text.lower() for name in ("red", "green", "blue")] for text in texts]
        vectors = np.array(axes, dtype=np.float32)
        return vectors + np.where(vectors.any(axis=1, keepdims=True), 0, -0.5).astype(np.float32)


@pytest.fixture
def rules() -> RuleRewriter:
    return RuleRewriter(VOCABULARIES, Sight(Towers(), VOCABULARIES / "sight.toml"))  # type: ignore[arg-type]


def item(title: str, kind: str, department: str = "", description: str = "", **columns: str):
    return Item("1", title, PHOTO, description, kind, department, attributes=columns)


def photo(colour: str) -> Image.Image:
    return Image.new("RGB", (8, 8), colour)


def test_a_colour_that_no_field_names_is_read_from_the_photo(rules: RuleRewriter) -> None:
    rewrite = rules.rewrite(item("Armchair", "armchair"), photo("#0000ff"))
    assert rewrite.text == "Blue armchair"
    assert [round.draft for round in rewrite.rounds] == ["Armchair", "Blue armchair"]
    assert "The photo shows blue" in rewrite.rounds[0].justification
    assert rewrite.rounds[0].suggestions == ("Say the colour: blue.",)


def test_an_unsure_look_stays_silent(rules: RuleRewriter) -> None:
    (only,) = rules.rewrite(item("Armchair", "armchair"), photo("#707070")).rounds
    assert only.draft == "Armchair"
    assert "shows" not in only.justification


def test_a_photo_against_the_listing_lowers_the_score_and_changes_nothing(
    rules: RuleRewriter,
) -> None:
    last = rules.rewrite(item("Armchair", "armchair", colour="Red"), photo("#0000ff")).rounds[-1]
    assert last.draft == "Red armchair"
    assert last.score == 3.5
    assert "The photo looks blue" in last.justification
    assert "the listing says red" in last.justification


@pytest.mark.parametrize(
    ("title", "kind", "department", "text"),
    [
        ("Sunflowers", "Painting", "art", "Painting of Sunflowers"),
        ("Multicolour lamp", "lamp", "home", "Multicolour lamp"),
        ("Green lamp", "lamp", "home", "Green lamp"),
    ],
)
def test_no_colour_is_added_where_fields_name_one_or_it_is_art(
    rules: RuleRewriter, title: str, kind: str, department: str, text: str
) -> None:
    assert rules.rewrite(item(title, kind, department), photo("#0000ff")).text == text


def test_without_a_photo_or_towers_the_fields_alone_are_used(rules: RuleRewriter) -> None:
    blind = RuleRewriter(VOCABULARIES)
    assert rules.rewrite(item("Armchair", "armchair")).text == "Armchair"
    assert blind.rewrite(item("Armchair", "armchair"), photo("#0000ff")).text == "Armchair"
    assert blind.fingerprint != rules.fingerprint


def test_a_broken_vocabulary_is_named(tmp_path: Path) -> None:
    (tmp_path / "sight.toml").write_text("scale = 1")
    with pytest.raises(SettingsError, match=r"sight\.toml"):
        Sight(Towers(), tmp_path / "sight.toml")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("title", "kind", "description", "text"),
    [
        ("Red Delicious apples", "apple", "Red Delicious, an apple with dark red skin. In a shop.",
         "Red Delicious apples with dark red skin"),
        ("Cantaloupe melons", "melon", "A melon with a netted yellow rind and orange flesh.",
         "Cantaloupe melons with netted yellow rind"),
        ("Hot dog", "hot dog", "", "Hot dog"),
        ("Milk", "milk carton", "", "Milk carton"),
        ("Coffee cup", "cup of coffee", "", "Coffee cup"),
    ],
)  # fmt: skip
def test_food_is_described_and_no_word_stands_twice(
    rules: RuleRewriter, title: str, kind: str, description: str, text: str
) -> None:
    assert rules.rewrite(item(title, kind, "groceries", description)).text == text
