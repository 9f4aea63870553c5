"""How the labels of a file become grades, and the scale of the set that they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.domain import Grade
from core.judging.checks import clean
from core.judging.grade_maps import (
    GradeMap,
    counted_labels,
    guessed_map,
    own_map,
    read_map,
    scale_for,
)
from core.judging.judgment_rows import File

_LONGEST = 80


@dataclass(frozen=True, slots=True)
class ImportScale:
    """How labels become grades.

    Attributes:
        map: The mapping; ``None`` for our own files, which have grades.
        grades: The scale of a new set; empty where the set has its own.
        notes: Sentences on what was guessed and left out.
    """

    map: GradeMap | None = None
    grades: tuple[Grade, ...] = ()
    notes: tuple[str, ...] = ()


def grade_map_of(file: File, written: str, own: Sequence[Grade] | None) -> ImportScale:
    """Return the mapping that a person wrote, else the one that fits.

    Args:
        file: The file.
        written: The mapping that a person wrote; empty if nobody did.
        own: Scale of the set that the labels go into; ``None`` for a new set.

    Raises:
        JudgmentError: The written mapping can't be read.
    """
    labels = counted_labels(file.rows)
    if not labels:
        return ImportScale()
    texts = _texts(file.scale)
    named = _named(texts)
    if own is not None:
        made = read_map(written) if written.strip() else guessed_map(labels, _values(own))
        return ImportScale(made, (), (*made.notes, *_names_left_out(texts, own)))
    if named and _are_grades(labels, named) and not written.strip():
        return ImportScale(own_map(_values(named)), named)
    made = read_map(written) if written.strip() else guessed_map(labels, None)
    used = {grade for label in labels if (grade := made.grade(label)) is not None}
    if named and made.is_identity and used <= set(_values(named)):
        return ImportScale(made, named, made.notes)
    guessed = scale_for(made, labels)
    return ImportScale(made, guessed, (*made.notes, *_names_left_out(texts, guessed)))


def _values(scale: Sequence[Grade]) -> list[int]:
    return [grade.value for grade in scale]


def _are_grades(labels: Mapping[str, int], scale: Sequence[Grade]) -> bool:
    return set(labels) <= {str(value) for value in _values(scale)}


def _texts(names: Mapping[int, str]) -> dict[int, str]:
    """Return the names of grades that a file gives, fit to be shown."""
    texts = {value: clean(text).strip()[:_LONGEST] for value, text in sorted(names.items())}
    return texts if any(texts.values()) else {}


def _named(texts: Mapping[int, str]) -> tuple[Grade, ...]:
    """Return the file's scale if a set can have it; a grade without a name gets its number."""
    if not (2 <= len(texts) <= 10 and min(texts) >= 0 and max(texts) <= 9):
        return ()
    return tuple(Grade(value, text or f"grade {value}") for value, text in texts.items())


def _names_left_out(texts: Mapping[int, str], own: Sequence[Grade]) -> tuple[str, ...]:
    """Return a sentence where the file names its grades otherwise than the set does."""
    names = {grade.value: grade.name for grade in own}
    if all(names.get(value) == text for value, text in texts.items()):
        return ()
    shown = ", ".join(f"{value} {text}" for value, text in list(texts.items())[:10])
    return (f"The file's names of its grades are left out: {shown}.",)
