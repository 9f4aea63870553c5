"""A catalogue file is shown before it is indexed, and nothing is stored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.app.dry_run import SAMPLES, preview_file
from core.catalog.drafting import Drafts
from core.cli.preview import preview_json, preview_text
from core.errors import CatalogError
from core.settings import Settings

FEED = """id,title,type,price,image,color
1,Grey Corner Couch,Indoor,"1.299,00 €",a.jpg,Grey
2,Brass Desk Lamp,Sale,49,images/a.jpg,
3,,Sale,9,a.jpg,
4,Oak Stool,Stools,on request,gone.jpg,
5,Pine Stool,Stools,on request,gone-too.jpg,
"""


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"not decoded at a dry run")
    path = tmp_path / "feed.csv"
    path.write_text(FEED, encoding="utf-8")
    return path


def test_everything_that_indexing_would_do_is_said(feed, tmp_path):
    settings = Settings(data_dir=tmp_path / "data")
    preview = preview_file(feed, settings, images=tmp_path / "images")
    content = json.loads(preview_json(preview))
    assert (content["rows"], content["items"]) == (5, 2)
    assert content["mapping"]["product_type"] == ["type"]
    assert content["mapping"]["colour"] == ["color"]
    assert [(row["row"], row["column"]) for row in content["left_out"]] == [
        (3, "title"), (4, "image"), (5, "image"),
    ]  # fmt: skip
    assert list(content) == [
        "format", "encoding", "mapping", "rows", "items", "left_out", "samples",
    ]  # fmt: skip
    couch, lamp = content["samples"]
    assert list(couch) == [
        "item_id", "title", "product_type", "department", "price", "currency", "photos", "group",
        "colour", "brand", "prompt", "rewrite",
    ]  # fmt: skip
    assert couch["product_type"] == couch["prompt"] == "couch"
    assert (couch["department"], couch["price"], couch["currency"]) == ("Indoor", 1299.0, "€")
    assert (couch["colour"], couch["rewrite"]) == ("Grey", "Grey corner couch")
    assert (lamp["product_type"], lamp["department"]) == ("desk lamp", "")
    assert lamp["photos"] == [str((tmp_path / "images" / "a.jpg").resolve())]
    assert not (tmp_path / "data").exists()


def test_reasons_are_grouped_for_people(feed, tmp_path):
    settings = Settings(data_dir=tmp_path / "data")
    text = preview_text(preview_file(feed, settings, images=tmp_path / "images"))
    assert "2 × The photo “gone.jpg” is not in the images folder" in text
    assert "Rows 4, 5." in text


def test_samples_show_the_kinds_of_products_that_there_are(tmp_path):
    rows = [f"{n},Brass Lamp {n},Lamps,a.jpg" for n in range(50)] + ["99,Oak Stool,Stools,a.jpg"]
    (tmp_path / "feed.csv").write_text("\n".join(["id,title,type,image", *rows]))
    (tmp_path / "a.jpg").write_bytes(b"photo")
    samples = preview_file(tmp_path / "feed.csv", Settings(data_dir=tmp_path / "data")).samples
    assert len(samples) == SAMPLES
    assert {sample.product_type for sample in samples} == {"Lamps", "Stools"}


def test_a_file_of_no_use_is_a_sentence(tmp_path):
    (tmp_path / "feed.csv").write_text("a,b\n1,2\n")
    with pytest.raises(CatalogError, match="No column was found for the title"):
        preview_file(tmp_path / "feed.csv", Settings(data_dir=tmp_path / "data"))


def test_a_row_that_meets_a_fault_of_ours_costs_itself_only(feed, tmp_path, monkeypatch):
    taken = Drafts.of

    def faulty(self, product):
        if product.row.number == 2:
            raise RecursionError("deep")
        return taken(self, product)

    monkeypatch.setattr(Drafts, "of", faulty)
    settings = Settings(data_dir=tmp_path / "data")
    preview = preview_file(feed, settings, images=tmp_path / "images")
    assert preview.items == 1
    assert "could not be read (RecursionError)" in preview.left_out[0].reason


def test_a_drawing_is_refused_before_indexing_and_another_photo_takes_its_place(tmp_path):
    for name in ("v.svg", "w.jpg"):
        (tmp_path / name).write_text(
            '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'
        )
    (tmp_path / "a.jpg").write_bytes(b"photo")
    (tmp_path / "feed.csv").write_text(
        "title,image\nLamp,v.svg\nRug,w.jpg\nMug,v.svg|a.jpg\nVase,https://s.example/x.svg?v=1\n"
    )
    preview = preview_file(tmp_path / "feed.csv", Settings(data_dir=tmp_path / "data"))
    assert preview.items == 1
    assert [row.row for row in preview.left_out] == [1, 2, 4]
    assert all("not a picture of a kind" in row.reason for row in preview.left_out)


def test_columns_that_are_kept_and_not_used_are_said(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"photo")
    (tmp_path / "feed.csv").write_text("title,image,size,created_at\nLamp,a.jpg,M,2024-01-01\n")
    preview = preview_file(tmp_path / "feed.csv", Settings(data_dir=tmp_path / "data"))
    assert (preview.attributes, preview.unused) == (("size",), ("created_at",))
