"""All data of one item as every engine sees it: the use case behind the page Inspect."""

from __future__ import annotations

from PIL import Image

from core.app.grounding import GroundingService
from core.app.item_rows import ItemRows
from core.app.library import Library
from core.app.models import ModelPool
from core.base.image_views import image_view, photo_share, reads_part
from core.domain import Engine, EngineInput, Grounding, Inspection, Item, Rewrite, Stage, TextView
from core.ports.engines import EngineModel
from core.settings import Settings
from core.store.catalog_store import CatalogStore
from core.store.vectors import VectorRow

#: Variants of one product that are shown at most.
MOST_RELATIVES = 60


class InspectionService:
    """Looks at one item: photo, boxes, masks, texts, and the encoders' inputs."""

    def __init__(
        self, library: Library, models: ModelPool, settings: Settings, grounding: GroundingService
    ) -> None:
        self._library = library
        self._models = models
        self._settings = settings
        self._grounding = grounding

    def of(
        self,
        item_id: str,
        catalog: str | None = None,
        *,
        rows: ItemRows | None = None,
        vectors: bool = True,
    ) -> Inspection:
        """Return all data of one item.

        Args:
            item_id: The item.
            catalog: Name of the catalogue.
            rows: Its rows, where the caller shares them.
            vectors: Whether to look at its stored vectors, too.

        Raises:
            QueryError: There is no such item.
        """
        opened = self._library.get(catalog)
        store = opened.store
        rows = rows or ItemRows(store, item_id)
        item = rows.item
        photo = opened.images.open(item.photo.sha256) if item.has_photo else None
        standing = store.corrections.standing()
        models = self._models.for_indexing().corrected_by(standing)
        rewrite = next(iter(rows.rewrites(models.rewrite_key(item)).values()), None)
        grounding = self._grounding.of(item, catalog)
        inputs = tuple(
            _input(
                model,
                item,
                self._view(model.engine, photo, grounding),
                photo_share(model.engine, grounding, photo) if photo else 0.0,
                _current(store, rows, model) if vectors else None,
                rewrite,
            )
            for model in models.engines
        )
        decided = {
            stage: event
            for stage in Stage
            if (event := standing.of(stage, item.item_id, item.photo.sha256)) is not None
        }
        relatives = _relatives(item, store)
        return Inspection(item, photo, grounding, rewrite, inputs, decided, relatives)

    def _view(
        self, engine: Engine, photo: Image.Image | None, grounding: Grounding | None
    ) -> Image.Image | None:
        """Return the picture that an engine's encoder gets of the photo."""
        if photo is None or not reads_part(engine, grounding):
            return photo
        return image_view(photo, grounding, engine.image_view, self._settings.crop_padding)


def _current(store: CatalogStore, rows: ItemRows, model: EngineModel) -> VectorRow | None:
    """Return the item's vectors, unless they are of other weights than the engine's."""
    same = store.vectors(model.name).fingerprint == model.fingerprint
    return rows.vectors(model.name) if same else None


def _input(
    model: EngineModel,
    item: Item,
    view: Image.Image | None,
    whole: float,
    row: VectorRow | None,
    rewrite: Rewrite | None,
) -> EngineInput:
    """Return what an engine's encoder gets of the item, and how its two vectors agree."""
    from core.embedding.encoder_input import preview  # slow to import

    rewritten = rewrite if model.engine.text_view is TextView.REWRITE else None
    title_part = model.engine.title_part(item.has_photo) if rewritten else 0.0
    return EngineInput(
        engine=model.engine,
        picture=preview(model.encoder, view) if view else None,
        text=rewritten.text if rewritten and title_part < 1 else item.title,
        fingerprint=model.fingerprint if row else "",
        agreement=float(row.image_vector @ row.text_vector) if row and view else None,
        title=item.title if 0 < title_part < 1 else "",
        whole=whole,
    )


def _relatives(item: Item, store: CatalogStore) -> tuple[Item, ...]:
    """Return the other variants of the item's product."""
    group = store.items.of_group(item.group, MOST_RELATIVES + 1) if item.group else []
    return tuple(other for other in group if other.item_id != item.item_id)
