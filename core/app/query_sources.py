"""Sources of the queries of a new judgment set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.app.library import Catalog
from core.base.tables import FileReport
from core.domain import JudgmentQuery
from core.errors import JudgmentError
from core.judging import queries


@dataclass(frozen=True, slots=True)
class QuerySource:
    """Sources of a new set's queries; all given sources are combined.

    Attributes:
        lines: Typed or pasted, one per line; ``item:<id>`` asks about an item.
        file: CSV, TSV or a log of queries.
        file_limit: Keep this many of the file's most frequent queries; 0 keeps all.
        sampled_items: This many catalogue items to find similar ones for.
        pictures: Picture files.
    """

    lines: str = ""
    file: Path | None = None
    file_limit: int = 0
    sampled_items: int = 0
    pictures: tuple[Path, ...] = ()


def gather(
    source: QuerySource, catalog: Catalog, report: FileReport | None = None
) -> tuple[JudgmentQuery, ...]:
    """Return a source's queries with ids, without repeats; store their pictures.

    Args:
        source: Where they come from.
        catalog: Catalogue that they are for.
        report: Receives notes on guesses and the rows that were left out.

    Raises:
        JudgmentError: There are none, or the file can't be read.
        ImageError: A picture can't be used.
    """
    gathered = list(queries.parse_lines(source.lines))
    if source.file is not None:
        gathered += queries.read_file(source.file, source.file_limit, report)
    if source.sampled_items:
        kinds = {
            item: kind or department
            for item, (department, kind) in catalog.store.items.labels().items()
        }
        gathered += queries.similar_item_queries(kinds, source.sampled_items, catalog.name)
    for path in source.pictures:
        gathered.append(JudgmentQuery("", picture=catalog.images.add(path).sha256))
    numbered = queries.numbered(gathered)
    if not numbered:
        raise JudgmentError("Give at least one query, one per line.")
    return numbered
