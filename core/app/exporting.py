"""Take lists of results away: what is on the screen becomes a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from core.app.facets import by_price
from core.base.atomic import atomic_write
from core.domain import Filters, Hit, Item, Query, SearchResult, Sort
from core.domain.result_list import ResultList, ResultRow
from core.errors import StudioError
from core.search.result_files import format_of, result_file


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses in a file of results.

    Attributes:
        results: Of the list itself.
        page: Gives an item's page; ``None`` where there is no studio to open.
        photo: Gives an item's photo; ``None`` names the stored file.
    """

    results: str = ""
    page: Callable[[Item], str] | None = None
    photo: Callable[[Item], str] | None = None


class PhotoPath(Protocol):
    """Gives the file of a stored picture, or of its thumbnail."""

    def __call__(self, sha256: str, catalog: str, *, thumbnail: bool = False) -> Path:
        """Return the file; it need not exist."""


class ExportService:
    """Writes lists of results as CSV, Excel with thumbnails, or JSON.

    Args:
        photo_path: Gives the files of stored pictures.
    """

    def __init__(self, photo_path: PhotoPath) -> None:
        self._photo_path = photo_path

    def of_search(
        self,
        results: Sequence[SearchResult],
        query: Query,
        catalog: str,
        *,
        sort: Sort = Sort.MATCH,
        picture: str = "",
        links: Links | None = None,
    ) -> ResultList:
        """Return the list of what one or several engines answered.

        Args:
            results: The answers.
            query: What they answer.
            catalog: Name of the catalogue.
            sort: The order of the rows of each engine.
            picture: Name of the picture that was asked with.
            links: Addresses of the list, of items and of photos.
        """
        links = links or Links()
        rows = tuple(
            self._row(hit, result, catalog, links)
            for result in results
            for hit in by_price(result.hits, sort)
        )
        return ResultList(catalog, asked(query, sort, picture), rows, links.results, _now())

    def of_items(
        self,
        items: Iterable[Item],
        filters: Filters,
        catalog: str,
        *,
        sort: Sort = Sort.MATCH,
        links: Links | None = None,
    ) -> ResultList:
        """Return the list of items that were browsed, not searched for."""
        links = links or Links()
        rows = tuple(
            ResultRow(item, page=_page(item, links), photo=self._photo(item, catalog, links))
            for item in items
        )
        return ResultList(catalog, _filters(filters) | _sort(sort), rows, links.results, _now())

    def content(self, results: ResultList, format: str) -> bytes:
        """Return the content of a file in a format: ``csv``, ``xlsx`` or ``json``.

        Raises:
            QueryError: There is no such format.
        """

        def thumbnail(row: ResultRow) -> Path | None:
            if not row.item.has_photo:
                return None
            return self._photo_path(row.item.photo.sha256, results.catalog, thumbnail=True)

        return result_file(results, format, thumbnail)

    def write(self, results: ResultList, target: Path) -> None:
        """Write a file; its ending says the format.

        Raises:
            QueryError: The ending says none of the formats.
            StudioError: The file can't be written.
        """
        content = self.content(results, format_of(target.name))
        try:
            atomic_write(target, content)
        except OSError as error:
            raise StudioError(f"“{target}” can't be written: {error.strerror}.") from None

    def _row(self, hit: Hit, result: SearchResult, catalog: str, links: Links) -> ResultRow:
        return ResultRow(
            item=hit.item,
            engine=result.engine,
            fingerprint=result.fingerprint,
            rank=hit.rank,
            score=hit.score,
            cosine=hit.cosine,
            reasons=hit.reasons,
            rewrite=hit.rewrite,
            duplicates=hit.duplicates,
            page=_page(hit.item, links),
            photo=self._photo(hit.item, catalog, links),
        )

    def _photo(self, item: Item, catalog: str, links: Links) -> str:
        if not item.has_photo:
            return ""
        if links.photo:
            return links.photo(item)
        return str(self._photo_path(item.photo.sha256, catalog).absolute())


def _page(item: Item, links: Links) -> str:
    return links.page(item) if links.page else ""


def asked(query: Query, sort: Sort = Sort.MATCH, picture: str = "") -> dict[str, object]:
    """Return the parts of a query by name, without those that were not asked."""
    parts: dict[str, object] = {
        "words": query.text.strip(),
        "without": query.minus.strip(),
        "like_item": query.item_id,
        "picture": (picture or "a picture") if query.image is not None else "",
        "part": query.region.spell() if query.region else "",
        "weak_matches": "" if query.cutoff else "shown",
        "near_duplicates": "" if query.fold_duplicates else "shown",
        "listing_words": "" if query.fulltext else "not searched",
    }
    return {n: value for n, value in parts.items() if value} | _filters(query.filters) | _sort(sort)


def _filters(filters: Filters) -> dict[str, object]:
    parts: dict[str, object] = {
        "department": list(filters.departments),
        "product_type": list(filters.product_types),
        "attributes": [f"{name}: {value}" for name, value in filters.attributes],
        "price_from": filters.price_from,
        "price_to": filters.price_to,
    }
    return {name: value for name, value in parts.items() if value not in ([], None)}


def _sort(sort: Sort) -> dict[str, object]:
    return {} if sort is Sort.MATCH else {"sort": sort.value}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
