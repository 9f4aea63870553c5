"""The façade: pages and commands ask a ``Studio``, or one of its services."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path

from PIL import Image

from core.app.demo_texts import FILE as DEMO_TEXTS
from core.app.demo_texts import DemoTexts, read_demo_texts
from core.app.exporting import ExportService
from core.app.helping import HelpingService
from core.app.item_rows import ItemRows
from core.app.measured_costs import FILE as COSTS
from core.app.measured_costs import MeasuredCosts, read_costs
from core.app.readiness import Readiness
from core.app.services import Services
from core.base.lazy import lazy
from core.catalog import demo
from core.domain import (
    COMPACT,
    CatalogInfo,
    Comparison,
    EngineStatus,
    FacetView,
    Filters,
    Inspection,
    Item,
    QuarantinedRow,
    Query,
    SearchResult,
    Sort,
)
from core.errors import QueryError
from core.language.recorded import read_recording
from core.language.rewriters import RECORDING
from core.ports.encoder import encode_queries
from core.search.engine_comparison import compare
from core.settings import Settings
from core.store.image_store import read_image
from core.weights.registry import download_mb


class Studio(Services):
    """One studio over one data directory; safe to use from several threads.

    Attributes:
        on_search: Called with the result of each search.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.on_search: Callable[[SearchResult], None] = lambda result: None

    # ── services that ask the studio itself ──────────────────────────────────────────────────
    @lazy
    def helping(self) -> HelpingService:
        """Visitors of Explore who help to choose between engines: mixed lists, what they open."""
        return HelpingService(self.experiments, self.search)

    @lazy
    def exporting(self) -> ExportService:
        """Lists of results as files."""
        return ExportService(self.photo_path)

    @lazy
    def readiness(self) -> Readiness:
        """Whether this server can answer visitors; it loads the models for that."""
        return Readiness(
            self.warm_up, self.settings.data_dir, self.jobs.background,
            pool=self._models.remote_problem,
        )  # fmt: skip

    # ── engines and catalogues ────────────────────────────────────────────────────────────────
    def engines(self) -> tuple[EngineStatus, ...]:
        """Return all engine recipes, in display order, and whether each can run here."""
        return self._models.statuses()

    def catalogs(self) -> tuple[CatalogInfo, ...]:
        """Return all catalogues of the data directory, last updated first."""
        return self._library.infos()

    def catalog(self, name: str | None = None) -> CatalogInfo:
        """Return one catalogue; ``None`` is the default one."""
        return self._library.info(self._library.resolve(name))

    def items(
        self,
        catalog: str | None = None,
        *,
        filters: Filters | None = None,
        offset: int = 0,
        limit: int = 50,
        sort: Sort = Sort.MATCH,
    ) -> tuple[Item, ...]:
        """Return a page of items, in the table's order, or by price if ``sort`` says so."""
        opened = self._library.get(catalog)
        ids: Sequence[str] = opened.facets.ids(filters or Filters())
        if sort is not Sort.MATCH:
            ids = opened.facets.by_price(ids, sort)
        shown = ids[offset : offset + limit]
        stored = opened.store.items.get(shown)
        return tuple(stored[item_id] for item_id in shown if item_id in stored)

    def by_words(self, query: Query, catalog: str | None = None) -> tuple[Item, ...]:
        """Return the items that full-text search finds for a query's words; no engine takes part.

        Best first, at most ``query.k`` of those that pass its filters.
        """
        return self._library.get(catalog).searcher.by_words(query)

    def shelves(
        self, most: int, limit: int, catalog: str | None = None
    ) -> dict[str, tuple[Item, ...]]:
        """Return the first items of each of the first departments, see ``FacetIndex.shelves``."""
        opened = self._library.get(catalog)
        shelves = opened.facets.shelves(most, limit)
        stored = opened.store.items.get(chain.from_iterable(shelves.values()))
        return {
            name: tuple(stored[item_id] for item_id in ids if item_id in stored)
            for name, ids in shelves.items()
        }

    def facets(self, catalog: str | None = None, filters: Filters | None = None) -> FacetView:
        """Return the values to filter by, with counts among the items that pass the filters."""
        index = self._library.get(catalog).facets
        wanted = filters or Filters()
        return FacetView(index.facets(wanted), index.price_range(), index.unknown(wanted))

    def count(self, catalog: str | None = None, filters: Filters | None = None) -> int:
        """Return how many items pass the filters."""
        return len(self._library.get(catalog).facets.ids(filters or Filters()))

    def group_sizes(self, catalog: str | None = None) -> Mapping[str, int]:
        """Return how many items share a group, for groups of two or more: variants of a product."""
        return self._library.get(catalog).facets.group_sizes()

    def item(self, item_id: str, catalog: str | None = None) -> Item:
        """Return one item; raises ``QueryError`` if it does not exist."""
        return self._library.get(catalog).store.item(item_id)

    def items_by_id(self, item_ids: Iterable[str], catalog: str | None = None) -> dict[str, Item]:
        """Return the existing items among these ids, by id."""
        return self._library.get(catalog).store.items.get(item_ids)

    def photo(self, item: Item, catalog: str | None = None) -> Image.Image:
        """Return the stored photo, upright RGB."""
        return self._library.get(catalog).images.open(item.photo.sha256)

    def photo_path(
        self, sha256: str, catalog: str | None = None, *, thumbnail: bool = False
    ) -> Path:
        """Return the file of a stored picture; its name is its content hash."""
        return self._library.get(catalog).images.path(sha256, thumbnail)

    def read_image(self, path: Path) -> Image.Image:
        """Read an uploaded picture within the limits; upright RGB; raises ``ImageError``."""
        return read_image(
            path,
            max_megapixels=self.settings.max_image_megapixels,
            max_bytes=self.settings.max_upload_mb * 2**20,
        )

    def example_photos(self) -> tuple[tuple[Path, str], ...]:
        """Return the shipped room photos and their captions, as example query pictures."""
        return demo.room_photos()

    # ── what it takes ────────────────────────────────────────────────────────────────────────
    def costs(self) -> MeasuredCosts | None:
        """Return what the compact models take in time and memory; others were not measured."""
        if self.settings.recipe.engines != COMPACT:
            return None
        return read_costs(self.settings.shipped / COSTS)

    def demo_texts(self) -> DemoTexts:
        """Return how many of the demo's texts a language model wrote, and what rules alone reach.

        Those texts ship as a recording.
        """
        recorded = len(read_recording(self.settings.shipped / RECORDING).rewrites)
        return read_demo_texts(self.settings.shipped / DEMO_TEXTS, recorded)

    def download_mb(self) -> int:
        """Return how many megabytes of models are fetched, once, for the profile in use."""
        return download_mb(self.settings.recipe.engines)

    # ── indexing ─────────────────────────────────────────────────────────────────────────────
    def warm_up(self) -> None:
        """Load the models for text queries, so that the first query is fast."""
        for model in self._models.available_for_queries():
            encode_queries(model.encoder, ["chair"])

    def quarantine(self, catalog: str | None = None) -> tuple[QuarantinedRow, ...]:
        """Return the rows that the last indexing left out, with reasons."""
        return self._library.get(catalog).store.quarantine.all()

    # ── search ───────────────────────────────────────────────────────────────────────────────
    def search(
        self, query: Query, engine: str = "vl-clip", catalog: str | None = None
    ) -> SearchResult:
        """Answer a query with one engine.

        Raises:
            QueryError, EngineUnavailable, FingerprintMismatch, CatalogError
        """
        result = self._library.get(catalog).searcher.search(query, self._models.for_queries(engine))
        self.on_search(result)
        return result

    def compare(
        self, query: Query, engines: Sequence[str], catalog: str | None = None
    ) -> Comparison:
        """Answer a query with several engines side by side."""
        models = [self._models.for_queries(name) for name in engines]
        if not models:
            raise QueryError("Choose at least one engine.")
        comparison = compare(self._library.get(catalog).searcher, query, models)
        for result in comparison.results:
            self.on_search(result)
        return comparison

    def rows(self, item: Item | str, catalog: str | None = None) -> ItemRows:
        """Return what the tables hold of an item (or id), for a page that asks several services."""
        given = item if isinstance(item, Item) else None
        item_id = item if isinstance(item, str) else item.item_id
        return ItemRows(self._library.get(catalog).store, item_id, given)

    def inspect(
        self,
        item_id: str,
        catalog: str | None = None,
        *,
        rows: ItemRows | None = None,
        vectors: bool = True,
    ) -> Inspection:
        """Return all data of one item: photo, boxes, masks, texts, and the encoders' inputs.

        Args:
            item_id: The item.
            catalog: Name of the catalogue.
            rows: Its rows, where the caller shares them.
            vectors: Whether to look at its stored vectors, too.

        Raises:
            QueryError: There is no such item.
        """
        return self._inspecting.of(item_id, catalog, rows=rows, vectors=vectors)
