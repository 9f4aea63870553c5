from __future__ import annotations

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from core.errors import CatalogError, ImageError
from core.store.image_store import ImageStore
from tests.forked import forked


@pytest.fixture
def store(tmp_path):
    return ImageStore(tmp_path / "images")


def files(store):
    return sorted(path.name for path in store.root.rglob("*") if path.is_file())


def test_stored_under_the_hash_of_the_stored_file(store, pictures):
    photo = store.add(pictures.encoded(pictures.gradient(2000, 1000), "PNG"))
    path = store.path(photo.sha256)
    assert path == store.root / photo.sha256[:2] / f"{photo.sha256}.jpg"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == photo.sha256
    assert (photo.width, photo.height) == (1024, 512)
    assert store.open(photo.sha256).size == (1024, 512)
    assert photo.sha256 in store
    with Image.open(store.path(photo.sha256, thumbnail=True)) as thumbnail:
        assert thumbnail.size == (320, 160)
    assert len(photo.phash) == 16
    int(photo.phash, 16)


def test_adding_again_changes_nothing(store, pictures, tmp_path):
    data = pictures.encoded(pictures.gradient(1500, 900), "PNG")
    (tmp_path / "a.png").write_bytes(data)
    first = store.add(data)
    before = [(path, path.stat().st_mtime_ns) for path in sorted(store.root.rglob("*.jpg"))]
    assert store.add(tmp_path / "a.png") == first
    assert [(p, p.stat().st_mtime_ns) for p in sorted(store.root.rglob("*.jpg"))] == before
    assert len(files(store)) == 2


def test_a_clean_jpeg_within_the_size_is_stored_as_it_is(store, pictures):
    data = pictures.jpeg(800, 600)
    photo = store.add(data)
    assert store.path(photo.sha256).read_bytes() == data
    assert store.add(store.path(photo.sha256)) == photo


@pytest.mark.parametrize("size", [(800, 600), (3000, 2000)])
@pytest.mark.parametrize("orientation", [1, 6])
def test_exif_and_gps_do_not_survive(store, pictures, size, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    photo = store.add(pictures.jpeg(*size, exif=exif.tobytes(), comment=b"SecretComment"))
    for thumbnail in (False, True):
        path = store.path(photo.sha256, thumbnail=thumbnail)
        assert b"Secret" not in path.read_bytes()
        with Image.open(path) as image:
            assert not image.getexif()
    assert (photo.width > photo.height) == (orientation == 1)


def test_near_duplicates_have_near_hashes(store, pictures):
    noise = Image.effect_noise((400, 300), 90).convert("RGB").resize((40, 30)).resize((800, 600))
    hashes = [
        int(store.add(pictures.encoded(image, "JPEG", quality=quality)).phash, 16)
        for image, quality in ((noise, 95), (noise.resize((500, 375)), 60))
    ]
    other = int(store.add(pictures.jpeg(800, 600)).phash, 16)
    assert (hashes[0] ^ hashes[1]).bit_count() <= 6
    assert (hashes[0] ^ other).bit_count() > 10


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n", "/" + "a" * 63]
)
def test_names_are_checked(store, name):
    with pytest.raises(ImageError):
        store.path(name)


def test_opening_what_is_not_there(store):
    with pytest.raises(ImageError, match="not in the store"):
        store.open("0" * 64)


def test_refused_pictures_leave_nothing_behind(store, pictures):
    for data in (b"nothing", pictures.png_bomb(20_000, 10_000), pictures.jpeg()[:300]):
        with pytest.raises(ImageError):
            store.add(data)
    assert not store.root.exists()


def test_file_size_limit(tmp_path, pictures):
    small = ImageStore(tmp_path, max_bytes=100)
    with pytest.raises(ImageError, match="larger"):
        small.add(pictures.jpeg())


def test_a_folder_that_can_not_be_written_gives_a_sentence(tmp_path, pictures):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CatalogError, match="can't be stored"):
        ImageStore(tmp_path / "file").add(pictures.jpeg())


def _add_all(root, sources):
    store = ImageStore(root)
    return [store.add(data).sha256 for data in sources]


def test_two_processes_and_many_threads_at_once(tmp_path, pictures):
    sources = [pictures.encoded(pictures.gradient(400 + i, 300), "PNG") for i in range(6)]
    with forked().Pool(2) as pool:
        results = pool.starmap(_add_all, [(tmp_path, sources)] * 2)
    with ThreadPoolExecutor(4) as threads:
        results += threads.map(lambda _: _add_all(tmp_path, sources), range(4))
    assert all(result == results[0] for result in results)
    assert len(files(ImageStore(tmp_path))) == 2 * len(sources)  # and no temporary file


def test_a_thumbnail_is_small_and_a_small_picture_is_its_own(store, pictures):
    for size, small in (
        ((640, 400), (320, 200)),
        ((321, 100), (320, 100)),
        ((320, 200), (320, 200)),
    ):
        photo = store.add(pictures.encoded(pictures.gradient(*size), "PNG"))
        assert store.thumbnail(photo.sha256).size == small
        path, thumbnail = store.path(photo.sha256), store.path(photo.sha256, thumbnail=True)
        assert (path.read_bytes() == thumbnail.read_bytes()) == (size[0] == 320)
        assert thumbnail.name == f"{photo.sha256}.320.jpg"
    thumbnail.unlink()
    assert store.thumbnail(photo.sha256).size == (320, 200)  # made by an earlier version
    assert store.open(photo.sha256).mode == "RGB"
    photo = store.add(pictures.encoded(pictures.gradient(320, 200), "PNG"))
    assert thumbnail.is_file()


def test_pictures_are_kept_as_jpeg_of_quality_ninety_and_thumbnails_of_eighty_five(store, pictures):
    image = pictures.gradient(640, 400)
    photo = store.add(pictures.encoded(image, "PNG"))
    for quality, path, picture in (
        (90, store.path(photo.sha256), image),
        (85, store.path(photo.sha256, thumbnail=True), None),
    ):
        if picture is None:
            picture = image.copy()
            picture.thumbnail((320, 320), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality)
        assert path.read_bytes() == buffer.getvalue()


def test_limits_hold_where_a_picture_is_added_and_where_it_is_opened(tmp_path, pictures):
    data = pictures.encoded(pictures.gradient(100, 50), "PNG")
    with pytest.raises(ImageError, match="megapixels"):
        ImageStore(tmp_path / "a", max_megapixels=0.004).add(data)
    photo = ImageStore(tmp_path / "b", max_megapixels=0.005, long_side=60).add(data)
    assert (photo.width, photo.height) == (60, 30)
    assert ImageStore(tmp_path / "b", max_bytes=len(data)).add(data)
    with pytest.raises(ImageError, match="larger than"):
        ImageStore(tmp_path / "b", max_bytes=len(data) - 1).add(data)
    strict = ImageStore(tmp_path / "b", max_megapixels=0.001)
    for opened in (strict.open, strict.thumbnail):
        with pytest.raises(ImageError, match="megapixels"):
            opened(photo.sha256)
    defaults = ImageStore(tmp_path)
    assert (defaults.long_side, defaults.max_megapixels, defaults.max_bytes) == (
        1024,
        100,
        20 * 2**20,
    )


def test_a_picture_whose_thumbnail_is_there_is_still_stored(store, pictures):
    data = pictures.jpeg(400, 300)
    photo = store.add(data)
    store.path(photo.sha256).unlink()
    assert photo.sha256 not in store
    assert store.add(data) == photo
    assert photo.sha256 in store
