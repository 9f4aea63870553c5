"""Measure how fast catalogue files are read without photos, and whether time grows linearly.

python -m benchmarks.reading [--rows 10000 30000 100000] [--formats csv jsonl xml]

The dry run reads files made here: CSV, JSON lines and XML, products with a title, a category path,
two prices and two photo links. Linear means that rows per second (of processor time) stay the same.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from core.app.dry_run import preview_file
from core.settings import load_settings

_COLOURS = ("Red", "Blue", "Green", "Olive", "Cream", "Black")
_MATERIALS = ("Oak", "Linen", "Cotton", "Steel", "Wool", "Glass")
_THINGS = {
    "Chair": "Furniture > Seating > Chairs", "Sofa": "Furniture > Seating > Sofas",
    "T-Shirt": "Clothing > Tops > T-Shirts", "Mug": "Kitchen > Mugs", "Lamp": "Lighting > Lamps",
}  # fmt: skip


def products(count: int) -> Iterator[dict[str, str]]:
    chance = random.Random(7)  # noqa: S311
    for number in range(count):
        thing = chance.choice(list(_THINGS))
        colour, material = chance.choice(_COLOURS), chance.choice(_MATERIALS)
        link = f"https://shop.example/p/{number}"
        yield {
            "id": f"P{number:07}",
            "title": f"{colour} {material} {thing} {number % 900}",
            "description": f"A {colour.lower()} {thing.lower()} of {material.lower()}. " * 4,
            "product_type": _THINGS[thing],
            "price": f"{20 + number % 400}.00 EUR",
            "sale_price": f"{15 + number % 400}.00 EUR" if number % 3 == 0 else "",
            "image_link": f"{link}.jpg",
            "additional_image_link": f"{link}-b.jpg",
            "color": colour,
            "item_group_id": f"G{number // 3}",
        }


def write(folder: Path, ending: str, count: int) -> Path:
    path = folder / f"feed-{count}.{ending}"
    with path.open("w", encoding="utf-8") as file:
        if ending == "csv":
            for number, row in enumerate(products(count)):
                if number == 0:
                    file.write("\t".join(row) + "\n")
                file.write("\t".join(row.values()) + "\n")
        elif ending == "jsonl":
            file.writelines(json.dumps(row) + "\n" for row in products(count))
        else:
            file.write("<products>\n")
            for row in products(count):
                cells = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in row.items())
                file.write(f"<product>{cells}</product>\n")
            file.write("</products>\n")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 30_000, 100_000])
    parser.add_argument("--formats", nargs="+", default=["csv", "jsonl", "xml"])
    arguments = parser.parse_args()
    counts = arguments.rows
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = load_settings(data_dir=folder / "data")
        print("format  " + "".join(f"{count:>12,} rows" for count in counts) + "   last / first")
        for ending in arguments.formats:
            speeds = []
            for count in counts:
                path = write(folder, ending, count)
                started = time.process_time()  # other programs on the machine don't count
                preview = preview_file(path, settings)
                speeds.append(count / (time.process_time() - started))
                path.unlink()
                if preview.items != count:
                    raise SystemExit(f"{preview.items} of {count} rows became items: {preview}")
            shown = "".join(f"{speed:>13,.0f} /s" for speed in speeds)
            print(f"{ending:<8}{shown}{speeds[-1] / speeds[0]:>14.2f}")


if __name__ == "__main__":
    main()
