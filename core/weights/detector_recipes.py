"""The detectors of ``data/detectors``: one file each, with its weights and how it is used."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from core.errors import SettingsError
from core.settings import SHIPPED

#: Folder of the recipes.
DETECTORS = SHIPPED / "detectors"


@dataclass(frozen=True, slots=True)
class DetectorRecipe:
    """The content of a detector's file; the file's name is the name in profiles and the role.

    Attributes:
        name: Its name.
        title: Name for people.
        family: Name in ``core.vision.detector_families.FAMILIES``: how it is asked.
        repository: Repository on the Hugging Face Hub.
        size_mb: Size of the download, megabytes.
        licence: SPDX name, as its publisher says.
        photo_mb: Memory of one photo in a pass at the detector's own size, float32, megabytes.
        floor: Smallest score of a stored box; a catalogue's threshold cannot usefully be lower.
    """

    name: str
    title: str
    family: str
    repository: str
    size_mb: int
    licence: str
    photo_mb: int
    floor: float = 0.15


_RECIPE = TypeAdapter(DetectorRecipe)


def load_detectors(folder: Path = DETECTORS) -> Mapping[str, DetectorRecipe]:
    """Read all recipes, by name.

    Raises:
        SettingsError: One can't be used; the sentence names the file.
    """
    detectors = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            table = tomllib.loads(path.read_text("utf-8"))
            if unknown := table.keys() - (set(DetectorRecipe.__slots__) - {"name"}):
                raise ValueError(f"the field “{min(unknown)[:40]}” is unknown")
            detectors[path.stem] = _RECIPE.validate_python({**table, "name": path.stem})
        except (OSError, ValueError, ValidationError) as error:
            raise SettingsError(f"The detector {path} can't be used: {error}.") from None
    return detectors
