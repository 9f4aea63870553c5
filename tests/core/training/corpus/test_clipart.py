from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from core.training.corpus.clipart import clipart

SVG = """<svg><metadata><dc:title>{title}</dc:title><dc:description>{about}</dc:description>
<rdf:li>food</rdf:li><rdf:li>can</rdf:li></metadata></svg>"""


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    drawings = {
        "food/pop_can": ("Pop &amp; Can", "A can of pop, opened"),
        "computer/key_02": ("untitled", ""),
        "unsorted/duplicates/pop_can": ("Pop Can", ""),
    }
    for i in range(8):
        drawings[f"icons/arrow_{'abcdefgh'[i]}x"] = ("Theme", "")
    for name, (title, about) in drawings.items():
        for kind in ("png", "svg"):
            path = tmp_path / f"usr/share/openclipart/{kind}/{name}.{kind}"
            path.parent.mkdir(parents=True, exist_ok=True)
            if kind == "svg":
                path.write_text(SVG.format(title=title, about=about))
            else:
                Image.new("RGBA", (4, 4)).save(path)
    return tmp_path


def test_reads_titles_tags_and_folders(packages: Path) -> None:
    pictures = {picture.key: picture for picture in clipart(packages)}
    can = pictures["oc:food/pop_can"]
    assert can.texts == ("Pop & Can", "A can of pop, opened", "food, can", "Pop & Can, food")
    assert can.load().size == (4, 4)


def test_the_file_name_stands_in_for_a_title_that_says_nothing(packages: Path) -> None:
    pictures = {picture.key: picture.texts[0] for picture in clipart(packages)}
    assert pictures["oc:computer/key_02"] == "key"
    assert pictures["oc:icons/arrow_ax"] == "arrow ax"
    assert not any("duplicates" in key for key in pictures)
