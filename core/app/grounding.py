"""Grounding for pages and commands: correct groundings, find things in photos, export."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from core.app.library import Catalog, Library
from core.app.models import ModelPool
from core.app.stored_groundings import stored_groundings
from core.base.image_views import is_busy
from core.base.recent import Recent, pixel_hash
from core.domain import WHOLE_PHOTO, Box, Detection, Grounding, Item, Stage
from core.errors import CatalogBusy, QueryError
from core.pipeline.redo import redo
from core.ports.grounder import GlancingGrounder, Heatmap
from core.settings import Settings
from core.vision import grounding_files
from core.vision.regions import mask_iou

#: Longest phrase to look for, characters.
PHRASE_CHARACTERS = 200
#: Most names to look for in one photo, and most detections per name.
MOST_NAMES, MOST_ALIKE = 24, 3
#: A name whose highest heat is below this is skipped. (In the compact grounder no score is above
#: the square root of the highest heat, so at τ = 0.35 this loses nothing.)
LEAST_HEAT = 0.12
#: A name whose highest heat at a glance is below this is not looked for; a small thing is warmer
#: when the photo is looked at in full.
LEAST_GLANCE = 0.03
#: Detections whose masks or boxes overlap more than this (IoU) are the same thing.
SAME_THING = 0.5
#: Number of photos and of groundings in the caches.
PHOTOS, LOOKS = 16, 512
#: Number of groundings that an export reads at once.
_PAGE = 256


@dataclass(frozen=True, slots=True)
class Guess:
    """A thing that a photo may show.

    Attributes:
        name: Its name.
        place: About where it is; ``None`` where nothing is warm enough to be shown, or a likelier
            thing is there.
    """

    name: str
    place: Detection | None = None


class GroundingService:
    """Groundings of catalogue items and of any photo; safe to use from several threads.

    Args:
        library: The catalogues.
        models: The models.
        settings: Profile and shipped files.
    """

    def __init__(self, library: Library, models: ModelPool, settings: Settings) -> None:
        self._library, self._models, self._settings = library, models, settings
        self._photos: Recent[Image.Image] = Recent(PHOTOS)
        self._looks: Recent[Grounding] = Recent(LOOKS)
        self._heats: Recent[float] = Recent(LOOKS)
        self._things: Recent[tuple[Detection, ...]] = Recent(PHOTOS)

    # ── stored groundings ────────────────────────────────────────────────────────────────────
    def of(self, item: Item, catalog: str | None = None) -> Grounding | None:
        """Return the item's grounding under the present threshold; ``None`` if not grounded yet."""
        return self.of_items([item], catalog).get(item.item_id)

    def of_items(self, items: Sequence[Item], catalog: str | None = None) -> dict[str, Grounding]:
        """Return the groundings of those items that are grounded, by item id."""
        return self._of(items, self._library.get(catalog))

    def busy(self, items: Iterable[Item], catalog: str | None = None) -> dict[str, Grounding]:
        """Return the groundings, by item id, of items whose photo shows much more than the item."""
        with_photo = list({item.item_id: item for item in items if item.has_photo}.values())
        groundings = self.of_items(with_photo, catalog) if with_photo else {}
        return {name: grounding for name, grounding in groundings.items() if is_busy(grounding)}

    def _of(self, items: Sequence[Item], catalog: Catalog) -> dict[str, Grounding]:
        return stored_groundings(catalog, items, self._models.for_indexing())

    # ── corrections by people ────────────────────────────────────────────────────────────────
    def choose(
        self, item: Item, number: int, author: str, *, phrase: str = "", catalog: str | None = None
    ) -> str:
        """Choose another detection as the product: a stored one, or one found by a phrase.

        Args:
            item: The item.
            number: Index of the detection, from 0.
            author: Name of the person.
            phrase: If given, choose among the detections of :meth:`find` for this phrase.
            catalog: Name of the catalogue.

        Returns:
            A sentence on the outcome; so do the other corrections.

        Raises:
            QueryError: There is no such detection.
        """
        now = self._grounding_of(item, catalog)
        among = self.find(self._photo(item, catalog), phrase) if phrase else now
        if not 0 <= number < len(among.detections):
            raise QueryError(f"There is no region {number + 1} in this photo any more.")
        if phrase:
            now = _with(self._machines(item, catalog), among.detections[number])
        else:
            now = replace(now, choice=number)
        return self._stand(item, now, author, f"chose region {number + 1}", catalog)

    def draw(self, item: Item, box: Box, author: str, *, catalog: str | None = None) -> str:
        """Make a drawn box the product; clip it to the photo.

        Raises:
            QueryError: Nothing of the box lies inside the photo.
        """
        inside = Box.clipped(*box.as_xyxy(), item.photo.width, item.photo.height)
        if inside is None:
            raise QueryError("The box lies outside the photo. Draw it again.")
        drawn = self._models.grounder.outline(self._photo(item, catalog), inside)
        value = _with(self._machines(item, catalog), drawn)
        return self._stand(item, value, author, f"drew {inside.spell()}", catalog)

    def keep_whole(self, item: Item, author: str, *, catalog: str | None = None) -> str:
        """Make the whole photo the product."""
        value = replace(self._grounding_of(item, catalog), choice=WHOLE_PHOTO)
        return self._stand(item, value, author, "chose the whole photo", catalog)

    def restore(self, item: Item, author: str, *, catalog: str | None = None) -> str:
        """Withdraw the correction, so that the machine's choice is used again."""
        return self._stand(item, None, author, "back to the automatic choice", catalog)

    def _machines(self, item: Item, catalog: str | None) -> Grounding:
        """Return the machine's grounding, without people's corrections."""
        opened_catalog, models = self._library.get(catalog), self._models.for_indexing()
        key = models.grounding_key(item)
        stored = opened_catalog.store.groundings.get([key])
        return (
            stored[key]
            if key in stored
            else replace(self._grounding_of(item, catalog), choice=None)
        )

    def _stand(
        self, item: Item, value: Grounding | None, author: str, note: str, catalog: str | None
    ) -> str:
        opened_catalog = self._library.get(catalog)
        opened_catalog.store.corrections.correct(
            Stage.GROUNDING, item, opened_catalog.store.groundings, value, author, note
        )
        try:
            redo(
                opened_catalog.store,
                opened_catalog.images,
                self._models.for_indexing(),
                [item.item_id],
            )
        except CatalogBusy:
            return "Saved. The catalogue is being indexed; searches use it after the next run."
        return "Saved; searches use it now."

    # ── looking at any photo ─────────────────────────────────────────────────────────────────
    def find(self, photo: Image.Image, phrase: str) -> Grounding:
        """Find a phrase in a photo, best detection first; results are cached.

        Raises:
            QueryError: The phrase is empty or too long.
            WeightsUnavailable: A model can't be loaded.
        """
        words = checked_phrase(phrase)
        grounder = self._models.grounder
        key = pixel_hash(photo), words.lower(), grounder.fingerprint
        grounding = self._looks.get(key) or self._looks.put(key, grounder.find(photo, words))
        return replace(grounding, threshold=grounder.threshold)

    def heatmap(self, photo: Image.Image, phrase: str) -> Heatmap | None:
        """Return how well each part of a photo matches a phrase; ``None`` without heat maps.

        Raises:
            QueryError: The phrase is empty or too long.
        """
        return self._models.grounder.heatmap(photo, checked_phrase(phrase))

    @property
    def has_heat(self) -> bool:
        """Whether this profile's grounder has heat maps."""
        return self._models.grounder.has_heat_maps

    def things(self, photo: Image.Image, names: Sequence[str]) -> Iterator[tuple[Detection, ...]]:
        """Find things with these names in a photo, one name after another.

        After each name, yields all things found so far, best first. Of overlapping detections only
        the best is kept. Results are cached.

        Raises:
            QueryError: No name is given.
            WeightsUnavailable: A model can't be loaded.
        """
        detections: list[Detection] = []
        for name in checked_names(names):
            if self._heat(photo, name) >= LEAST_HEAT:  # if not, no mask has to be computed
                grounding = self.find(photo, name)
                detections += [d for d in grounding.detections if d.score >= grounding.threshold][
                    :MOST_ALIKE
                ]
            yield self._things.put(pixel_hash(photo), distinct(detections))

    def likely(self, photo: Image.Image, names: Sequence[str]) -> tuple[Guess, ...]:
        """Return the names that a photo may show, the likeliest first, after one small pass.

        A grounder that can't guess at once gets all names in their order, without places.

        Raises:
            QueryError: No name is given, or one is too long.
            WeightsUnavailable: A model can't be loaded.
        """
        phrases = [checked_phrase(name) for name in checked_names(names)]
        grounder = self._models.grounder
        if not isinstance(grounder, GlancingGrounder):
            return tuple(Guess(name) for name in phrases)
        guesses = sorted(grounder.glance(photo, phrases), key=lambda guess: -guess.score)
        shown = distinct([guess for guess in guesses if guess.score >= LEAST_HEAT])
        return tuple(
            Guess(guess.phrase, guess if guess in shown else None)
            for guess in guesses
            if guess.score >= LEAST_GLANCE
        )

    def _heat(self, photo: Image.Image, name: str) -> float:
        """Return the highest heat of a name; 1 where the grounder makes no heat maps."""
        key = pixel_hash(photo), name.lower(), self._models.grounder.fingerprint
        seen = self._heats.get(key)
        if seen is None:
            heat = self.heatmap(photo, name)
            seen = self._heats.put(key, 1.0 if heat is None else float(heat.max()))
        return seen

    def things_seen(self, photo: Image.Image) -> tuple[Detection, ...]:
        """Return the cached result of :meth:`things` for this photo; empty if there is none."""
        return self._things.get(pixel_hash(photo)) or ()

    def remember(self, photo: Image.Image) -> str:
        """Store a photo for :meth:`recall`; return its key, which is the hash of its pixels."""
        name = pixel_hash(photo)
        self._photos.put(name, photo)
        return name

    def recall(self, name: str) -> Image.Image:
        """Return a photo that was shown a moment ago.

        Raises:
            QueryError: It is no longer in the cache.
        """
        photo = self._photos.get(name)
        if photo is None:
            raise QueryError("The photo is not at hand any more. Search with it once more.")
        return photo

    # ── exports ──────────────────────────────────────────────────────────────────────────────
    def export_coco(self, target: Path, catalog: str | None = None) -> tuple[int, int]:
        """Write all groundings as COCO JSON; return the number of photos and of detections.

        Raises:
            QueryError: Nothing is grounded yet.
        """
        photos = list(self._photos_of(self._library.get(catalog)))
        if not photos:
            raise QueryError("Nothing is grounded yet: index the catalogue with VL-CLIP first.")
        return len(photos), grounding_files.write_coco(photos, target)

    def coco(self, item: Item, catalog: str | None = None) -> bytes:
        """Return one item's grounding as COCO JSON."""
        photo = _grounded(item, self._grounding_of(item, catalog))
        return grounding_files.coco_json([photo])

    def mask_png(self, item: Item, catalog: str | None = None) -> bytes:
        """Return the product's mask, a PNG of the photo's size: 255 inside, 0 outside."""
        return grounding_files.mask_png(self._grounding_of(item, catalog))

    def cutout_png(self, item: Item, catalog: str | None = None) -> bytes:
        """Return the product alone, a PNG with alpha."""
        grounding = self._grounding_of(item, catalog)
        return grounding_files.cutout_png(self._photo(item, catalog), grounding)

    def _grounding_of(self, item: Item, catalog: str | None) -> Grounding:
        grounding = self.of(item, catalog)
        if grounding is None:
            raise QueryError(f"The item “{item.item_id}” is not grounded yet.")
        return grounding

    def _photo(self, item: Item, catalog: str | None) -> Image.Image:
        return self._library.get(catalog).images.open(item.photo.sha256)

    def _photos_of(self, catalog: Catalog) -> Iterator[grounding_files.GroundedPhoto]:
        items = [record.item for record in catalog.store.items.records().values()]
        for start in range(0, len(items), _PAGE):
            page = items[start : start + _PAGE]
            groundings = self._of(page, catalog)
            for item in page:
                if item.item_id in groundings:
                    yield _grounded(item, groundings[item.item_id])


def checked_names(names: Sequence[str]) -> list[str]:
    """Return names to look for, without surrounding space and without repeats.

    Raises:
        QueryError: No name is given.
    """
    phrases = list(dict.fromkeys(name.strip() for name in names if name.strip()))[:MOST_NAMES]
    if not phrases:
        raise QueryError("Say what to look for in the photo, for example: sofa, lamp, rug.")
    return phrases


def checked_phrase(phrase: str) -> str:
    """Return the phrase without surrounding space.

    Raises:
        QueryError: It is empty or too long.
    """
    words = " ".join(phrase.split())
    if not words:
        raise QueryError("Say what to look for in the photo, for example “handle”.")
    if len(words) > PHRASE_CHARACTERS:
        raise QueryError(
            f"That is {len(words):,} characters; name the thing to look for in at most "
            f"{PHRASE_CHARACTERS}."
        )
    return words


def distinct(detections: Sequence[Detection]) -> tuple[Detection, ...]:
    """Sort detections, best first; of overlapping ones keep only the best."""
    shown: list[Detection] = []
    for detection in sorted(detections, key=lambda detection: -detection.score):
        if all(_overlap(detection, other) <= SAME_THING for other in shown):
            shown.append(detection)
    return tuple(shown)


def _overlap(a: Detection, b: Detection) -> float:
    boxes = a.box.iou(b.box)
    if not boxes or a.mask is None or b.mask is None:
        return boxes
    return max(boxes, mask_iou(a.mask.decode(), b.mask.decode()))


def _with(machines: Grounding, chosen: Detection) -> Grounding:
    """Add a person's detection to the machine's grounding, as the chosen one."""
    detections = machines.detections
    return replace(machines, detections=(*detections, chosen), choice=len(detections))


def _grounded(item: Item, grounding: Grounding) -> grounding_files.GroundedPhoto:
    """Attach the photo's file name, relative to the catalogue's folder of pictures."""
    sha256 = item.photo.sha256
    return grounding_files.GroundedPhoto(item.item_id, f"{sha256[:2]}/{sha256}.jpg", grounding)
