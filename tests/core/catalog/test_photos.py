from __future__ import annotations

import os
import unicodedata

import pytest

from core.catalog.photos import identity, locate
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
        "//shop.example/a.jpg",
        "file:///etc/passwd",
        "ftp://shop.example/a.jpg",
        "data:image/png;base64,AAAA",
        "C:\\photos\\a.jpg",
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
        "~/a.jpg",
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
