"""Make and change the judgment sets of one catalogue; sets only grow."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import lancedb

from core.base.locks import WRITE, file_lock
from core.domain import JudgmentQuery, JudgmentSet, Pair, Rules, SearchResult
from core.errors import JudgmentError
from core.judging.calibration import drawn
from core.judging.checks import LONGEST_NAME, check_rules, clean
from core.judging.pool import pool, shuffled
from core.judging.set_words import with_words
from core.judging.sets import SetTable
from core.judging.state import PairKey
from core.store.database import folder_of

_SET_ID = re.compile(r"[a-z0-9-]{1,80}")

#: Returns the results of every pooled engine for one query.
Answer = Callable[[JudgmentQuery], Sequence[SearchResult]]


class JudgmentSets(SetTable):
    """The sets of one catalogue; safe with several threads and processes."""

    def __init__(self, database: lancedb.DBConnection) -> None:
        super().__init__(database)
        self._revise_lock = folder_of(database) / ".judgment_sets.lock"

    def create(
        self,
        name: str,
        queries: Sequence[JudgmentQuery],
        engines: Sequence[str],
        depth: int,
        rules: Rules,
        answer: Answer,
        calibration: int = 0,
    ) -> JudgmentSet:
        """Pool the engines' results into a new set.

        Args:
            name: Name for people.
            queries: The queries.
            engines: Names of the engines whose results are pooled.
            depth: Number of results of each engine.
            rules: Rules of judging.
            answer: Returns the engines' results for a query.
            calibration: This many pairs, drawn at random, are judged by everybody.

        Raises:
            JudgmentError: No queries or engines, a depth below 1, or nothing was found at all.
        """
        if not queries or not engines:
            raise JudgmentError("A judgment set needs at least one query and one engine.")
        if depth < 1:
            raise JudgmentError("The pool depth must be at least 1.")
        set_id = f"{_slug(name)}-{uuid.uuid4().hex[:6]}"
        results = {query: answer(query) for query in queries}
        pairs = pool(results, depth, set_id)
        if not pairs:
            raise JudgmentError("The engines found nothing for these queries, so nothing to judge.")
        rules = replace(rules, calibration=rules.calibration | drawn(pairs, calibration))
        made = JudgmentSet(
            set_id, name.strip(), rules, tuple(engines), depth, pairs, datetime.now(UTC)
        )
        return self.add(made)

    def add(self, judgment_set: JudgmentSet) -> JudgmentSet:
        """Store a set that was made elsewhere (an import).

        Raises:
            JudgmentError: Its scale or its other rules make no sense.
        """
        if not _SET_ID.fullmatch(judgment_set.set_id):
            raise JudgmentError("A set's id has 1 to 80 small letters, digits and dashes.")
        check_rules(judgment_set.rules)
        self.store(judgment_set)
        return judgment_set

    def revise(
        self,
        set_id: str,
        change: Callable[[JudgmentSet], JudgmentSet],
        start: JudgmentSet | None = None,
    ) -> JudgmentSet:
        """Store a changed revision of a set; pairs that are there already stay.

        ``start`` is what is changed where there is no such set yet.

        Raises:
            JudgmentError: There is no such set, or the change makes no sense.
        """
        with file_lock(self._revise_lock, WRITE):
            self.look_again()
            old = self.get(set_id) if start is None else self.find(set_id) or start
            new = replace(change(old), set_id=set_id, created=old.created,
                          revision=old.revision + 1)  # fmt: skip
            if new.pairs[: len(old.pairs)] != old.pairs and (
                {pair.key for pair in old.pairs} - {pair.key for pair in new.pairs}
            ):
                raise JudgmentError("A judgment set only grows: its pairs can't be removed.")
            return self.add(new)

    def extend(self, set_id: str, wanted: Iterable[Pair]) -> JudgmentSet:
        """Add pairs, shuffled among those that nobody has judged yet.

        Queries of which the set knows only the id get the words that the pairs have.
        """
        asked = {pair.key: pair for pair in wanted}
        words = {pair.query.query_id: pair.query.text for pair in asked.values()}

        def grown(old: JudgmentSet) -> JudgmentSet:
            worded = with_words(old, words)
            present = {pair.key for pair in old.pairs}
            new = {key: pair for key, pair in asked.items() if key not in present}
            keys = shuffled([_joined(key) for key in sorted(new)], f"{set_id}/{old.revision}")
            added = tuple(new[_split(key)] for key in keys)
            return replace(worded, pairs=(*worded.pairs, *added))

        return self.revise(set_id, grown)

    def rename(self, set_id: str, name: str) -> JudgmentSet:
        """Give a set another name; its id stays.

        Raises:
            JudgmentError: There is no such set, or the name is none.
        """
        title = clean(" ".join(name.split()))
        if not title or len(title) > LONGEST_NAME:
            raise JudgmentError(f"A set's name has 1 to {LONGEST_NAME} characters.")
        return self.revise(set_id, lambda old: replace(old, name=title))

    def remove(self, set_id: str) -> JudgmentSet:
        """Remove a set and return what it was; its events stay in the log.

        Raises:
            JudgmentError: There is no such set.
            NotSaved: It could not be written.
        """
        with file_lock(self._revise_lock, WRITE):
            self.look_again()
            gone = self.get(set_id)
            self.drop(set_id)
            return gone


def _joined(key: PairKey) -> str:
    return "\t".join(key)


def _split(key: str) -> PairKey:
    query_id, _, item_id = key.partition("\t")
    return query_id, item_id


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "set"
