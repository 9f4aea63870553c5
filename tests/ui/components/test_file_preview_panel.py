"""The preview of a catalogue file on the page."""

from __future__ import annotations

from PIL import Image

from core.app.dry_run import preview_file
from core.cli.preview import preview_text
from core.domain import QuarantinedRow
from core.settings import Settings
from ui.components.file_preview_panel import (
    AS_GUESSED,
    LEFT_EMPTY,
    MAPPED,
    chosen_columns,
    field_updates,
    preview_html,
    reasons,
    sample_photos,
)

FEED = """id,title,type,image,"Price (x, y)"
1,<b>Grey</b> Couch <script>alert(1)</script>,Indoor,a.jpg,9
2,Oak Stool,Stools,gone.jpg,9
"""


def looked_at(tmp_path):
    (tmp_path / "feed.csv").write_text(FEED, encoding="utf-8")
    (tmp_path / "a.jpg").write_bytes(b"photo")
    return preview_file(tmp_path / "feed.csv", Settings(data_dir=tmp_path / "data"))


def test_the_page_says_what_would_happen_and_runs_no_markup(tmp_path):
    html = preview_html(looked_at(tmp_path))
    assert "1 of 2 rows would become an item." in html
    assert "couch" in html
    assert "Indoor" in html
    assert "is not in the images folder" in html
    assert "<script" not in html
    assert str(tmp_path) not in html  # a page names no folder of the server


def test_columns_say_why_and_samples_show_their_photos(tmp_path):
    Image.new("RGB", (300, 200), "red").save(tmp_path / "a.jpg")
    (tmp_path / "feed.csv").write_text(
        "Artikelnummer;Bezeichnung;Bild;VK brutto;parent\n1;Rote Couch;a.jpg;9;g-1\n"
        "2;Tisch;https://shop.example/b.jpg;8;\n"
    )
    preview = preview_file(tmp_path / "feed.csv", Settings(data_dir=tmp_path / "data"))
    html = preview_html(preview, sample_photos(preview, 2**20))
    assert html.count('src="data:image/jpeg;base64,') == 1
    assert "not looked at" in html
    assert "<td>g-1</td>" in html
    assert preview.why["title"] == "its name, in German"
    assert (preview.why["price"], preview.why["group"]) == ("a word in its name", "its name")
    assert "(its name, in German)" in html
    assert "(its name, in German)" in preview_text(preview)


def test_every_column_can_be_chosen_whatever_its_name(tmp_path):
    preview = looked_at(tmp_path)
    chosen = [AS_GUESSED] * len(MAPPED)
    chosen[list(MAPPED).index("price")] = "Price (x, y)"
    updates = field_updates(preview, chosen)
    price = updates[list(MAPPED).index("price")]
    assert price["value"] == "Price (x, y)"
    assert ("as guessed: type", AS_GUESSED) in updates[list(MAPPED).index("product_type")][
        "choices"
    ]


def test_a_choice_that_another_file_lacks_falls_back_to_the_guess(tmp_path):
    updates = field_updates(looked_at(tmp_path), ["gone column", *[AS_GUESSED] * 9])
    assert updates[0]["value"] == AS_GUESSED


def test_only_what_a_person_chose_is_handed_on():
    chosen = [AS_GUESSED] * len(MAPPED)
    chosen[0], chosen[3] = "Bezeichnung", LEFT_EMPTY
    assert chosen_columns(chosen) == {"title": "Bezeichnung", "description": ""}


def test_equal_reasons_are_one_line():
    rows = [QuarantinedRow(n, "", "image", f"The photo “{n}.jpg” is gone.") for n in range(1, 9)]
    (reason,) = reasons(rows)
    assert (reason.text, reason.count) == ("The photo “1.jpg” is gone.", 8)
    assert reason.rows == "1, 2, 3, 4, 5 …"
