"""What an import of judgments would do, and doing it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.base.counts import counted, verb
from core.domain import JudgmentEvent, JudgmentSet
from core.errors import JudgmentError
from core.judging.grade_maps import GradeMap
from core.judging.judgment_queue import JudgmentQueue
from core.judging.judgment_rows import Rejected


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """The result that an import would have.

    Attributes:
        format: The detected format of the file.
        judgment_set: The set as it would be afterwards.
        is_new: Whether the set would be new.
        events: Events that fit.
        new_pairs: Pairs that would be added to the set.
        rejected: Rows that don't fit, with reasons.
        notes: Sentences on what was guessed.
        mapping: How the file's labels became grades; ``None`` for our own files.
        labels: Number of rows that fit per label of the file.
        stored: Number of events that are in the set already.
        new_words: Queries of the set that would get words in place of their id.
    """

    format: str
    judgment_set: JudgmentSet
    is_new: bool
    events: tuple[JudgmentEvent, ...]
    new_pairs: int
    rejected: tuple[Rejected, ...]
    notes: tuple[str, ...] = ()
    mapping: GradeMap | None = None
    labels: Mapping[str, int] = field(default_factory=dict)
    stored: int = 0
    new_words: int = 0

    def summary(self) -> str:
        """Return what fits and what does not, in a sentence."""
        name = self.judgment_set.name
        already = f" ({self.stored:,} of them are in the set already)" if self.stored else ""
        fits = verb(len(self.events), "fits", "fit")
        doubt = verb(len(self.rejected), "does", "do")
        get = verb(self.new_words, "gets", "get")
        parts = [
            f"{counted(len(self.events), 'label')} {fits}{already}, "
            f"{counted(len(self.rejected), 'row')} {doubt} not",
            f"{counted(self.new_pairs, 'pair')} {verb(self.new_pairs, 'is', 'are')} new to the "
            f"{'new set' if self.is_new else 'set'} “{name}”",
        ]
        if self.new_words:
            parts.append(f"{counted(self.new_words, 'query')} {get} words in place of the id")
        return "; ".join(parts) + "."

    def outcome(self, taken: int) -> str:
        """Return what an import did, in a sentence, given the number of new labels."""
        named = f"“{self.judgment_set.name}” ({self.judgment_set.set_id})"
        parts = [f"{counted(taken, 'label')} {verb(taken, 'was', 'were')} taken in"]
        if not taken and self.events:
            parts = ["All of these labels were there already"]
        if not self.events:
            parts = []
        if self.new_words:
            parts.append(f"{counted(self.new_words, 'query')} got words")
        return f"{named}: {', '.join(parts) or 'nothing changed'}."

    def labels_of(self, grade: int, most: int = 6) -> list[str]:
        """Return some of the file's labels that become a grade, the most frequent first."""
        ordered = sorted(self.labels, key=lambda label: (-self.labels[label], label))
        mapping = self.mapping or GradeMap(())
        of_grade = [label[:40] for label in ordered if mapping.grade(label) == grade]
        return of_grade if len(of_grade) <= most else [*of_grade[:most], "…"]

    def by_grade(self) -> dict[int, int]:
        """Return how many rows that fit have each grade."""
        counts: Counter[int] = Counter()
        for label, number in self.labels.items():
            grade = self.mapping.grade(label) if self.mapping else None
            if grade is not None:
                counts[grade] += number
        return dict(sorted(counts.items()))


def carry_out(desk: JudgmentQueue, made: ImportPlan) -> int:
    """Store the events of a plan and return the number of new ones.

    Raises:
        JudgmentError: It can't be stored, or nothing fits.
    """
    if not made.events and not made.judgment_set.pairs:
        raise JudgmentError("Nothing in this file fits, so nothing was taken in.")
    if made.is_new:
        desk.sets.add(made.judgment_set)
    elif made.new_pairs or made.new_words:
        desk.sets.extend(made.judgment_set.set_id, made.judgment_set.pairs)
    return desk.take_in(made.judgment_set.set_id, made.events)
