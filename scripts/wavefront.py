"""Read Wavefront OBJ models with their materials, as arrays (used by render_models.py)."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


@dataclass(frozen=True, slots=True)
class Material:
    """Colour (0 to 1), opacity, gloss (0 is matt) and texture file of a surface."""

    colour: tuple[float, float, float] = (0.8, 0.8, 0.8)
    opacity: float = 1.0
    gloss: float = 0.0
    texture: Path | None = None


@dataclass(slots=True)
class Part:
    """The polygons of one material; every corner has its own place in the arrays' rows.

    ``corners`` holds indices (place, texture place, normal) from 0, -1 where the file has none, one
    list per polygon.
    """

    material: Material
    polygons: list[list[tuple[int, int, int]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Mesh:
    """``places [n, 3]``, ``textures [t, 2]``, ``normals [m, 3]`` (float64), and their users."""

    places: np.ndarray
    textures: np.ndarray
    normals: np.ndarray
    parts: list[Part]


def read_obj(path: Path) -> Mesh:
    """Read a model; unknown materials are light grey, and said on stderr."""
    vectors: dict[str, list[list[float]]] = {"v": [], "vt": [], "vn": []}
    materials: dict[str, Material] = {}
    parts: dict[str, Part] = {}
    name = ""
    for line in (
        path.read_text(encoding="utf-8", errors="replace").replace("\\\n", " ").splitlines()
    ):
        key, _, rest = line.strip().partition(" ")
        if key in vectors:
            vectors[key].append([float(v) for v in rest.split()[: 2 if key == "vt" else 3]])
        elif key == "mtllib":
            materials.update(read_mtl(path.parent / rest.strip()))
        elif key == "usemtl":
            name = rest.strip()
        elif key in ("f", "fo"):
            if name not in parts:
                if name not in materials:
                    print(f"{path.name}: no material {name!r}", file=sys.stderr)
                parts[name] = Part(materials.get(name, Material()))
            counts = tuple(len(vectors[kind]) for kind in ("v", "vt", "vn"))
            parts[name].polygons.append([_corner(text, counts) for text in rest.split()])
    used = [part for part in parts.values() if part.polygons]
    return Mesh(_rows(vectors["v"], 3), _rows(vectors["vt"], 2), _rows(vectors["vn"], 3), used)


def _rows(numbers: list[list[float]], width: int) -> np.ndarray:
    return np.array(numbers, dtype=np.float64).reshape(-1, width)


def _corner(text: str, counts: tuple[int, ...]) -> tuple[int, int, int]:
    numbers = [*text.split("/"), "", ""][:3]
    indices = [
        -1 if not n else int(n) - 1 if int(n) > 0 else count + int(n)
        for n, count in zip(numbers, counts, strict=True)
    ]
    return indices[0], indices[1], indices[2]


def read_mtl(path: Path) -> dict[str, Material]:
    """Materials by name; none where the file is missing."""
    if not path.exists():
        return {}
    blocks = re.split(
        r"^\s*newmtl\s+", path.read_text(encoding="utf-8", errors="replace"), flags=re.M
    )
    materials = {}
    for block in blocks[1:]:
        name, *lines = block.splitlines()
        facts: dict[str, str] = {}
        for line in lines:
            key, _, rest = line.strip().partition(" ")
            facts[key] = rest.strip()
        colour = [float(v) for v in facts.get("Kd", "0.8 0.8 0.8").split()[:3]]
        shine = [float(v) for v in facts.get("Ks", "0 0 0").split()[:3]]
        materials[name.strip()] = Material(
            colour=(colour[0], colour[1], colour[2]),
            opacity=float(facts.get("d", "1").split()[-1]),
            gloss=max(shine) if float(facts.get("Ns", "0").split()[0]) > 1 else 0.0,
            texture=_texture(path.parent, facts.get("map_Kd", "")),
        )
    return materials


def _texture(folder: Path, name: str) -> Path | None:
    """Find the picture, whose name may hold spaces or follow options."""
    if not name:
        return None
    for candidate in (name, name.split()[-1], Path(name.replace("\\", "/")).name):
        if (folder / candidate).is_file():
            return folder / candidate
    print(f"{folder.name}: no texture {name!r}", file=sys.stderr)
    return None
