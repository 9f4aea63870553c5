"""Any file, prompt or mask gives a grounding inside the photo, or an error sentence."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from core.base.image_views import image_view
from core.domain import Box, Grounding, ImageView
from core.embedding.dense_features import DenseFeatures
from core.errors import ImageError
from core.ports.grounder import DRAWN, Grounder
from core.ports.segmenter import Segment
from core.store.image_store import ImageStore
from core.vision.compact_grounder import CompactGrounder, Rules, Words
from core.vision.detector_grounder import DetectorGrounder
from core.vision.grounding_files import cutout_png, mask_png
from core.vision.sam_segmenter import SamSegmenter
from core.vision.torch_sam import TorchSam
from core.weights import DETECTORS

from .checkpoints import tiny_sam, write_grounding_dino


class Patches:
    """An encoder stub: patch features from pixels and word vectors from hashes, in one space."""

    fingerprint = "patches"

    def dense(self, image: Image.Image, long_side: int, similarity: str) -> DenseFeatures:
        scale = long_side / 64 / max(image.size)
        size = [max(1, round(side * scale)) for side in image.size]
        pixels = np.asarray(image.convert("RGB").resize(size), np.float32) + 1
        return DenseFeatures(_normalised(pixels), *image.size)

    def encode_texts(self, texts: list[str]) -> npt.NDArray[np.float32]:
        digests = [hashlib.sha256(t.encode("utf-8", "replace")).digest()[:3] for t in texts]
        return _normalised(np.array([[*digest] for digest in digests], np.float32) + 1)


class Flat:
    """A segmenter stub whose mask is empty or covers the whole photo."""

    name, fingerprint = "flat", "flat"

    def __init__(self, level: float) -> None:
        self._segment = Segment(np.full((16, 16), level, np.float32), (64, 64), 0.9, 1.0)

    def from_points(self, image: Image.Image, points: object) -> tuple[tuple[Segment, ...], ...]:
        return ((self._segment,) * 3,) * len(points)  # type: ignore[arg-type]

    def from_boxes(self, image: Image.Image, boxes: object) -> tuple[Segment, ...]:
        return (self._segment,) * len(boxes)  # type: ignore[arg-type]


def _normalised(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return values / np.linalg.norm(values, axis=-1, keepdims=True)


def compact(segmenter: SamSegmenter | Flat, rules: Rules | None = None) -> CompactGrounder:
    words = Words(("wall", "floor", "sky", "person"))
    return CompactGrounder(Patches(), segmenter, words, 0.0, rules)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def tiny() -> SamSegmenter:
    return SamSegmenter(lambda: TorchSam(tiny_sam()), "tiny", lambda: "w")


@pytest.fixture(scope="module", params=["compact", "full"])
def any_grounder(
    request: pytest.FixtureRequest, tiny: SamSegmenter, tmp_path_factory: pytest.TempPathFactory
) -> Grounder:
    if request.param == "compact":
        return compact(tiny)
    folder = write_grounding_dino(tmp_path_factory.mktemp("dino") / "model")
    return DetectorGrounder(DETECTORS["grounding-dino"], lambda: folder, lambda: "w", tiny, 0.0)


def picture(size: tuple[int, int] = (90, 60), mode: str = "RGB") -> Image.Image:
    rng = np.random.default_rng(1)
    noise = Image.fromarray(rng.integers(0, 255, (size[1], size[0], 3)).astype(np.uint8))
    ImageDraw.Draw(noise).rectangle((size[0] // 3, 0, size[0] // 2, size[1]), fill="orange")
    return noise.convert(mode)


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def rotated() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn: 90 x 60 is displayed as 60 x 90
    return saved(picture(), "JPEG", exif=exif)


def sixteen_bits() -> bytes:
    return saved(Image.fromarray(np.arange(5400, dtype=np.uint16).reshape(60, 90) * 12), "PNG")


def animated() -> bytes:
    frames = [picture(), picture().rotate(180)]
    return saved(frames[0], "GIF", save_all=True, append_images=frames[1:])


FILES: dict[str, tuple[Callable[[], bytes], tuple[int, int]]] = {
    "1x1": (lambda: saved(picture((1, 1)), "PNG"), (1, 1)),
    "cmyk": (lambda: saved(picture(mode="CMYK"), "JPEG"), (90, 60)),
    "16-bit": (sixteen_bits, (90, 60)),
    "transparent": (lambda: saved(picture(mode="RGBA"), "PNG"), (90, 60)),
    "palette": (lambda: saved(picture(mode="P"), "PNG", transparency=0), (90, 60)),
    "animated": (animated, (90, 60)),
    "turned by its EXIF": (rotated, (60, 90)),
    "thin": (lambda: saved(picture((400, 2)), "PNG"), (400, 2)),
}


def assert_sound(grounding: Grounding, photo: Image.Image) -> None:
    assert (grounding.width, grounding.height) == photo.size
    for detection in grounding.detections:
        assert detection.box.as_xyxy() == tuple(map(int, detection.box.as_xyxy()))
        assert detection.box.right <= photo.width
        assert detection.box.bottom <= photo.height
        assert detection.mask is None or detection.mask.decode().shape == photo.size[::-1]
    for view in ImageView:
        assert min(image_view(photo, grounding, view, 0.05).size) >= 1
    assert Image.open(io.BytesIO(mask_png(grounding))).size == photo.size
    assert Image.open(io.BytesIO(cutout_png(photo, grounding))).mode == "RGBA"


@pytest.mark.parametrize("name", FILES)
def test_every_kind_of_file_is_grounded_as_it_is_displayed(
    any_grounder: Grounder, name: str, tmp_path: Path
) -> None:
    make, size = FILES[name]
    store = ImageStore(tmp_path)
    photo = store.open(store.add(make()).sha256)
    assert photo.size == size
    assert_sound(any_grounder.ground(photo, "lamp"), photo)
    box = Box(0, 0, *size)
    assert any_grounder.outline(photo, box).box == box


@pytest.mark.parametrize("prompt", ["", " \n", "🙂🪑", "lamp " * 2000, "\ud800", ". . ."])
def test_every_prompt_is_accepted(any_grounder: Grounder, prompt: str) -> None:
    photo = picture()
    assert_sound(any_grounder.ground(photo, prompt), photo)
    assert_sound(any_grounder.find(photo, prompt), photo)


def test_broken_picture_files_raise_an_error_sentence(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)
    whole = saved(picture(), "JPEG")
    for broken in (whole[: len(whole) // 2], b"", b"GIF89a", b"<svg/>"):
        with pytest.raises(ImageError, match=r"\.$"):
            store.add(broken)


def test_a_huge_picture_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    bomb = saved(Image.new("1", (20_000, 20_000)), "PNG")
    with pytest.raises(ImageError, match="megapixel"):
        ImageStore(tmp_path).add(bomb)


def test_empty_masks_are_no_detections_and_the_whole_photo_is_kept() -> None:
    photo, grounder = picture(), compact(Flat(-1.0))
    grounding = grounder.find(photo, "lamp")
    assert_sound(grounding, photo)
    assert grounding.detections == ()
    assert grounding.box == Box.whole(*photo.size)
    drawn = grounder.outline(photo, Box(3, 4, 20, 30))
    assert (drawn.phrase, drawn.mask, drawn.box) == (DRAWN, None, Box(3, 4, 20, 30))


def test_a_mask_of_the_whole_photo_is_one_detection() -> None:
    photo, grounder = picture(), compact(Flat(1.0))
    grounding = grounder.find(photo, "lamp")
    assert_sound(grounding, photo)
    assert [detection.box for detection in grounding.detections] == [Box.whole(*photo.size)]
    drawn = grounder.outline(photo, Box(3, 4, 20, 30))
    assert drawn.mask is not None
    assert drawn.mask.area == 17 * 26


RULES = (
    Rules(),
    Rules(sides=(448, 672)),
    Rules(tiles=2),
    Rules(grid=2),
    Rules(templates=("{}", "a photo of a {}")),
)


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("size", [(1, 1), (90, 60), (400, 2), (2, 400)])
def test_every_variant_accepts_every_shape(
    tiny: SamSegmenter, rules: Rules, size: tuple[int, int]
) -> None:
    photo = picture(size)
    assert_sound(compact(tiny, rules).find(photo, "lamp {}"), photo)
