"""Searches over a bucket: few questions to the store, and what another server adds is found."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from PIL import Image

from core.app.studio import Studio
from core.domain import Query
from core.embedding.compact import CompactEncoder
from core.settings import load_settings
from tests.command import command
from tests.object_store import requests_of

#: Most questions of a search that finds what it needs to know no older than a second …
AT_ONCE = 12
#: … and of one that looks for newer versions of the tables, too.
LATER = 20


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A file of products."""
    lines = ["id,title,image"]
    for number, colour in enumerate(["red", "blue", "green", "white", "grey", "black"] * 4):
        Image.new("RGB", (60, 60 + number), colour).save(tmp_path / f"{number}.png")
        lines.append(f"{number},{colour} chair {number},{number}.png")
    file = tmp_path / "shop.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_a_warm_search_asks_the_store_few_times_and_finds_what_is_new(
    shop: Path,
    bucket_uri: str,
    store_address: str,
    tmp_path: Path,
    encoder: CompactEncoder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VLCLIP_BUCKET", bucket_uri)
    first = tmp_path / "first"
    indexed = command("index", shop, "--engines", "clip", "--data-dir", first)
    assert indexed.returncode == 0, indexed.stderr
    studio = Studio(load_settings(data_dir=tmp_path / "second"))

    def titles(words: str) -> list[str]:
        return [hit.item.title for hit in studio.search(Query(words, k=5), "clip", "shop").hits]

    def asked(words: str) -> int:
        requests_of(store_address)
        titles(words)
        return len(requests_of(store_address))

    def least(words: str, most: int, rest: float) -> int:
        """Fewest questions of some searches: one that takes a second itself asks for more."""
        fewest = asked(words)
        for _ in range(20):
            if fewest <= most:
                break
            time.sleep(rest)
            fewest = min(fewest, asked(words))
        return fewest

    assert "chair" in titles("green chair")[0]
    time.sleep(1.1)
    asked("red chair")
    assert least("blue chair", AT_ONCE, 0) <= AT_ONCE
    time.sleep(1.1)
    assert least("white chair", LATER, 1.1) <= LATER

    with shop.open("a") as file:
        file.write("new,purple sofa,0.png\n")
    again = command("index", shop, "--engines", "clip", "--data-dir", first)
    assert "1 new" in again.stdout, again.stderr
    time.sleep(1.1)
    assert "purple sofa" in titles("purple sofa")
    assert studio.catalog("shop").items == 25
