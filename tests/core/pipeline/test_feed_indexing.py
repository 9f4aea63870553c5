"""A feed with variants and several photos, indexed and opened again."""

from __future__ import annotations

from PIL import Image

from core.domain import Variant
from core.pipeline.indexer import run_index
from core.store.catalog_store import CatalogStore
from core.store.image_store import ImageStore
from tests.core.pipeline.small import bench, rows_of

FEED = """Handle,Title,Type,Option1 Name,Option1 Value,Variant SKU,Variant Price,Image Src
stool,Ash Stool,Stool,Color,Blue,S-B,49.00,blue.png
stool,,,,Green,S-G,52.00,green.png
stool,,,,,,,"red.png, https://pics.example/x.jpg, nowhere.png"
cup,,Cup,,,,,red.png
vase,Clay Vase,Vase,Size,S,V-S,9.00,red.png
"""


def test_variants_and_photos_are_kept(tmp_path):
    for colour in ("blue", "green", "red"):
        Image.effect_noise((40, 40), 90).convert("RGB").save(tmp_path / f"{colour}.png")
    source = tmp_path / "feed.csv"
    source.write_text(FEED)
    store = CatalogStore(tmp_path / "shop")
    photos = ImageStore(store.root / "images")
    report = run_index(store, photos, bench().models, rows_of(source, photos))
    assert (report.rows, report.items) == (5, 2)
    assert [(row.row, row.item_id) for row in report.quarantined] == [(4, "cup")]

    items = CatalogStore(tmp_path / "shop").items.get(["stool", "vase"])
    stool = items["stool"]
    blue, green, red = (photo.sha256 for photo in stool.photos)
    assert len({blue, green, red}) == 3
    assert all(photos.open(photo.sha256).size == (40, 40) for photo in stool.photos)
    assert stool.photo_links == ("https://pics.example/x.jpg",)
    assert stool.variants == (
        Variant("S-B", {"Color": "Blue"}, "49.00", blue),
        Variant("S-G", {"Color": "Green"}, "52.00", green),
    )
    assert (items["vase"].variants, items["vase"].more_photos) == ((), ())
    again = run_index(store, photos, bench().models, rows_of(source, photos))
    assert (again.unchanged, again.rows) == (2, 5)
