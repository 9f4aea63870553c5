"""Photos in a zip file: as they lie in it, and nothing that a hostile one asks for."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_LZMA, ZipFile

import pytest

from core.errors import CatalogError
from ui.security.kept_upload import KeptUpload
from ui.security.zipped_photos import unpack_photos


def packed(path: Path, **files: bytes) -> Path:
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_photos_lie_as_in_the_file_beside_the_table(tmp_path: Path) -> None:
    table = tmp_path / "items.csv"
    table.write_text("id,title,image\n1,Mug,photos/mug.jpg\n")
    photos = packed(
        tmp_path / "photos.zip",
        **{"photos/mug.jpg": b"mug", "__MACOSX/photos/._mug.jpg": b"x", "readme.txt": b"x"},
    )
    kept = KeptUpload.take(tmp_path / "up", table, [photos])
    files = {p.relative_to(kept.folder).as_posix() for p in kept.folder.rglob("*") if p.is_file()}
    assert files == {"items.csv", "photos/mug.jpg", ".indexing.lock"}


@pytest.mark.parametrize(
    "name", ["../out.jpg", "/etc/out.jpg", "a/../../out.jpg", "..\\out.jpg", "C:\\out.jpg"]
)
def test_no_path_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "in" / "deep"
    folder.mkdir(parents=True)
    source = packed(tmp_path / "photos.zip", **{name: b"x", "ok.jpg": b"ok"})
    assert unpack_photos(source, folder, 100) == 1
    assert [p.name for p in (tmp_path / "in").rglob("*.jpg")] == ["ok.jpg"]
    assert not Path("/etc/out.jpg").exists()


def test_no_file_is_replaced_and_no_link_followed(tmp_path: Path) -> None:
    folder, outside = tmp_path / "in", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (folder / "a.jpg").write_bytes(b"first")
    (folder / "link").symlink_to(outside)
    source = packed(tmp_path / "p.zip", **{"a.jpg": b"second", "link/b.jpg": b"x"})
    assert unpack_photos(source, folder, 100) == 0
    assert (folder / "a.jpg").read_bytes() == b"first"
    assert list(outside.iterdir()) == []


def test_large_broken_and_empty_files_are_refused_with_a_sentence(tmp_path: Path) -> None:
    table = tmp_path / "items.csv"
    table.write_text("id,title,image\n")
    bomb = packed(tmp_path / "bomb.zip", **{"a.jpg": bytes(10_000_000)})
    big = packed(tmp_path / "big.zip", **{"a.jpg": b"ab" * 300, "b.jpg": b"ab" * 300})
    broken = tmp_path / "broken.zip"
    broken.write_bytes(big.read_bytes()[:-30])
    none = packed(tmp_path / "none.zip", **{"a.txt": b"x"})
    for source, sentence in (
        (bomb, "becomes very large"), (big, "is larger than"), (broken, "can't be unpacked"),
        (none, "has no picture in it"),
    ):  # fmt: skip
        with pytest.raises(CatalogError, match=sentence):
            KeptUpload.take(tmp_path / "up", table, [source], most_bytes=1000)
    assert list((tmp_path / "up").iterdir()) == []


@pytest.mark.parametrize("kind", [ZIP_DEFLATED, ZIP_BZIP2, ZIP_LZMA])
def test_a_damaged_file_is_a_sentence_wherever_the_damage_is(tmp_path: Path, kind: int) -> None:
    sound, broken = tmp_path / "sound.zip", tmp_path / "broken.zip"
    with ZipFile(sound, "w", kind) as archive:
        archive.writestr("a.jpg", bytes(range(256)) * 3)
    content = sound.read_bytes()
    refused = 0
    for place in range(0, len(content), 3):
        broken.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        folder = tmp_path / str(place)
        folder.mkdir()
        try:
            unpack_photos(broken, folder, 10_000)
        except CatalogError as error:
            refused += str(error).endswith(".")
    assert refused > 20
