from __future__ import annotations

import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.catalog import drafting
from core.catalog.ingest import ingest
from core.domain import Ingested, KnownRow, QuarantinedRow
from core.errors import CatalogError, ImageError
from core.settings import Settings
from core.store.image_store import ImageStore


@pytest.fixture
def store(tmp_path):
    return ImageStore(tmp_path / "store")


@pytest.fixture
def shop(tmp_path, pictures):
    """Writes a CSV catalogue beside a folder with a few good and bad pictures."""
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.jpg").write_bytes(pictures.jpeg(40 + number, 30))
    (folder / "broken.jpg").write_bytes(pictures.jpeg()[:200])
    (folder / "huge.png").write_bytes(pictures.png_bomb(20_000, 10_000))
    (tmp_path / "secret.jpg").write_bytes(pictures.jpeg())

    def write(rows, header=("sku", "name", "category", "photo")):
        path = tmp_path / "items.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *rows])
        return path

    return write


def run(path, store, **options):
    options = {"images": path.parent / "images", "settings": Settings()} | options
    return list(ingest(path, store=store, **options))


def known_rows(results):
    taken = [result for result in results if isinstance(result, Ingested)]
    return {result.item.item_id: KnownRow(result.item, result.row_key) for result in taken}


GOOD = [(f"id{n}", f"Chair {n}", "Chair", f"{n}.jpg") for n in range(5)]


def test_good_rows_become_items_in_order(shop, store):
    results = run(shop(GOOD), store)
    assert [result.item.item_id for result in results] == [f"id{n}" for n in range(5)]
    item = results[2].item
    assert (item.title, item.product_type, item.prompt) == ("Chair 2", "Chair", "Chair")
    assert (item.photo.width, item.photo.height) == (42, 30)
    assert store.open(item.photo.sha256).size == (42, 30)


def test_bad_rows_go_to_quarantine_and_the_rest_goes_on(shop, store):
    path = shop(
        [
            ("id0", "Good", "Chair", "0.jpg"),
            ("", "No id", "Chair", "0.jpg"),
            ("a", "  ", "Chair", "0.jpg"),
            ("id0", "Same id", "Chair", "1.jpg"),
            ("b", "No photo", "Chair", ""),
            ("c", "Missing photo", "Chair", "nowhere.jpg"),
            ("d", "Broken photo", "Chair", "broken.jpg"),
            ("e", "Huge photo", "Chair", "huge.png"),
            ("f", "Escape", "Chair", "../secret.jpg"),
            ("g", "Own network", "Chair", "http://127.0.0.1:9/a.jpg"),
            ("h", "Metadata", "Chair", "http://169.254.169.254/latest/"),
            ("i", "Too", "many", "fields", "here"),
            ("id1", "Last", "Chair", "1.jpg"),
        ]
    )
    results = run(path, store)
    assert len(results) == 13
    assert [r.item.title for r in results if isinstance(r, Ingested)] == ["Good", "No id", "Last"]
    left_out = [result for result in results if isinstance(result, QuarantinedRow)]
    expected = [
        (3, "a", "name", "no title"),
        (4, "id0", "sku", "already used by row 1"),
        (5, "b", "photo", "no photo"),
        (6, "c", "photo", "not in the images folder"),
        (7, "d", "photo", "broken or cut short"),
        (8, "e", "photo", "too large"),
        (9, "f", "photo", "outside the images folder"),
        (10, "g", "photo", "private or local"),
        (11, "h", "photo", "private or local"),
        (12, "", "", "5 fields"),
    ]
    for row, (number, item_id, field, reason) in zip(left_out, expected, strict=True):
        assert (row.row, row.item_id, row.field) == (number, item_id, field)
        assert reason in row.reason
        assert row.reason.endswith(".")


def test_an_unchanged_row_costs_nothing(shop, store, monkeypatch):
    path = shop(GOOD)
    first = run(path, store)
    assert not any(result.unchanged for result in first)

    def refuse(_):
        raise AssertionError("a photo was read")

    monkeypatch.setattr(store, "add", refuse)
    again = run(path, store, known_rows=known_rows(first))
    assert all(result.unchanged for result in again)
    assert [(r.item, r.row_key) for r in again] == [(r.item, r.row_key) for r in first]


def test_only_what_changed_is_done_again(shop, store, pictures, tmp_path):
    before = known_rows(run(shop(GOOD), store))
    (tmp_path / "images" / "1.jpg").write_bytes(pictures.jpeg(90, 90))
    store.path(before["id2"].item.photo.sha256).unlink()  # a lost picture is mended
    rows = [list(row) for row in GOOD]
    rows[3][1] = "Sofa"
    results = run(shop(rows), store, known_rows=before)
    assert [result.unchanged for result in results] == [True, False, False, False, True]
    assert results[1].item.photo.width == 90
    assert results[2].item == before["id2"].item
    assert results[2].item.photo.sha256 in store
    assert results[3].item.title == "Sofa"
    assert results[3].item.photo == before["id3"].item.photo


def test_file_without_ids(shop, store):
    path = shop([("Chair", "0.jpg"), ("Sofa", "0.jpg"), ("Chair", "0.jpg")], ("name", "photo"))
    results = run(path, store)
    assert results[0].item.item_id != results[1].item.item_id
    assert len(results) == 2  # a row that says the same again is no defect
    assert all(result.unchanged for result in run(path, store, known_rows=known_rows(results))[:2])


def test_column_options(shop, store):
    path = shop([("x", "0.jpg")], ("label_of_thing", "thing"))
    with pytest.raises(CatalogError, match=r"label_of_thing, thing.*--column title="):
        ingest(path, store=store, settings=Settings())  # at once, not when it is read
    results = run(path, store, columns={"title": "label_of_thing", "image": "thing"})
    assert results[0].item.title == "x"


def test_images_folder(shop, store, tmp_path):
    path = shop([("1", "Chair", "Chair", "images/0.jpg")])
    assert isinstance(run(path, store, images=None)[0], Ingested)  # beside the file
    with pytest.raises(CatalogError, match="does not exist"):
        run(path, store, images=tmp_path / "nowhere")


def test_jsonl(shop, store, tmp_path):
    path = tmp_path / "items.jsonl"
    rows = [
        {"id": 7, "title": "Chair \ud800", "image": "0.jpg", "brand": None},
        {"id": 8, "title": "Sofa", "image": ["1.jpg"], "extra": "late"},
    ]
    path.write_text("\n".join([*map(json.dumps, rows), "{broken"]))
    results = run(path, store)
    assert [r.item.item_id for r in results[:2]] == ["7", "8"]
    assert results[0].item.title == "Chair"
    assert results[1].item.attributes == {"extra": "late"}
    assert "not valid JSON" in results[2].reason


@pytest.mark.parametrize("packed", [False, True])
def test_parquet_with_pictures(store, tmp_path, pictures, packed):
    path = tmp_path / "items.parquet"
    images = [pictures.jpeg(40 + n, 30) for n in range(100)]
    images[50] = b"broken"
    cells = [{"bytes": data, "path": None} for data in images] if packed else images
    table = {"item_id": list(range(100)), "title": [f"Chair {n}" for n in range(100)]}
    pq.write_table(pa.table(table | {"image": cells}), path)
    results = run(path, store, images=None)
    assert [r.item.photo.width for r in results[:50]] == list(range(40, 90))
    assert (results[50].row, results[50].item_id) == (51, "50")
    again = run(path, store, images=None, known_rows=known_rows(results))
    assert sum(isinstance(r, Ingested) and r.unchanged for r in again) == 99


def test_photos_from_the_web(shop, store, pictures):
    asked = []

    def fetch(url, *, max_bytes, timeout):
        asked.append((url, max_bytes))
        if "gone" in url:
            raise ImageError("“shop.example” answered with status 404.")
        return pictures.jpeg(50, 50)

    path = shop(
        [
            ("1", "Chair", "Chair", "https://shop.example/1.jpg"),
            ("2", "Chair", "Chair", "https://shop.example/gone.jpg"),
        ]
    )
    results = run(path, store, fetch=fetch)
    assert results[0].item.photo.width == 50
    assert "404" in results[1].reason
    assert asked[0] == ("https://shop.example/1.jpg", 20 * 2**20)
    run(path, store, fetch=fetch, known_rows=known_rows(results))
    assert [url for url, _ in asked].count("https://shop.example/1.jpg") == 1


def test_progress(shop, store):
    steps = []
    run(shop(GOOD), store, on_progress=steps.append)
    assert (steps[-1].stage, steps[-1].done, steps[-1].total) == ("reading", 5, 5)


def test_closing_the_iterator_stops_reading(shop, store, tmp_path):
    path = shop([(f"id{n}", "Chair", "Chair", f"{n % 5}.jpg") for n in range(2000)])
    rows = ingest(path, images=tmp_path / "images", store=store, settings=Settings())
    assert isinstance(next(rows), Ingested)
    rows.close()
    with pytest.raises(StopIteration):
        next(rows)


def test_a_full_disk_ends_the_run_instead_of_blaming_every_row(shop, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CatalogError, match="can't be stored"):
        run(shop(GOOD), ImageStore(tmp_path / "file"))


def test_a_header_without_rows_is_a_sentence(shop, store, tmp_path):
    with pytest.raises(CatalogError, match="no rows"):
        run(shop([]), store)
    empty = tmp_path / "items.parquet"
    pq.write_table(pa.table({"id": pa.array([], pa.int64()), "title": [], "image": []}), empty)
    with pytest.raises(CatalogError, match="no rows"):
        run(empty, store)


@pytest.mark.parametrize(
    "link", ["http://xn--", "http://xn--a/b.jpg", "http://[::1/a.jpg", "https://\u200d.example/x"]
)
def test_a_link_that_can_not_be_parsed_costs_its_own_row(shop, store, link):
    path = shop([("a", "Chair", "Chair", link), ("b", "Chair", "Chair", "0.jpg")])
    first, second = run(path, store)
    assert first.reason.endswith(".")
    assert second.item.item_id == "b"


def test_a_fault_of_ours_costs_its_own_row_and_is_logged(shop, store, monkeypatch, caplog):
    add, read_row = store.add, drafting.read_row

    def bad_add(source):
        if source.name == "1.jpg":
            raise ZeroDivisionError("by zero\nsecond line")
        return add(source)

    def bad_read(cells, *rest, **options):
        if cells["sku"] == "id3":
            raise KeyError("colour")
        return read_row(cells, *rest, **options)

    monkeypatch.setattr(store, "add", bad_add)
    monkeypatch.setattr(drafting, "read_row", bad_read)
    results = run(shop(GOOD), store)
    assert [isinstance(r, Ingested) for r in results] == [True, False, True, False, True]
    assert results[1].item_id == "id1"
    assert results[1].reason == "This row could not be read (ZeroDivisionError: by zero)."
    assert "KeyError" in results[3].reason
    assert "Traceback" in caplog.text


def test_a_parquet_value_that_can_not_be_converted_costs_its_own_row(store, tmp_path, pictures):
    raw = pa.array([b"Chair", b"\xff\xfe", b"Sofa"], pa.binary())
    titles = pa.Array.from_buffers(pa.string(), 3, raw.buffers())
    photos = [pictures.jpeg(40 + n, 30) for n in range(3)]
    table = pa.table({"id": [1, 2, 3], "title": titles, "image": photos})
    pq.write_table(table, tmp_path / "items.parquet")
    results = run(tmp_path / "items.parquet", store, images=None)
    assert [isinstance(r, Ingested) for r in results] == [True, False, True]
    assert "“title” can't be converted" in results[1].reason


def test_whatever_one_row_raises_costs_that_row_alone(shop, store):
    rows = [
        ("a", "Good", "Chair", "0.jpg"),
        ("b", "Bad link", "Chair", "http://example.com/b.jpg"),
        ("c", "Last", "Chair", "1.jpg"),
    ]

    def fetch(url, **limits):
        raise UnicodeError("label empty or too long")

    results = run(shop(rows), store, fetch=fetch)
    assert [r.item.title for r in results if isinstance(r, Ingested)] == ["Good", "Last"]
    (left_out,) = [r for r in results if isinstance(r, QuarantinedRow)]
    assert (left_out.row, left_out.item_id) == (2, "b")
    assert "label empty or too long" in left_out.reason


def test_a_value_that_cannot_be_converted_costs_its_row_alone(shop, store, tmp_path, pictures):
    (tmp_path / "0.jpg").write_bytes(pictures.jpeg())
    never = 2**62  # no date of Python's calendar
    table = pa.table(
        {
            "title": ["One", "Two", "Three"],
            "image": ["0.jpg"] * 3,
            "made": pa.array([0, never, 0], pa.timestamp("us")),
        }
    )
    pq.write_table(table, tmp_path / "items.parquet")
    results = run(tmp_path / "items.parquet", store, images=tmp_path)
    assert [r.item.title for r in results if isinstance(r, Ingested)] == ["One", "Three"]
    (left_out,) = [r for r in results if isinstance(r, QuarantinedRow)]
    assert left_out.row == 2
    assert "can't be converted" in left_out.reason


def test_further_photos_on_the_web_are_stored_in_order_and_failing_ones_stay_links(
    shop, store, pictures
):
    asked = []

    def fetch(url, **limits):
        asked.append(url)
        if "gone" in url:
            raise ImageError("It is not there.")
        return pictures.jpeg(30 + len(asked), 20)

    links = [f"https://x.example/{name}.jpg" for name in ("a", "gone-1", "b", "gone-2", "c")]
    path = shop(
        [("1", "Chair", "0.jpg", " ".join(links))],
        header=("sku", "name", "photo", "additional_images"),
    )
    (result,) = run(path, store, fetch=fetch)
    assert asked == links[:4]
    assert len(result.item.photos) == 3
    assert [photo.width for photo in result.item.more_photos] == [31, 33]
    assert result.item.photo_links == (links[1], links[3], links[4])
