"""The composition root and façade: builds the rooms from ``Settings`` and offers the verbs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PIL import Image

from core.domain import (
    CatalogInfo,
    Comparison,
    EngineStatus,
    Filters,
    IndexReport,
    Inspection,
    Item,
    JudgingProgress,
    JudgmentEvent,
    JudgmentQuery,
    JudgmentSet,
    Pair,
    Progress,
    QuarantinedRow,
    Query,
    SearchResult,
)
from core.settings import Settings

OnProgress = Callable[[Progress], None]


class Studio:
    """One studio over one data directory; safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    # ── engines and catalogues ────────────────────────────────────────────────────────────────
    def engines(self) -> tuple[EngineStatus, ...]:
        """All engine recipes, in display order, and whether each can run here."""
        raise NotImplementedError

    def catalogs(self) -> tuple[CatalogInfo, ...]:
        """All catalogues of the data directory, last updated first."""
        raise NotImplementedError

    def catalog(self, name: str | None = None) -> CatalogInfo:
        """One catalogue; ``None`` is the default one (the latest that is not the demo)."""
        raise NotImplementedError

    def items(
        self,
        catalog: str | None = None,
        *,
        filters: Filters | None = None,
        offset: int = 0,
        limit: int = 50,
    ) -> tuple[Item, ...]:
        """A page of items, by id."""
        raise NotImplementedError

    def item(self, item_id: str, catalog: str | None = None) -> Item:
        """One item; raises ``QueryError`` when it is not there."""
        raise NotImplementedError

    def photo(self, item: Item, catalog: str | None = None) -> Image.Image:
        """The stored photo, upright RGB."""
        raise NotImplementedError

    def photo_path(
        self, sha256: str, catalog: str | None = None, *, thumbnail: bool = False
    ) -> Path:
        """File of a stored picture; its name is its content hash, so it tells nothing else."""
        raise NotImplementedError

    def read_image(self, path: Path) -> Image.Image:
        """Read an uploaded picture within the limits; upright RGB; raises ``ImageError``."""
        raise NotImplementedError

    def example_photos(self) -> tuple[tuple[Path, str], ...]:
        """The shipped room photos and their captions, as example query pictures."""
        raise NotImplementedError

    # ── indexing ─────────────────────────────────────────────────────────────────────────────
    def index(
        self,
        source: Path,
        *,
        name: str | None = None,
        images: Path | None = None,
        columns: Mapping[str, str] | None = None,
        prune: bool = False,
        on_progress: OnProgress | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> IndexReport:
        """Index (or re-index) a catalogue file; idempotent and resumable."""
        raise NotImplementedError

    def index_demo(self, on_progress: OnProgress | None = None) -> IndexReport:
        """Index the shipped demo catalogue under the name ``demo``."""
        raise NotImplementedError

    def start(self, job: Callable[[], object]) -> None:
        """Run an indexing job in a background thread; its end is seen through ``progress``."""
        raise NotImplementedError

    def stop_indexing(self, catalog: str) -> None:
        """Ask the running job of a catalogue (in this process) to stop after its current chunk."""
        raise NotImplementedError

    def progress(self, catalog: str | None = None) -> Progress | None:
        """Snapshot of the running or last indexing job; ``None`` when there was none."""
        raise NotImplementedError

    def quarantine(self, catalog: str | None = None) -> tuple[QuarantinedRow, ...]:
        """Rows that were left out at the last indexing, with reasons."""
        raise NotImplementedError

    # ── search ───────────────────────────────────────────────────────────────────────────────
    def search(
        self, query: Query, engine: str = "vl-clip", catalog: str | None = None
    ) -> SearchResult:
        """Answer a query with one engine.

        Raises:
            QueryError, EngineUnavailable, FingerprintMismatch, CatalogError
        """
        raise NotImplementedError

    def compare(
        self, query: Query, engines: Sequence[str], catalog: str | None = None
    ) -> Comparison:
        """Answer a query with several engines side by side."""
        raise NotImplementedError

    def inspect(self, item_id: str, catalog: str | None = None) -> Inspection:
        """Everything known of one item: photo, boxes, masks, texts, what each encoder gets."""
        raise NotImplementedError

    # ── judging ──────────────────────────────────────────────────────────────────────────────
    def judgment_sets(self, catalog: str | None = None) -> tuple[JudgmentSet, ...]:
        """All judgment sets of a catalogue, newest first."""
        raise NotImplementedError

    def create_judgment_set(
        self,
        name: str,
        queries: Sequence[JudgmentQuery],
        *,
        engines: Sequence[str],
        depth: int = 10,
        guidelines: str = "",
        catalog: str | None = None,
    ) -> JudgmentSet:
        """Pool the engines' top results for each query, shuffled and blind."""
        raise NotImplementedError

    def next_pair(
        self, set_id: str, annotator: str, catalog: str | None = None, count: int = 1
    ) -> tuple[Pair, ...]:
        """The next ``count`` pairs that this annotator has not judged (to preload pictures)."""
        raise NotImplementedError

    def judge(self, event: JudgmentEvent, catalog: str | None = None) -> None:
        """Append one event durably; returning means that it is on disk."""
        raise NotImplementedError

    def undo(self, set_id: str, annotator: str, catalog: str | None = None) -> Pair | None:
        """Undo this annotator's last event; returns the pair to judge again, or ``None``."""
        raise NotImplementedError

    def judging_progress(
        self, set_id: str, annotator: str, catalog: str | None = None
    ) -> JudgingProgress:
        """How far one annotator is."""
        raise NotImplementedError

    def export_judgments(
        self, set_id: str, target: Path, format: str, catalog: str | None = None
    ) -> Path:
        """Write ``qrels`` (TREC) or ``csv`` (all current labels) to a file."""
        raise NotImplementedError
