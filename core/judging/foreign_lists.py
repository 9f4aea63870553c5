"""Write one grade a pair as other tools take it: OpenSearch, RRE, learning to rank."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from core.base.counts import counted
from core.errors import JudgmentError
from core.judging.state import PairKey

#: Words of a query by its id, empty for an item's or a picture's.
Words = Mapping[str, str]
Grades = Mapping[PairKey, int]
_WEIGHT = re.compile(r"\*[0-9]+(\.[0-9]+)?$")


def opensearch(name: str, words: Words, grades: Grades, rule: str) -> str:
    """Return the body that OpenSearch's search relevance API takes as an imported judgment list."""
    judged = _by_words(words, grades, "OpenSearch")
    content = {
        "name": name,
        "description": f"{counted(len(judged), 'query')}, rule: {rule}",
        "type": "IMPORT_JUDGMENT",
        "judgmentRatings": [
            {"query": query,
             "ratings": [{"docId": item, "rating": str(float(grade))} for item, grade in own]}
            for query, own in judged.items()
        ],
    }  # fmt: skip
    return json.dumps(content, ensure_ascii=False, indent=1)


def rre(name: str, words: Words, grades: Grades, rule: str) -> str:
    """Return the ratings that the Rated Ranking Evaluator reads, as Quepid writes them.

    ``template.json`` is the template of a search that the reader keeps beside it.
    """
    queries = []
    for query, own in _by_words(words, grades, "RRE").items():
        gains: dict[str, list[str]] = {}
        for item, grade in sorted(own, key=lambda entry: entry[1]):
            gains.setdefault(str(grade), []).append(item)
        queries.append({"placeholders": {"$query": query}, "relevant_documents": gains})
    content = {"id_field": "id", "index": name, "template": "template.json", "queries": queries}
    return json.dumps(content, ensure_ascii=False, indent=1)


def rank_lines(name: str, words: Words, grades: Grades, rule: str) -> str:
    """Return lines for learning to rank: ``3 qid:1 # item``, the queries' words in comments.

    Features are for the reader to add.
    """
    judged = _by_words(words, grades, "learning to rank")
    # Words that end like a weight get one, which the tools that read weights take away again.
    weighted = bool(judged) and all(_WEIGHT.search(query) for query in judged)
    head = [
        f"# qid:{number}: {' '.join(query.splitlines())}{'*1' if weighted else ''}\n"
        for number, query in enumerate(judged, 1)
    ]
    lines = []
    for number, own in enumerate(judged.values(), 1):
        for item, grade in own:
            if any(character.isspace() for character in item):
                raise JudgmentError(
                    f"The id “{item}” has a space in it, which lines for learning to rank can't "
                    "hold; export CSV."
                )
            lines.append(f"{grade} qid:{number} # {item}\n")
    return "".join((*head, *lines))


def _by_words(words: Words, grades: Grades, tool: str) -> dict[str, list[tuple[str, int]]]:
    """Return items and grades by the words of their query.

    Raises:
        JudgmentError: A query has no words (an item's or a picture's), or two have the same.
    """
    first_of: dict[str, str] = {}
    judged: dict[str, list[tuple[str, int]]] = {}
    for (query_id, item_id), grade in sorted(grades.items()):
        query = words.get(query_id, "")
        if not query.strip():
            raise JudgmentError(
                f"The query “{query_id}” has no words, and {tool} names queries by them; "
                "export CSV."
            )
        first = first_of.setdefault(query, query_id)
        if first != query_id:
            raise JudgmentError(
                f"The queries “{first}” and “{query_id}” have the same words, and {tool} names "
                "queries by them; export CSV."
            )
        judged.setdefault(query, []).append((item_id, grade))
    return judged
