"""Find the photos that a row of a catalogue file names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from core.catalog.cells import first_of, is_nothing
from core.catalog.column_names import folded
from core.catalog.columns import ColumnMap
from core.catalog.photo_cells import MOST, photos_in
from core.catalog.photos import Origin, locate
from core.catalog.text import clean
from core.errors import ImageError


def photos_of(
    row: Mapping[str, object],
    parts: Sequence[Mapping[str, object]],
    columns: ColumnMap,
    folder: Path,
    ids: tuple[str, ...],
) -> tuple[list[Origin], str]:
    """Return the photos of a product in order, and the first named one if that is missing.

    Raises:
        ImageError: There is no photo.
    """
    origins: dict[Origin, None] = {}
    missing = ""
    for number, value in enumerate(_named_photos(row, parts, columns, folder)):
        try:
            origin = locate(value, folder, ids if is_nothing(value) else ())
        except (ImageError, OSError):
            if number:
                continue
            if not isinstance(value, str):
                raise
            origin = _first_there(row, parts, columns, folder, value, ids)
            missing = clean(value, 200)
        if len(origins) < MOST:
            origins.setdefault(origin)
    return list(origins), missing


def _first_there(
    row: Mapping[str, object],
    parts: Sequence[Mapping[str, object]],
    columns: ColumnMap,
    folder: Path,
    missing: str,
    ids: tuple[str, ...],
) -> Origin:
    """Return the next photo of a row whose first one is missing.

    Raises:
        ImageError: As ``locate`` says it of the first one.
    """
    for value in _named_photos(row, parts, columns, folder):
        try:
            return locate(value, folder)
        except (ImageError, OSError):
            continue
    return locate(missing, folder, ids)


def _named_photos(
    row: Mapping[str, object],
    parts: Sequence[Mapping[str, object]],
    columns: ColumnMap,
    folder: Path,
) -> Iterator[object]:
    """Yield the names of the photos in the cells; a single ``None`` if there is none."""
    some = False
    for cells in (row, *parts):
        main = first_of(_photo_cell(cells.get(name)) for name in columns.of("image"))
        of_variants = [cells.get(name) for name in columns.of("image") if is_of_variant(name)]
        for value in (main, *(cells.get(name) for name in columns.more_images), *of_variants):
            for photo in _in_cell(value, folder):
                if not is_nothing(photo) and not (isinstance(photo, str) and not clean(photo, 9)):
                    some = True
                    yield photo
    if not some:
        yield None


def _in_cell(value: object, folder: Path) -> Iterator[object]:
    names = list(photos_in(value))
    if len(names) > 1 and isinstance(value, str) and _is_file(value, folder):
        return iter([value])
    return iter(names)


def _is_file(name: str, folder: Path) -> bool:
    try:
        return len(name) < 1000 and (folder / name).is_file()
    except (OSError, ValueError):
        return False


def _photo_cell(value: object) -> object:
    return None if isinstance(value, str) and not clean(value, 2000) else value


def is_of_variant(column: str) -> bool:
    """Tell whether a column has photos of variants."""
    return folded(column).startswith(("variant_", "variation_"))
