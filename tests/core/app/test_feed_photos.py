"""The photos that a shop's file names: cells with several, paths, photos that are missing."""

from __future__ import annotations

import pytest

from core.app.dry_run import preview_file
from core.catalog.photo_cells import split
from core.settings import Settings
from tests.core.app.previews import photos
from tests.work_and_memory import MOST_GROWTH, growth


@pytest.mark.parametrize(
    "cell",
    [
        '"[""p/a.jpg"", ""p/b.jpg""]"', "\"['p/a.jpg', 'p/b.jpg']\"", "p/a.jpg|p/b.jpg",
        '"p/a.jpg, p/b.jpg"', '"p/a.jpg,p/b.jpg"', "p/a.jpg;p/b.jpg", "p/a.jpg p/b.jpg",
        '"p/a.jpg\np/b.jpg"',
    ],
)  # fmt: skip
def test_several_photos_in_a_cell(read, cell):
    (sample,) = read(f"id,title,images\n1,Mug,{cell}\n").samples
    assert photos(sample) == ["a.jpg", "b.jpg"]


def test_a_name_with_blanks_and_commas_is_one_photo(read, tmp_path):
    (tmp_path / "p" / "a.jpg, b c.jpg").write_bytes(b"x")
    (sample,) = read('id,title,image\n1,Mug,"p/a.jpg, b c.jpg"\n').samples
    assert photos(sample) == ["a.jpg, b c.jpg"]
    (sample,) = read("id,title,image\n1,Mug,https://x.example/my photo, 2.jpg\n".replace(
        "https://x.example/my photo, 2.jpg", '"https://x.example/my photo, 2.jpg"'
    )).samples  # fmt: skip
    assert sample.photos == ("https://x.example/my photo, 2.jpg",)


@pytest.mark.parametrize("run", [" ", ",", "; ", "\t", "| "])
def test_long_runs_of_separators_take_no_time(run):
    assert growth(lambda count: "a.jpg" + run * count + "x", split, 9_000) < MOST_GROWTH


def test_paths_of_a_shops_own_folders_and_paths_as_links(read, tmp_path):
    (tmp_path / "p" / "my pot.jpg").write_bytes(b"x")
    preview = read("id,title,image\n1,Tin Bucket,/m/e/a.jpg\n2,Clay Pot,p/my%20pot.jpg\n")
    assert [photos(s) for s in preview.samples] == [["a.jpg"], ["my pot.jpg"]]
    assert read("id,title,image\n1,X,/etc/hostname\n2,Y,%2e%2e/feed.csv\n").items == 0


def test_a_photo_that_is_not_the_named_one_is_said(read, tmp_path):
    (tmp_path / "p" / "jug.jpg").write_bytes(b"jug")
    preview = read(
        "id,title,image,image 2\njug,Clay Jug,p/wrong.jpg,\nmug,Mug,p/gone.jpg,p/b.jpg\n"
        "cup,Cup,p/a.jpg,\n"
    )
    assert [photos(sample) for sample in preview.samples] == [["jug.jpg"], ["b.jpg"], ["a.jpg"]]
    assert preview.notes[-1] == (
        "2 rows name a photo that is not there, and another was taken: row 1 “p/wrong.jpg” → "
        "“jug.jpg”, row 2 “p/gone.jpg” → “b.jpg”."
    )


def test_an_unusable_photo_is_named(read, tmp_path):
    (tmp_path / "p" / "logo.svg").write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    (left_out,) = read("id,title,image\n1,Logo,p/logo.svg\n").left_out
    assert left_out.reason.startswith("The photo “logo.svg” can't be used: the file is not a pic")


def test_photos_that_did_not_come_with_the_file_are_asked_for(tmp_path):
    table = tmp_path / "upload-3f2a" / "shop.csv"
    table.parent.mkdir()
    table.write_text("id,title,image\n1,Jug,jug.jpg\n2,Mug,mug.jpg\n")
    preview = preview_file(table, Settings(data_dir=tmp_path / "data"))
    assert [row.reason for row in preview.left_out] == [
        f"The photo “{name}” is missing: no photos came with the file. Add them to it, or give the "
        "folder that they are in."
        for name in ("jug.jpg", "mug.jpg")
    ]
