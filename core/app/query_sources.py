"""Where the queries of a new judgment set come from."""

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
    """Where the queries of a new set come from; everything given is taken together.

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
    source: QuerySource, where: Catalog, report: FileReport | None = None
) -> tuple[JudgmentQuery, ...]:
    """The queries that a source gives, each once, with ids; pictures go into the picture store.

    Args:
        source: Where they come from.
        where: Catalogue that they are for.
        report: Told what was guessed in the file, and which rows were left out.

    Raises:
        JudgmentError: There are none, or the file can't be read.
        ImageError: A picture can't be used.
    """
    found = list(queries.parse_lines(source.lines))
    if source.file is not None:
        found += queries.read_file(source.file, source.file_limit, report)
    if source.sampled_items:
        kinds = {
            item: kind or department
            for item, (department, kind) in where.store.items.labels().items()
        }
        found += queries.similar_item_queries(kinds, source.sampled_items, where.name)
    for path in source.pictures:
        found.append(JudgmentQuery("", picture=where.images.add(path).sha256))
    made = queries.numbered(found)
    if not made:
        raise JudgmentError("Give at least one query, one per line.")
    return made
