"""Whatever comes in as a picture: a picture within limits, or a sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.base.image_decoding import decode, read_image
from core.catalog.photos import locate
from core.domain import Box
from core.errors import ImageError
from core.store.image_store import ImageStore
from tests.core.base.hostile_pictures import bombs, decoded_sizes, heavy, no_pictures, png, sound
from tests.work_and_memory import cost

SOUND, NO_PICTURES, BOMBS = sound(), no_pictures(), bombs()


def check(data: bytes) -> bool:
    """Tell whether it is a picture, and check that it keeps to the rules in any case."""
    try:
        image = decode(data, long_side=64).image
    except ImageError as error:
        sentence = str(error)
        assert sentence.endswith(".")
        assert len(sentence) < 400
        assert "Traceback" not in sentence
        assert " at 0x" not in sentence
        return False
    assert image.mode == "RGB"
    assert min(image.size) >= 1
    assert max(image.size) <= 64
    assert image.info == {}
    return True


@pytest.mark.parametrize("kind", SOUND)
def test_every_kind_of_shop_picture_is_read(kind: str) -> None:
    assert check(SOUND[kind])


@pytest.mark.parametrize("kind", NO_PICTURES)
def test_what_is_no_picture_is_a_sentence(tmp_path: Path, kind: str) -> None:
    assert not check(NO_PICTURES[kind])
    path = tmp_path / "photo.jpg"
    path.write_bytes(NO_PICTURES[kind])
    with pytest.raises(ImageError):
        read_image(path)
    with pytest.raises(ImageError):
        ImageStore(tmp_path / "store").add(path)


@given(
    kind=st.sampled_from(sorted(SOUND)),
    cut=st.floats(0, 1),
    flips=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=6),
    more=st.binary(max_size=30),
)
def test_a_damaged_picture_is_a_picture_or_a_sentence(
    kind: str, cut: float, flips: list[tuple[float, int]], more: bytes
) -> None:
    data = bytearray(SOUND[kind])
    for place, value in flips:
        data[int(place * (len(data) - 1))] = value
    check(bytes(data[: int(cut * len(data)) + 1]) + more)


@given(
    data=st.binary(max_size=300), start=st.sampled_from([*SOUND.values(), *NO_PICTURES.values()])
)
def test_noise_behind_a_sound_head_is_a_picture_or_a_sentence(data: bytes, start: bytes) -> None:
    check(start[:40] + data)


@given(
    width=st.integers(0, 2**31 - 1),
    height=st.integers(0, 2**31 - 1),
    colour=st.sampled_from([0, 2]),
)
def test_a_claimed_size_is_checked_before_anything_is_decoded(
    width: int, height: int, colour: int
) -> None:
    if 0 < width * height <= 10**6:
        height += 10**7  # so that it is always too large
    with pytest.raises(ImageError):
        decode(png(width, height, colour=colour, rows=0))


def test_small_files_of_many_pixels_take_bounded_memory_and_time() -> None:
    sizes, seconds, mb = cost(decoded_sizes, heavy(3000))
    assert sizes == [(1024, 1024)] * 5
    assert mb < 130  # 9 megapixels
    assert seconds < 20


@pytest.mark.parametrize("kind", BOMBS)
def test_a_small_file_that_would_take_much_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ImageError, match=r"broken|too large"):
        ImageStore(tmp_path).add(BOMBS[kind])


def test_refusing_takes_little(tmp_path: Path) -> None:
    _, seconds, mb = cost(decoded_sizes, list(BOMBS.values()))
    assert mb < 30
    assert seconds < 5


def test_a_large_picture_is_no_line_of_the_log(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(png(9500, 9500, bits=1, colour=0))
    code = f"from pathlib import Path; from core.base.image_decoding import read_image as r; r(Path({str(path)!r}), long_side=64)"  # noqa: E501
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""


@given(
    value=st.recursive(
        st.none() | st.integers() | st.floats() | st.binary(max_size=20) | st.text(),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["bytes", "path", "src"]), inner, max_size=3),
        max_leaves=6,
    )
    | st.sampled_from(
        ["../../etc/passwd", "/etc/passwd", "file:///etc/passwd", "a\0b", "a" * 5000, "//x/y",
         "javascript:alert(1)", "data:image/png;base64,AAAA", "~/x.png", "http://[::1", "C:\\a.png"]
    ),
    item_id=st.text(max_size=20),
)  # fmt: skip
def test_an_image_cell_leads_nowhere_outside(tmp_path: Path, value: object, item_id: str) -> None:
    folder = (tmp_path / "photos").resolve()
    folder.mkdir(exist_ok=True)
    try:
        origin = locate(value, folder, [item_id])
    except ImageError:
        return
    if isinstance(origin, Path):
        assert origin.is_relative_to(folder)
    elif isinstance(origin, str):
        assert origin.lower().startswith(("http://", "https://"))


def test_lists_in_lists_are_no_recursion(tmp_path: Path) -> None:
    value: object = "a.jpg"
    for _ in range(5000):
        value = [value]
    with pytest.raises(ImageError):
        locate(value, tmp_path)


@given(text=st.text(max_size=40) | st.from_regex(r"-?[0-9]{1,9}(,-?[0-9.e]{1,12}){3}"))
def test_a_region_is_a_box_or_none(text: str) -> None:
    box = Box.read(text)
    if box is not None:
        assert Box.read(box.spell()) == box
        assert max(box.as_xyxy()) < 2_000_000
