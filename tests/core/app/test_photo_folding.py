"""Near-duplicate photos become one before anything is computed of them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from core.app.photo_folding import PhotoFolding, fold_photos
from core.domain import NO_PHOTO, Ingested, Item, KnownRow, QuarantinedRow
from core.store.image_store import ImageStore
from tests.command import command


def shirt(colour: str, side: int = 400) -> Image.Image:
    picture = Image.new("RGB", (side, side), "white")
    draw = ImageDraw.Draw(picture)
    part = side // 8
    draw.rectangle((2 * part, 2 * part, 6 * part, 7 * part), fill=colour)
    draw.rectangle((part, 2 * part, 2 * part, 4 * part), fill=colour)
    return picture


@pytest.fixture
def photos(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images")


def item(photos: ImageStore, folder: Path, name: str, picture: Image.Image, **more: str) -> Item:
    picture.save(folder / f"{name}.png")
    return Item(name, name, photos.add(folder / f"{name}.png"), **more)


def test_a_copy_gets_the_first_photo(photos: ImageStore, tmp_path: Path) -> None:
    folding = PhotoFolding(photos)
    first = folding.folded(item(photos, tmp_path, "first", shirt("navy")))
    smaller = item(photos, tmp_path, "smaller", shirt("navy", 320))
    assert smaller.photo.sha256 != first.photo.sha256
    assert folding.folded(smaller).photo == first.photo
    assert folding.folded(smaller).title == "smaller"


def test_another_colour_type_or_variant_keeps_its_photo(photos: ImageStore, tmp_path: Path) -> None:
    folding = PhotoFolding(photos)
    folding.folded(item(photos, tmp_path, "a", shirt("navy"), product_type="shirt", group="g"))
    for name, picture, kind, group in [
        ("red", shirt("maroon"), "shirt", ""),
        ("shelf", shirt("navy", 320), "shelf", ""),
        ("variant", shirt("navy", 336), "shirt", "g"),
    ]:
        kept = item(photos, tmp_path, name, picture, product_type=kind, group=group)
        assert folding.folded(kept) is kept, name


def test_there_is_room_for_many_and_for_items_without_photos(
    photos: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.app.photo_folding._ROOM", 1)
    folding = PhotoFolding(photos)
    words = Item("words", "words", NO_PHOTO)
    assert folding.folded(words) is words
    colours = ["navy", "maroon", "gold", "green"]
    made = [folding.folded(item(photos, tmp_path, c, shirt(c))) for c in colours]
    assert len({kept.photo.sha256 for kept in made}) == 4
    last = item(photos, tmp_path, "last", shirt("green", 320))
    assert folding.folded(last).photo == made[-1].photo


def test_rows_of_earlier_runs_keep_their_photos(photos: ImageStore, tmp_path: Path) -> None:
    old = item(photos, tmp_path, "old", shirt("navy"))
    same = item(photos, tmp_path, "same", shirt("navy", 320))
    left_out = QuarantinedRow(3, "x", "title", "None.")
    rows = [Ingested(same, "k", unchanged=True), left_out, Ingested(same, "k", unchanged=False)]
    kept, row, folded = fold_photos(rows, {"old": KnownRow(old, "k")}, photos)
    assert isinstance(kept, Ingested)
    assert isinstance(folded, Ingested)
    assert (kept.item, row, folded.item.photo) == (same, left_out, old.photo)


@pytest.mark.parametrize(("setting", "grounded"), [("false", 3), ("true", 1)])
def test_photos_that_look_the_same_are_grounded_once(
    tmp_path: Path, weights: object, monkeypatch: pytest.MonkeyPatch, setting: str, grounded: int
) -> None:
    monkeypatch.setenv("VLCLIP_FOLD_PHOTOS", setting)
    with (tmp_path / "shirts.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["item_id", "title", "product_type", "image"])
        for side in (400, 320, 352):
            shirt("navy", side).save(tmp_path / f"{side}.png")
            writer.writerow([side, f"Navy shirt {side}", "shirt", f"{side}.png"])
    ended = command(
        "--data-dir", tmp_path / "data", "index", tmp_path / "shirts.csv", "--engines", "vl-clip"
    )
    assert ended.returncode == 0, ended.stderr
    assert f"grounding {grounded}," in ended.stdout
    assert "embedding 3" in ended.stdout
