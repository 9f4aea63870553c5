"""What engines are trained from: a base with its models, and a catalogue's pairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from core.app.catalog_pairs import catalog_source
from core.app.library import Catalog
from core.app.models import ModelPool
from core.base.counts import counted
from core.domain import COMPACT, FULL, Engine, ImageView, TextView, Towers
from core.errors import TrainingError
from core.pipeline.redo import complete_stages
from core.ports.engines import EngineModel, IndexingModels
from core.settings import Settings
from core.training.batches import TEXTS
from core.training.pair_sources import Source

#: Share of the items in the training part.
TRAINED = 0.7


class TrainingBases:
    """Engines to start from, the models that make their vectors, and pairs of a catalogue.

    Args:
        models: The models.
        settings: Data directory and profile.
    """

    def __init__(self, models: ModelPool, settings: Settings) -> None:
        self._models, self._settings = models, settings

    def engine(self, base: str) -> Engine:
        """Return the named engine, or an engine around a checkpoint with a scheme."""
        if base.startswith(("local-dir:", "hf-hub:")):
            towers = dict.fromkeys(
                (COMPACT, FULL, self._settings.recipe.engines), Towers("open_clip", base)
            )
            title = base.partition(":")[2].rstrip("/").rpartition("/")[2] or base
            return Engine(title, title, "", ImageView.PHOTO, TextView.TITLE, 0.2, towers)
        return self._models.engine(base).engine

    def models(self, base: str, catalog: Catalog, viewed: Engine | None = None) -> IndexingModels:
        """Return the models of the base's vectors; nothing is fetched for other engines.

        Args:
            base: The base's name, or a checkpoint with a scheme.
            catalog: The catalogue, for its corrections.
            viewed: The base with the views of the engine that is trained.
        """
        models = self._models.for_indexing([base] if base in self._models.recipes else [])
        if viewed is not None and models.engines:
            (model,) = models.engines
            models = IndexingModels(
                (EngineModel(viewed, model.encoder),),
                models.grounder, models.rewriter, models.padding,
            )  # fmt: skip
        return models.corrected_by(catalog.store.corrections.standing())

    def source(
        self,
        catalog: Catalog,
        engine: Engine,
        models: IndexingModels,
        say: Callable[[str], None],
        views: str,
    ) -> Source:
        """Return a catalogue's pairs; where views were chosen, all its items' crops and texts."""
        if views and models.engines:
            say("Finding and describing the products that are not yet")
            failed = complete_stages(catalog.store, catalog.images, models)
            if failed:
                say(f"{counted(len(failed), 'item')} could not be; left out")
        return catalog_source(catalog, engine, models, self._settings)


def check_texts(texts: str) -> str:
    """Check the name of the texts to train on; raises ``TrainingError``."""
    if texts and texts not in TEXTS:
        raise TrainingError(f"Train on {', '.join(TEXTS)}; got “{texts[:40]}”.")
    return texts


def viewed(base: Engine, views: str, texts: str) -> Engine:
    """Return the base with the picture and the words that the new engine embeds.

    Raises:
        TrainingError: There is no such picture.
    """
    if views and views not in list(ImageView):
        raise TrainingError(f"An engine embeds {', '.join(ImageView)}; got “{views[:40]}”.")
    image = ImageView(views) if views else base.image_view
    text = TextView(texts) if texts in list(TextView) else base.text_view
    cut = image is not ImageView.PHOTO and image is not base.image_view
    towers = {
        # A crop's edge is the product's: the middle alone would lose a part of it.
        profile: replace(towers, fit="pad") if cut and towers.loader != COMPACT else towers
        for profile, towers in base.towers.items()
    }
    return replace(base, image_view=image, text_view=text, towers=towers)
