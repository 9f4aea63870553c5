"""What the photo adds to the fields: only what the towers are sure of."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.base.colours import NAMES, colour_shares
from core.domain import Box, Detection, Grounding, Mask
from core.domain.item import Item, Photo
from core.errors import SettingsError
from core.language import RuleRewriter
from core.language.photo_reader import PhotoReader
from core.language.vocabulary import Vocabulary
from core.settings import SHIPPED

VOCABULARIES = SHIPPED / "vocabularies"
PHOTO = Photo("a" * 64, 8, 8, "0" * 16)
SURE = f"""
[[attribute]]
kind = "colour"
domains = ["", "home", "food"]
names = {list(NAMES)}
scale = 10
pixels = 1
bias = {[0] * len(NAMES)}
[attribute.least]
blue = 0.6
red = 0.6

[[attribute]]
kind = "material"
domains = ["home"]
names = ["metal", "glass"]
scale = 10
bias = [0, 0]
[attribute.least]
metal = 0.9

[[attribute]]
kind = "audience"
domains = ["fashion"]
names = ["Women's", "Men's"]
scale = 10
bias = [0, 0]
[attribute.least]
"Women's" = 0.9
"""


class Towers:
    """A photo is its mean colour; words are the colours named; metal is green."""

    dim, fingerprint = 3, "towers"

    def __init__(self) -> None:
        self.pictures = 0

    def encode_images(self, images, batch_size=32):
        self.pictures += len(images)
        means = np.array(
            [np.asarray(image, dtype=np.float32).mean(axis=(0, 1)) for image in images]
        )
        return means / np.linalg.norm(means, axis=1, keepdims=True)

    def encode_texts(self, texts):
        named = ({"red", "women's"}, {"green", "metal"}, {"blue", "glass", "men's"})
        words = [set(text.lower().replace(",", "").split()) for text in texts]
        axes = [[bool(colours & said) for colours in named] for said in words]
        vectors = np.array(axes, dtype=np.float32)
        return vectors + np.where(vectors.any(axis=1, keepdims=True), 0, -0.5).astype(np.float32)


@pytest.fixture
def towers() -> Towers:
    return Towers()


@pytest.fixture
def rules(towers: Towers, tmp_path: Path) -> RuleRewriter:
    (tmp_path / "sight.toml").write_text(SURE)
    return RuleRewriter(VOCABULARIES, PhotoReader(towers, tmp_path / "sight.toml"))  # type: ignore[arg-type]


def item(title: str, kind: str, department: str = "", description: str = "", **columns: str):
    return Item("1", title, PHOTO, description, kind, department, attributes=columns)


def photo(colour: str) -> Image.Image:
    return Image.new("RGB", (8, 8), colour)


def test_a_colour_that_no_field_names_is_read_from_the_photo(rules: RuleRewriter) -> None:
    rewrite = rules.rewrite(item("Armchair", "armchair"), photo("#0000ff"))
    assert rewrite.text == "Blue armchair"
    assert [round.draft for round in rewrite.rounds] == ["Armchair", "Blue armchair"]
    sure = r"The photo shows blue \(\d+\u00a0% sure\)"
    assert re.search(sure, rewrite.rounds[0].justification)
    assert rewrite.rounds[0].suggestions == ("Say the colour: blue.",)


def test_what_is_stated_is_read_off_the_grounded_product(
    rules: RuleRewriter, towers: Towers
) -> None:
    room = photo("#ff0000").resize((80, 80))
    room.paste("#0000ff", (20, 20, 60, 60))
    pixels = np.zeros((80, 80), bool)
    pixels[20:60, 20:60] = True
    detection = Detection("armchair", 0.9, Box(20, 20, 60, 60), Mask.encode(pixels))
    grounding = Grounding("armchair", 80, 80, (detection,), 0.3, "test", "test")
    chair = item("Armchair", "armchair")
    assert rules.rewrite(chair, room).text == "Red armchair"
    assert rules.rewrite(chair, room, grounding).text == "Blue armchair"
    seen = towers.pictures
    assert rules.rewrite(chair, room, grounding, np.array([0, 0, 1])).text == "Blue armchair"
    assert towers.pictures == seen  # a vector that is known is not computed again


@pytest.mark.parametrize(
    ("listing", "colour", "text"),
    [
        (item("Armchair", "armchair"), "#00ff00", "Metal armchair"),
        (item("Oak armchair", "armchair"), "#00ff00", "Oak armchair"),
        (item("Armchair", "armchair", description="Seat of oak."), "#00ff00", "Armchair"),
        (item("Sandals", "sandals", "fashion"), "#ff0000", "Women's sandals"),
        (item("Men Sandals", "sandals", "fashion"), "#ff0000", "Men's sandals"),
        (item("Armchair", "armchair"), "#ff0000", "Red armchair"),
    ],
)
def test_material_and_audience_are_read_where_no_field_names_them(
    rules: RuleRewriter, listing: Item, colour: str, text: str
) -> None:
    assert rules.rewrite(listing, photo(colour)).text == text


def test_pixels_are_counted_by_name_under_the_mask_alone() -> None:
    room = Image.new("RGB", (60, 60), "white")
    room.paste("#1040c0", (0, 0, 30, 60))
    shares = dict(zip(NAMES, colour_shares(room, None), strict=True))
    assert shares["blue"] == pytest.approx(0.5, abs=0.02)
    pixels = np.zeros((60, 60), bool)
    pixels[:, :30] = True
    assert dict(zip(NAMES, colour_shares(room, Mask.encode(pixels)), strict=True))["blue"] == 1
    shades = {name: name for name in NAMES} | {"brown": "saddlebrown", "beige": "tan"}
    for name, shade in shades.items():
        assert NAMES[int(colour_shares(Image.new("RGB", (9, 9), shade), None).argmax())] == name


def test_a_colour_of_a_small_part_is_no_colour_of_the_product(rules: RuleRewriter) -> None:
    room = Image.new("RGB", (60, 60), "grey")
    room.paste("#0000ff", (0, 0, 12, 60))
    assert rules.rewrite(item("Armchair", "armchair"), room, None, np.array([0, 0, 1])).text == (
        "Armchair"
    )


def test_the_shipped_figures_state_what_the_vocabularies_know() -> None:
    words = Vocabulary(VOCABULARIES)
    tables = {"colour": words.colours, "material": words.materials, "audience": words.audiences}
    for attribute in PhotoReader(Towers(), VOCABULARIES / "sight.toml").attributes:  # type: ignore[arg-type]
        assert attribute.least
        assert all(name in tables[attribute.kind] for name in attribute.least)


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
        PhotoReader(Towers(), tmp_path / "sight.toml")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("title", "kind", "description", "text"),
    [
        ("Red Delicious apples", "apple", "Red Delicious, an apple with dark red skin. In a shop.",
         "Red Delicious apples with dark red skin"),
        ("Cantaloupe melons", "melon", "A melon with a netted rind and orange flesh.",
         "Cantaloupe melons with netted rind"),
        ("Hot dog", "hot dog", "", "Hot dog"),
        ("Milk", "milk carton", "", "Milk carton"),
        ("Coffee cup", "cup of coffee", "", "Coffee cup"),
    ],
)  # fmt: skip
def test_food_is_described_and_no_word_stands_twice(
    rules: RuleRewriter, title: str, kind: str, description: str, text: str
) -> None:
    assert rules.rewrite(item(title, kind, "groceries", description)).text == text
