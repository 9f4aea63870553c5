"""Draw what free queries find, to be looked at: a sheet of pictures per engine and catalogue.

    python -m benchmarks.free_queries DATA_DIR CATALOG OUT [--engines clip vl-clip] [--depth 5]

Asks the queries of `queries/free.toml` for a catalogue that is indexed in DATA_DIR, as the pages
ask them, and writes `OUT/CATALOG-ENGINE-N.png`, ten queries a sheet: the query, whether the engine
says "no close match", and its first results with their titles. Whether a first result is right is
for a person to say.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from core.app.studio import Studio
from core.domain import Query, SearchResult
from core.embedding.written import FONT
from core.settings import load_settings

QUERIES = Path(__file__).parent / "queries" / "free.toml"
#: Side of a picture, height of a line of text, queries on a sheet.
SIDE, LINE, ROWS = 150, 18, 10
_FONT = ImageFont.truetype(str(FONT), 12)


def main() -> None:
    """Ask the queries and write the sheets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("catalog")
    parser.add_argument("out", type=Path)
    parser.add_argument("--engines", nargs="+", default=["clip", "vl-clip"])
    parser.add_argument("--depth", type=int, default=5)
    given = parser.parse_args()
    print("python -m benchmarks.free_queries", *sys.argv[1:], f"({platform.machine()})")
    studio = Studio(load_settings(data_dir=given.data_dir))
    queries = tomllib.loads(QUERIES.read_text("utf-8"))[given.catalog]
    given.out.mkdir(parents=True, exist_ok=True)
    for engine in given.engines:
        results = [studio.search(Query(text), engine, given.catalog) for text in queries]
        rows = list(zip(queries, results, strict=True))
        for start in range(0, len(rows), ROWS):
            path = given.out / f"{given.catalog}-{engine}-{start // ROWS + 1}.png"
            drawn = sheet(studio, given.catalog, rows[start : start + ROWS], given.depth)
            drawn.save(path)
            print(path, flush=True)


def sheet(
    studio: Studio, catalog: str, rows: Sequence[tuple[str, SearchResult]], depth: int
) -> Image.Image:
    """Return a picture with a row per query."""
    high = SIDE + 3 * LINE
    drawn = Image.new("RGB", (depth * (SIDE + 10), len(rows) * high), "white")
    pen = ImageDraw.Draw(drawn)
    for number, (text, result) in enumerate(rows):
        top = number * high
        verdict = "" if result.close else "    — no close match —"
        pen.text((4, top), f"“{text}”{verdict}", "black", _FONT)
        for place, (picture, title) in enumerate(_shown(studio, catalog, result, depth)):
            left = place * (SIDE + 10)
            drawn.paste(picture, (left, top + LINE))
            pen.text((left, top + LINE + SIDE), title[:24], "dimgray", _FONT)
    return drawn


def _shown(
    studio: Studio, catalog: str, result: SearchResult, depth: int
) -> Iterator[tuple[Image.Image, str]]:
    for hit in result.hits[:depth]:
        if hit.item.has_photo:
            photo = ImageOps.pad(studio.photo(hit.item, catalog), (SIDE, SIDE), color="white")
        else:
            photo = Image.new("RGB", (SIDE, SIDE), "lightgray")
        yield photo, hit.item.title


if __name__ == "__main__":
    main()
