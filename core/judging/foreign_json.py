"""Other tools' JSON: lists of OpenSearch, books and ratings of Quepid, ratings of RRE.

RRE is the Rated Ranking Evaluator; its wiki ("What We Need To Provide") and Quepid's views of
exports show the files.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from core.domain import JudgmentQuery
from core.judging.foreign import DOC, NOTE, QUERY, QUERY_ID, RATER
from core.judging.grade_columns import RATING
from core.judging.judgment_rows import Rejected, Row, graded
from core.judging.list_rows import judgments_of

#: What an object of RRE's has that is no single judgment.
_FRAMES = ("relevant_documents", "query_groups", "queries")
_NO_OBJECT = "holds {} that is no JSON object"
#: The placeholder that has a query's words, in RRE's own examples and in Quepid's export.
_WORDS = "$query"


def kind_of(names: Collection[str]) -> str:
    """Return the name of a JSON file's format, by the names in its first objects."""
    if "judgements" in names:
        return "Quepid's book"
    if "relevant_documents" in names or "query_groups" in names:
        return "RRE's ratings"
    return "list of ratings" if "ratings" in names else "JSON"


def json_rows(line: int, entry: Mapping[str, Any]) -> Iterator[Row | Rejected]:
    """Yield the judgments of a JSON object.

    It is one judgment; all ratings of a query (OpenSearch, Quepid) or of a pair (a Quepid book); a
    topic, group or query of RRE; or a hit of OpenSearch's API with lists of ratings.
    """
    asked = {name: entry[name] for name in (*QUERY, *QUERY_ID) if name in entry}
    source = entry.get("_source", entry)
    lists = source.get("judgmentRatings") if isinstance(source, dict) else None
    if isinstance(lists, list):
        for judged in lists:
            if isinstance(judged, dict):
                yield from json_rows(line, judged)
            else:
                yield Rejected(line, _NO_OBJECT.format("a list of ratings"))
    elif any(name in entry for name in _FRAMES):
        yield from _rre(line, entry)
    elif isinstance(entry.get("judgements"), list):
        yield from _pair_of_book(line, entry)
    elif isinstance(entry.get("ratings"), dict):
        for item, grade in entry["ratings"].items():
            yield json_row(line, {**asked, "docid": item, "rating": grade})
    elif isinstance(entry.get("ratings"), list):
        for rating in entry["ratings"]:
            if isinstance(rating, dict):
                yield json_row(line, {**asked, **rating})
            else:
                yield Rejected(line, _NO_OBJECT.format("a rating"))
    else:
        try:
            for judged in judgments_of(entry):
                yield json_row(line, judged)
        except ValueError as problem:
            yield Rejected(line, str(problem))


def json_row(line: int, entry: Mapping[str, Any]) -> Row | Rejected:
    """Return the judgment in another tool's JSON object."""
    lower = {
        str(key).lower().replace("-", "_"): value
        for key, value in entry.items()
        if value is not None
    }
    words = next((str(lower[n]) for n in QUERY if n in lower), "")
    query_id = next((str(lower[n]) for n in QUERY_ID if n in lower), "")
    item = next((str(lower[n]) for n in DOC if n in lower), "")
    grade = next((lower[n] for n in RATING if n in lower), "")
    who = next((str(lower[n]) for n in RATER if n in lower), "")
    note = next((str(lower[n]) for n in NOTE if n in lower), "")
    return graded(line, JudgmentQuery(query_id, words), item, str(grade), who, note)


def _pair_of_book(line: int, entry: Mapping[str, Any]) -> Iterator[Row | Rejected]:
    """Yield the judgments of a pair of a Quepid book, each with the judge's address."""
    asked = {name: entry[name] for name in ("query_text", "doc_id") if name in entry}
    for judged in entry["judgements"]:
        if not isinstance(judged, dict):
            yield Rejected(line, _NO_OBJECT.format("a judgement"))
        elif judged.get("rating") is None:
            why = "unrateable" if judged.get("unrateable") else "not rated"
            yield Rejected(line, f"is {why}, says {judged.get('user_email') or 'the file'}")
        else:
            said = {"rating": judged["rating"], "rater": judged.get("user_email")}
            yield json_row(line, {**asked, **said, "explanation": judged.get("explanation")})


def _rre(line: int, entry: Mapping[str, Any]) -> Iterator[Row | Rejected]:
    """Yield the judgments of a topic, a group of queries or a query.

    All queries of a group have the same documents.
    """
    documents = entry.get("relevant_documents")
    queries = entry.get("queries")
    listed = queries if isinstance(queries, list) else []
    groups = entry.get("query_groups")
    inner = [*(groups if isinstance(groups, list) else ()), *(listed if documents is None else ())]
    for part in inner:
        if isinstance(part, dict):
            yield from json_rows(line, part)
        else:
            yield Rejected(line, _NO_OBJECT.format("a query"))
    if documents is None:
        if not inner:
            yield Rejected(line, "has no relevant_documents")
        return
    for query in listed or [entry]:
        words = _words(query)
        if not words:
            yield Rejected(line, f"has a query without the placeholder “{_WORDS}”")
            continue
        for item, grade in _documents(documents):
            yield graded(line, JudgmentQuery("", words), item, grade)


def _words(query: object) -> str:
    """Return a query's words; another placeholder counts where it is the only one."""
    placeholders = query.get("placeholders") if isinstance(query, dict) else None
    if not isinstance(placeholders, dict):
        return ""
    only = next(iter(placeholders.values())) if len(placeholders) == 1 else ""
    return str(placeholders.get(_WORDS, only) or "").strip()


def _documents(documents: object) -> Iterator[tuple[str, str]]:
    """Yield items with their gains: listed by gain, or each with its own."""
    for name, value in documents.items() if isinstance(documents, dict) else ():
        if isinstance(value, list):
            yield from ((str(item), str(name)) for item in value)
        elif isinstance(value, dict):
            gain = value.get("gain")
            yield str(name), "" if gain is None else str(gain)
        else:
            yield str(name), "" if value is None else str(value)
