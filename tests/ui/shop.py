"""A small shop in memory: a ``Studio`` with three items and made-up answers, for page tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from PIL import Image

from core.app.grounding import Guess
from core.app.indexing import IndexingService
from core.app.item_rows import ItemRows
from core.app.models import ModelPool
from core.app.studio import Studio
from core.base.lazy import lazy
from core.domain import (
    Box,
    CatalogInfo,
    Comparison,
    Detection,
    Engine,
    EngineInput,
    EngineStatus,
    Facet,
    FacetValue,
    FacetView,
    Filters,
    Grounding,
    Hit,
    ImageView,
    Inspection,
    Item,
    Job,
    Photo,
    Query,
    Rewrite,
    RewriteView,
    Round,
    SearchResult,
    Sort,
    TextView,
    WorthALook,
    Writer,
)
from core.errors import ImageError, QueryError
from core.settings import load_settings

HOSTILE = "<img src=x onerror=alert(1)> ${alert(1)} {{constructor}}"


def status(name: str, title: str, available: bool = True, reason: str = "") -> EngineStatus:
    """Make an engine that can, or can't, run here."""
    engine = Engine(name, title, f"About {title}.", ImageView.PHOTO, TextView.TITLE, 0.1, {})
    return EngineStatus(engine, available, reason)


def item(item_id: str, title: str, department: str = "home", price: str = "") -> Item:
    """Make an item with a photo of its own."""
    photo = Photo(item_id.encode().hex().ljust(64, "0"), 100, 80, "0" * 16)
    return Item(item_id, title, photo, product_type="Chair", department=department, price=price)


CLIP, VL_CLIP = status("clip", "CLIP"), status("vl-clip", "VL-CLIP")
FASHION = status("fashion-clip", "FashionCLIP", False, "It needs the full profile.")


#: Where the crate of item “c” is.
CRATE = Grounding(
    "chair", 100, 80, (Detection("chair", 0.6, Box(10, 10, 60, 60)),), 0.35, "test", "f"
)


class Looks:
    """What pages ask of the grounding verbs; things are where they are asked for."""

    has_heat = True

    def __init__(self) -> None:
        self.done: list[tuple[object, ...]] = []
        self.stored: Grounding | None = None
        self.seen: tuple[Detection, ...] = ()

    def of(self, item: Item, catalog: str | None = None) -> Grounding | None:
        return self.stored

    def of_items(self, items: Sequence[Item], catalog: str | None = None) -> dict[str, Grounding]:
        return {item.item_id: CRATE for item in items if item.item_id == "c"}

    def busy(self, items: Iterable[Item], catalog: str | None = None) -> dict[str, Grounding]:
        return {item.item_id: CRATE for item in items if item.item_id == "c" and item.has_photo}

    def remember(self, photo: Image.Image) -> str:
        return "token"

    def recall(self, name: str) -> Image.Image:
        if name != "token":
            raise QueryError("The photo is not at hand any more.")
        return Image.new("RGB", (100, 80))

    def things_seen(self, photo: Image.Image) -> tuple[Detection, ...]:
        return self.seen

    def likely(self, photo: Image.Image, names: Sequence[str]) -> tuple[Guess, ...]:
        place = Detection("lamp", 0.3, Box(0, 0, 50, 40))
        return tuple(Guess(name, place if name == "lamp" else None) for name in sorted(names))

    def things(self, photo: Image.Image, names: Sequence[str]) -> Iterator[tuple[Detection, ...]]:
        detections: tuple[Detection, ...] = ()
        for number, name in enumerate(names):
            detections = (*detections, Detection(name, 0.5, Box(number, 0, 50, 40 + number)))
            yield detections

    def find(self, photo: Image.Image, phrase: str) -> Grounding:
        detections = (Detection(phrase, 0.4, Box(5, 5, 20, 20)),) if phrase != "nothing" else ()
        return Grounding(phrase, 100, 80, detections, 0.35, "test", "f")

    def heatmap(self, photo: Image.Image, phrase: str) -> np.ndarray:
        return np.array([[0.0, 0.5], [0.25, 0.1]], np.float32)

    def choose(self, item: Item, number: int, author: str, **more: object) -> str:
        return self._do("choose", item, number, author, more.get("phrase"))

    def draw(self, item: Item, box: Box, author: str, **more: object) -> str:
        return self._do("draw", item, box, author)

    def keep_whole(self, item: Item, author: str, **more: object) -> str:
        return self._do("whole", item, author)

    def restore(self, item: Item, author: str, **more: object) -> str:
        return self._do("restore", item, author)

    def _do(self, *what: object) -> str:
        self.done.append(what)
        return "Saved."

    def coco(self, item: Item, catalog: str | None = None) -> bytes:
        return b"{}"

    def mask_png(self, item: Item, catalog: str | None = None) -> bytes:
        raise QueryError("Not grounded yet.")


class Words:
    """Stands in for ``studio.item_texts``: one item with a trace; keeps what was decided."""

    def __init__(self, stock: dict[str, Item]) -> None:
        self.stock, self.done = stock, []  # type: ignore[var-annotated]
        self.agent_off = "The rewriting agent is off."
        self.queue: tuple[WorthALook, ...] = ()

    def view(
        self, item_id: str, catalog: str | None = None, rows: ItemRows | None = None
    ) -> RewriteView:
        rounds = (
            Round("Armchair", 3.0, "Names no colour.", ("Say the colour: blue.",)),
            Round("Blue armchair", 5.0, HOSTILE, stop=True),
        )
        return RewriteView(
            item=self.stock[item_id],
            standing=Rewrite("Blue armchair", rounds, "rules", "f"),
            writer=Writer.RULES,
            machine=None,
            decision=None,
            history=(),
            runs=(),
            embedded=True,
            agreement=0.31,
            agent_off=self.agent_off,
        )

    def worth_a_look(self, catalog: str | None = None) -> tuple[WorthALook, ...]:
        return self.queue

    def edit(self, *what: str) -> str:
        return self._do("edit", *what)

    def accept(self, *what: str) -> str:
        return self._do("accept", *what)

    def back_to_machine(self, *what: str) -> str:
        return self._do("machine", *what)

    def another_round(self, *what: str) -> str:
        return self._do("round", *what)

    def _do(self, *what: str) -> str:
        self.done.append(what)
        return "Saved."


class Indexing(IndexingService):
    """Looks at files as ever, but indexes nothing: that takes minutes."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop._library, shop._models, shop.settings, shop.jobs)
        self.search_indices = SimpleNamespace(latest=lambda catalog: None)  # type: ignore[assignment]
        self._shop = shop

    def job(self, catalog: str | None = None) -> SimpleNamespace:  # type: ignore[override]
        return SimpleNamespace(read=lambda: self._shop.job)

    def source_to_continue(self, catalog: str) -> None:
        return None

    def start_demo(self, author: str = "") -> str:
        return "demo"


@lru_cache
def _models() -> ModelPool:
    """Return the models of all shops: a page that is opened asks for the engines' fingerprints."""
    return ModelPool(load_settings(profile="compact"))


class Shop(Studio):
    """Answers every query with the items in an order of each engine's own."""

    def __init__(self) -> None:
        super().__init__(load_settings(profile="compact"))
        self._models = _models()
        self.stock = {
            entry.item_id: entry
            for entry in (
                item("a", "Armchair", price="24.90 EUR"),
                item("b", HOSTILE),
                item("c", "Crate & oranges", "groceries"),
            )
        }
        self.looks = Looks()
        self.words = Words(self.stock)
        self.asked: list[tuple[Query, str]] = []
        self.job: Job | None = None
        self.cut = 0
        self.behind: tuple[str, ...] = ("x",)

    @property
    def grounding(self) -> Looks:  # type: ignore[override]
        return self.looks

    @property
    def item_texts(self) -> Words:  # type: ignore[override]
        return self.words

    def photo(self, item: Item, catalog: str | None = None) -> Image.Image:
        return Image.new("RGB", (100, 80))

    def engines(self) -> tuple[EngineStatus, ...]:
        return CLIP, VL_CLIP, FASHION

    def catalog(self, name: str | None = None) -> CatalogInfo:
        if name not in (None, "demo"):
            raise QueryError(f"There is no catalogue “{name}”.")
        return CatalogInfo(
            "demo", "Demo", len(self.stock), {"clip": 3, "vl-clip": 2}, 0,
            ("groceries", "home"), ("Chair",),
        )  # fmt: skip

    def catalogs(self) -> tuple[CatalogInfo, ...]:
        return (self.catalog(),)

    def items(
        self,
        catalog: str | None = None,
        *,
        filters: Filters | None = None,
        offset: int = 0,
        limit: int = 50,
        sort: Sort = Sort.MATCH,
    ) -> tuple[Item, ...]:
        wanted = (filters or Filters()).departments
        kept = [i for i in self.stock.values() if not wanted or i.department in wanted]
        return tuple(kept[offset : offset + limit])

    def by_words(self, query: Query, catalog: str | None = None) -> tuple[Item, ...]:
        words = query.text.casefold().split()
        return tuple(i for i in self.stock.values() if any(w in i.title.casefold() for w in words))

    def shelves(
        self, most: int, limit: int, catalog: str | None = None
    ) -> dict[str, tuple[Item, ...]]:
        departments = list(dict.fromkeys(i.department for i in self.stock.values()))[:most]
        return {
            name: self.items(catalog, filters=Filters((name,)), limit=limit) for name in departments
        }

    def facets(self, catalog: str | None = None, filters: Filters | None = None) -> FacetView:
        groups = {
            "department": Counter(i.department for i in self.stock.values()),
            "product_type": Counter(i.product_type for i in self.stock.values()),
        }
        unknown = tuple(
            (name, value)
            for name, values in (filters or Filters()).by_facet().items()
            for value in values
            if value not in groups.get(name, ())
        )
        facets = (
            Facet(name, tuple(FacetValue(*pair) for pair in counts.most_common()))
            for name, counts in groups.items()
        )
        return FacetView(tuple(facets), (24.9, 24.9), unknown)

    def count(self, catalog: str | None = None, filters: Filters | None = None) -> int:
        return len(self.items(catalog, filters=filters))

    def group_sizes(self, catalog: str | None = None) -> dict[str, int]:
        sizes = Counter(i.group for i in self.stock.values() if i.group)
        return {group: size for group, size in sizes.items() if size > 1}

    def items_by_id(self, item_ids: Iterable[str], catalog: str | None = None) -> dict[str, Item]:
        return {name: self.stock[name] for name in item_ids if name in self.stock}

    def item(self, item_id: str, catalog: str | None = None) -> Item:
        if item_id not in self.stock:
            raise QueryError(f"There is no item “{item_id}”.")
        return self.stock[item_id]

    @lazy
    def indexing(self) -> Indexing:
        return Indexing(self)

    def example_photos(self) -> tuple[tuple[Path, str], ...]:
        return ((Path("sofa.jpg"), "A sofa & a lamp"),)

    def read_image(self, path: Path) -> Image.Image:
        if path.suffix != ".jpg":
            raise ImageError("This is no picture.")
        return Image.new("RGB", (10, 10))

    def search(
        self, query: Query, engine: str = "vl-clip", catalog: str | None = None
    ) -> SearchResult:
        self.asked.append((query, engine))
        order = {"clip": "abc", "vl-clip": "cab", "gcl": "bca"}[engine]
        item_ids = [i for i in order if i != query.item_id and query.text != "nothing"][: query.k]
        hits = tuple(
            Hit(rank, self.stock[item_id], 0.3, reasons=("looks alike",), duplicates=self.behind)
            for rank, item_id in enumerate(item_ids, 1)
        )
        return SearchResult(engine, "f", hits, self.cut, 20.4, 10.2)

    def compare(
        self, query: Query, engines: Sequence[str], catalog: str | None = None
    ) -> Comparison:
        results = tuple(self.search(query, name) for name in engines)
        ranks: dict[str, dict[str, int]] = {}
        for result in results:
            for hit in result.hits:
                ranks.setdefault(hit.item.item_id, {})[result.engine] = hit.rank
        return Comparison(results, {}, ranks)

    def rows(self, item: Item | str, catalog: str | None = None) -> ItemRows:
        return ItemRows(None, "")  # type: ignore[arg-type]  # nothing is read from it here

    def inspect(self, item_id: str, catalog: str | None = None, **how: object) -> Inspection:
        item = self.item(item_id)
        grounding = CRATE if item_id == "c" else replace(CRATE, detections=())
        text = "a crate full of oranges"
        words = Rewrite(text, (Round(text),), "rules", "f")
        picture = Image.new("RGB", (8, 8), "orange")
        alike = 0.4 if how.get("vectors", True) else None
        inputs = tuple(
            EngineInput(status.engine, picture, item.title, agreement=alike)
            for status in (CLIP, VL_CLIP)
        )
        return Inspection(item, Image.new("RGB", (100, 80)), grounding, words, inputs)
