"""Turn the labels of a file into grades of a set's scale, by a mapping that people can change.

A mapping is written as ``E=3, S=2, C=1, I=0``, or with ranges of numbers as ``0..0.5=0, 0.5..1=1``.
On the border of two ranges the later one counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from core.domain import DEFAULT_SCALE, Grade
from core.errors import JudgmentError
from core.judging.judgment_rows import Row, label_of, number_of, plain_number

#: Scale of labels that only say relevant or not.
BINARY_SCALE = (Grade(0, "not relevant"), Grade(1, "relevant"))
#: Scales of words with their default grades; a file counts where all of its labels are of a scale.
WORDS: tuple[Mapping[str, int], ...] = (
    {"e": 3, "s": 2, "c": 1, "i": 0},
    {"exact": 3, "substitute": 2, "complement": 1, "irrelevant": 0},
    {"exact": 3, "partial": 1, "irrelevant": 0},
    {"relevant": 1, "irrelevant": 0},
    {"relevant": 1, "not relevant": 0},
    {"true": 1, "false": 0},
    {"yes": 1, "no": 0},
)
#: Names that a new set gives to the grades of such words.
_ESCI = ("irrelevant", "complement", "substitute", "exact")
#: Highest grade: it is also the key that is pressed.
_HIGHEST = 9
#: Labels that repeat so often are steps of a scale, not measurements.
_REPEATED = 5
#: A grade above the default scale is a typing error where it is that rare.
_RARE, _ENOUGH = 0.02, 5


@dataclass(frozen=True, slots=True)
class Step:
    """An entry of a mapping: a label, or a range of numbers, and its grade.

    Attributes:
        label: The label in small letters; for a range the text ``low..high``.
        grade: Its grade.
        span: Both ends of a range, which belong to it.
    """

    label: str
    grade: int
    span: tuple[float, float] | None = None

    def __str__(self) -> str:
        """Return the entry as people write it."""
        return f"{self.label}={self.grade}"


@dataclass(frozen=True, slots=True)
class GradeMap:
    """A mapping from the labels of a file to grades.

    Attributes:
        steps: Its entries.
        notes: Sentences on what was guessed.
    """

    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the mapping as people write it."""
        return ", ".join(map(str, self.steps))

    @property
    def is_identity(self) -> bool:
        """Whether every label is its own grade."""
        return all(step.label == str(step.grade) for step in self.steps)

    def grade(self, label: str) -> int | None:
        """Return the grade of a label, or ``None`` if the mapping has none."""
        exact = next((step.grade for step in self.steps if step.label == label), None)
        if exact is not None:
            return exact
        value = number_of(label)
        if value is None:
            return None
        inside = [s.grade for s in self.steps if s.span and s.span[0] <= value <= s.span[1]]
        return inside[-1] if inside else None


def read_map(text: str) -> GradeMap:
    """Read a mapping that a person wrote.

    Raises:
        JudgmentError: An entry is not ``label=grade`` or ``low..high=grade``.
    """
    steps: dict[str, Step] = {}
    for entry in text.replace(";", ",").replace("\n", ",").split(","):
        if not entry.strip():
            continue
        label, equals, grade = (part.strip() for part in entry.rpartition("="))
        if not (equals and label and grade.isascii() and grade.isdecimal()):
            raise JudgmentError(
                f"“{entry.strip()[:40]}” is no entry of a mapping; write LABEL=GRADE or "
                "LOW..HIGH=GRADE, with commas between, for example E=3, S=2, C=1, I=0."
            )
        if int(grade) > _HIGHEST:
            raise JudgmentError(
                f"A grade is a digit, 0 to {_HIGHEST}; “{entry.strip()[:40]}” is not."
            )
        step = _step(label, int(grade))
        if step.label in steps:
            raise JudgmentError(f"The mapping names “{label[:40]}” twice.")
        steps[step.label] = step
    if not steps:
        raise JudgmentError("The mapping is empty; write LABEL=GRADE with commas between.")
    return GradeMap(tuple(steps.values()))


def _step(label: str, grade: int) -> Step:
    low, dots, high = label.partition("..")
    ends = (number_of(low.strip()), number_of(high.strip())) if dots else (None, None)
    if ends[0] is None or ends[1] is None:
        return Step(label_of(label), grade)
    if ends[0] > ends[1]:
        raise JudgmentError(f"The range {label[:40]} ends before it begins.")
    return _range(ends[0], ends[1], grade)


def _range(low: float, high: float, grade: int) -> Step:
    return Step(f"{plain_number(low)}..{plain_number(high)}", grade, (low, high))


def guessed_map(labels: Mapping[str, int], grades: Collection[int] | None) -> GradeMap:
    """Return the mapping that fits the labels of a file.

    Args:
        labels: Label → number of rows.
        grades: Grades of the set that they go into; ``None`` for a new set.
    """
    read = {label: number_of(label) for label in labels}
    numbers = sorted(value for value in read.values() if value is not None and value >= 0)
    words = {label for label, value in read.items() if value is None}
    scale = next((scale for scale in WORDS if words and words <= set(scale)), None)
    if scale is not None and len(words) == len(read):
        return _of_words(scale, grades)
    whole = [int(value) for value in numbers if value.is_integer()]
    if len(whole) == len(numbers):
        return _of_whole(whole, labels, grades)
    return _of_fractions(numbers, labels, grades)


def _of_words(scale: Mapping[str, int], grades: Collection[int] | None) -> GradeMap:
    highest = 3 if grades is None else max(grades)
    top = max(scale.values())
    if top == 1 and grades is None:
        highest = 1
    if top > highest:  # a set that only says relevant or not: the upper half is relevant
        steps = tuple(Step(word, int(2 * grade > top) * highest) for word, grade in scale.items())
    else:
        fits = top if top == 3 else highest
        steps = tuple(Step(word, fits if grade == top else grade) for word, grade in scale.items())
    words = ", ".join(f"{step.label} = {step.grade}" for step in steps)
    return GradeMap(steps, (f"Grades were read as {words}.",))


def _of_whole(
    numbers: Sequence[int], labels: Mapping[str, int], grades: Collection[int] | None
) -> GradeMap:
    """Take whole numbers as grades where the scale has them; else cut their range into steps."""
    usual, errors = _without_errors(numbers, labels)
    highest = max(usual, default=0)
    if grades is not None:
        notes = (*_one_note(usual, max(grades)), *_above_note(numbers, labels, sorted(grades)))
        return GradeMap(_themselves(sorted(grades)), notes)
    if highest > _HIGHEST:
        return _in_parts(highest, labels, [grade.value for grade in DEFAULT_SCALE])
    if set(usual) <= {0, 1} and highest == 1:
        return GradeMap(
            _themselves([0, 1]),
            ("All labels are 0 or 1, so the scale is: 0 not relevant, 1 relevant. If they are of a "
             "longer scale, change the mapping, for example to 0=0, 1=3.",),
        )  # fmt: skip
    steps = _themselves(range(max(highest, DEFAULT_SCALE[-1].value) + 1))
    if not errors:
        return GradeMap(steps)
    shown = ", ".join(map(str, errors))
    return GradeMap(
        steps,
        (f"Nearly all grades are 0 to {steps[-1].grade}; {shown} was taken for a typing error. If "
         f"it is none, add it to the mapping.",),
    )  # fmt: skip


def _one_note(numbers: Sequence[int], highest: int) -> tuple[str, ...]:
    if highest <= 1 or not numbers or not set(numbers) <= {0, 1}:
        return ()
    return (f"All labels are 0 or 1. If 1 means relevant, change the mapping to 0=0, 1={highest}.",)


def _above_note(
    numbers: Sequence[float], labels: Mapping[str, int], scale: Sequence[int]
) -> tuple[str, ...]:
    if not numbers or max(numbers) <= scale[-1]:
        return ()
    parts = _in_parts(max(numbers), labels, scale)
    return (
        "Some labels are beyond the scale of the set. If the file has a scale of its own, change "
        f"the mapping, for example to {parts}.",
    )


def _without_errors(
    numbers: Sequence[int], labels: Mapping[str, int]
) -> tuple[list[int], list[int]]:
    """Split off grades above the default scale that are so rare that they are typing errors."""
    highest = DEFAULT_SCALE[-1].value
    above = [number for number in numbers if number > highest]
    rows = sum(labels[str(number)] for number in numbers)
    rare = sum(labels[str(number)] for number in above)
    alone = rare == 1 and bool(above) and above[0] > highest + 1
    if rows > _ENOUGH and above and (alone or rare <= _RARE * rows):
        return [number for number in numbers if number <= highest], above
    return list(numbers), []


def own_map(grades: Iterable[int]) -> GradeMap:
    """Return the mapping where each label is its own grade."""
    return GradeMap(_themselves(grades))


def _themselves(grades: Iterable[int]) -> tuple[Step, ...]:
    return tuple(Step(str(grade), grade) for grade in grades)


def _in_parts(highest: float, labels: Mapping[str, int], grades: Sequence[int]) -> GradeMap:
    """Cut 0 to ``highest`` into as many equal ranges as there are grades.

    Few labels that repeat are a scale of their own, such as 0, 1, 10, 100: where equal ranges would
    put two of them together, they become grades by their order.
    """
    borders = [round(highest * place / len(grades), 6) for place in range(len(grades) + 1)]
    borders[-1] = float(highest)
    steps = tuple(
        _range(low, high, grade)
        for low, high, grade in zip(borders, borders[1:], grades, strict=False)
    )
    parts = GradeMap(steps)
    values = sorted(v for v in map(number_of, labels) if v is not None and 0 <= v <= highest)
    together = len({parts.grade(plain_number(value)) for value in values}) < len(values)
    repeated = sum(labels.values()) >= _REPEATED * len(values)
    if together and repeated and len(values) <= len(grades):
        return _in_order(values, grades)
    note = f"Labels reach to {plain_number(highest)}, so their range was cut into equal parts."
    return replace(parts, notes=(note,))


def _in_order(values: Sequence[float], grades: Sequence[int]) -> GradeMap:
    """Give each label a grade of its own: in their order, the highest label the highest grade."""
    own = (*grades[: len(values) - 1], grades[-1])
    steps = tuple(
        Step(plain_number(value), grade) for value, grade in zip(values, own, strict=True)
    )
    shown = ", ".join(map(plain_number, values))
    return GradeMap(steps, (f"The labels {shown} became grades by their order.",))


def _of_fractions(
    numbers: Sequence[float], labels: Mapping[str, int], grades: Collection[int] | None
) -> GradeMap:
    """Cut fractions up to 1 into equal ranges; round those of a longer scale to its grades."""
    scale = sorted(grades) if grades else [grade.value for grade in DEFAULT_SCALE]
    highest = max(numbers)
    if highest <= 1:
        return _in_parts(1.0, labels, scale)
    if highest > scale[-1] and grades is None:
        return _in_parts(highest, labels, scale)
    middles = [(low + high) / 2 for low, high in pairwise(scale)]
    borders = [float(scale[0]), *middles, float(scale[-1])]
    steps = tuple(
        _range(low, high, grade)
        for low, high, grade in zip(borders, borders[1:], scale, strict=False)
    )
    rounded = "Grades between two steps of the scale were rounded."
    return GradeMap(steps, (rounded, *_above_note(numbers, labels, scale)))


def scale_for(made: GradeMap, counted: Counter[str]) -> tuple[Grade, ...]:
    """Return the scale of a new set whose grades come from a mapping."""
    used = {grade for label in counted if (grade := made.grade(label)) is not None}
    highest = max((step.grade for step in made.steps), default=0)
    written = {step.label: step.grade for step in made.steps}
    if written in WORDS[:2]:
        return tuple(Grade(value, name) for value, name in enumerate(_ESCI))
    if highest == 1 and used:
        return BINARY_SCALE
    if highest <= DEFAULT_SCALE[-1].value:
        return DEFAULT_SCALE
    return tuple(Grade(value, f"grade {value}") for value in range(highest + 1))


def counted_labels(rows: Iterable[Row]) -> Counter[str]:
    """Count the labels of other tools' rows; rows of our own files have grades already."""
    return Counter(row.label for row in rows if row.event is None)
