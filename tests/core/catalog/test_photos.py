from __future__ import annotations

import os
import unicodedata

import pytest

from core.catalog.photos import forget_folders, identity, locate
from core.errors import ImageError


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "images"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(b"a")
    (folder / "sub" / "b.png").write_bytes(b"b")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (folder / "up").symlink_to(tmp_path)
    (folder / "loop.jpg").symlink_to(folder / "loop.jpg")
    return folder.resolve()


def test_files_inside_the_folder(folder):
    assert locate("a.jpg", folder) == folder / "a.jpg"
    assert locate(" sub/../a.jpg ", folder) == folder / "a.jpg"
    assert locate("sub\\b.png", folder) == folder / "sub" / "b.png"
    assert locate(str(folder / "a.jpg"), folder) == folder / "a.jpg"
    assert locate("a", folder) == folder / "a.jpg"
    assert locate(["a.jpg", "sub/b.png"], folder) == folder / "a.jpg"


@pytest.mark.parametrize(
    "name", ["two  spaces.jpg", "cre\u0301me.jpg", "chair: red.jpg", "ids/7?.jpg"]
)
def test_odd_file_names(folder, name):
    (folder / "ids").mkdir()
    (folder / name).write_bytes(b"x")
    assert locate(name, folder) == folder / name
    if "\u0301" in name:
        assert locate(unicodedata.normalize("NFC", name), folder) == folder / name


def test_pictures_in_the_row(folder):
    assert locate(b"data", folder) == b"data"
    assert locate({"bytes": b"data", "path": "a.jpg"}, folder) == b"data"
    assert locate({"bytes": None, "path": "a.jpg"}, folder) == folder / "a.jpg"


def test_web_addresses(folder):
    assert locate("HTTPS://shop.example/a.jpg", folder) == "HTTPS://shop.example/a.jpg"


@pytest.mark.parametrize(
    "value",
    [
        "../secret.jpg",
        "../../../../../../etc/passwd",
        "/etc/passwd",
        "sub/../../secret.jpg",
        "..\\secret.jpg",
        "link.jpg",
        "up/secret.jpg",
        "loop.jpg",
        "file:///etc/passwd",
        "ftp://shop.example/a.jpg",
        "data:text/html;base64,AAAA",
        "C:\\photos\\missing.jpg",
        "missing.jpg",
        "sub",
        "",
        "   ",
        None,
        float("nan"),
        b"",
        [],
        {"bytes": None, "path": None},
        "x" * 5000,
        "a.jpg\0.png",
        "~/missing.jpg",
    ],
)
def test_everything_else_is_refused(folder, value):
    with pytest.raises(ImageError):
        locate(value, folder)


def test_identity_changes_with_the_photo(folder):
    before = identity(folder / "a.jpg", folder)
    assert identity(folder / "a.jpg", folder) == before
    os.utime(folder / "a.jpg", ns=(1, 1))
    assert identity(folder / "a.jpg", folder) != before
    assert identity(b"a", folder) != identity(b"b", folder)
    assert identity("http://a", folder) != identity("http://b", folder)


@pytest.mark.parametrize("value", ["images/a.jpg", "IMAGES/a.jpg", "./images/a", "photos/A.JPG",
                                   "C:\\shop\\a.jpg"])  # fmt: skip
def test_paths_as_a_person_means_them(folder, value):
    assert locate(value, folder) == folder / "a.jpg"


def test_a_file_name_that_two_folders_have_is_not_guessed(folder):
    (folder / "other").mkdir()
    (folder / "other" / "b.png").write_bytes(b"another b")
    forget_folders()
    with pytest.raises(ImageError):
        locate("gone/b.png", folder)


def test_a_photo_named_for_the_item(folder):
    (folder / "sub" / "SKU-7.jpg").write_bytes(b"7")
    forget_folders()
    assert locate("", folder, ["sku-7"]) == folder / "sub" / "SKU-7.jpg"
    with pytest.raises(ImageError):
        locate("", folder, ["sku-8"])


@pytest.mark.parametrize(
    ("value", "link"),
    [
        ("//cdn.shop.example/a.jpg?v=1", "https://cdn.shop.example/a.jpg?v=1"),
        ("cdn.shop.example/a.jpg", "https://cdn.shop.example/a.jpg"),
    ],
)
def test_links_without_a_scheme(folder, value, link):
    assert locate(value, folder) == link
