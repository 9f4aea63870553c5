"""What pages and commands do with groundings: correct, look again, shop a photo, export."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

from core.app.library import Catalog, Library
from core.app.models import ModelPool
from core.base.recent import Recent, pixel_hash
from core.domain import WHOLE_PHOTO, Box, Detection, Grounding, Item, Profile, Stage
from core.errors import CatalogBusy, QueryError
from core.pipeline.redo import redo
from core.ports.grounder import Heatmap
from core.settings import Settings
from core.vision import grounding_files
from core.vision.regions import mask_iou

#: Longest phrase that is looked for; longer ones are a paste, not a name.
PHRASE_CHARACTERS = 200
#: At most so many names are looked for in one photo, and so many things of one name are shown.
MOST_NAMES, MOST_ALIKE = 24, 3
#: A name that is nowhere likelier than this is not looked for any closer. (In the compact grounder
#: no score is above the root of the highest heat, so τ = 0.35 misses nothing by it.)
LEAST_HEAT = 0.12
#: Things that overlap (mask or box) more than this are one thing under two names.
SAME_THING = 0.5
#: Names for the things that a photo of a room may show, one a line.
ROOM_NAMES = "vocabularies/room.txt"
#: How many photos, and how many looks at photos, are remembered.
PHOTOS, LOOKS = 16, 512
#: Groundings that an export reads at once.
_PAGE = 256


class GroundingService:
    """Groundings of catalogue items, and looks at any photo; safe to use from several threads.

    Args:
        library: The catalogues.
        models: The models.
        settings: Threshold and shipped files.
    """

    def __init__(self, library: Library, models: ModelPool, settings: Settings) -> None:
        self._library, self._models, self._settings = library, models, settings
        self._photos: Recent[Image.Image] = Recent(PHOTOS)
        self._looks: Recent[Grounding] = Recent(LOOKS)
        self._things: Recent[tuple[Detection, ...]] = Recent(PHOTOS)

    # ── stored groundings ────────────────────────────────────────────────────────────────────
    def of(self, item: Item, catalog: str | None = None) -> Grounding | None:
        """The item's grounding under the present threshold; ``None`` before it was grounded."""
        return self._of([item], self._library.get(catalog)).get(item.item_id)

    def _of(self, items: Sequence[Item], where: Catalog) -> dict[str, Grounding]:
        models = self._models.for_indexing().corrected_by(where.store.corrections.standing())
        keys = {item.item_id: models.grounding_key(item) for item in items}
        stored = where.store.groundings.get([key for key in keys.values() if key])
        tau = models.threshold
        return {
            item_id: replace(stored[key], threshold=tau)
            for item_id, key in keys.items()
            if key in stored
        }

    # ── corrections by people ────────────────────────────────────────────────────────────────
    def choose(
        self, item: Item, number: int, author: str, *, phrase: str = "", catalog: str | None = None
    ) -> str:
        """Let another detection be the product: of those stored, or of those found by a phrase.

        Args:
            item: The item.
            number: Place among the detections, from 0.
            author: Who decides.
            phrase: Look among what :meth:`find` gives for it.
            catalog: Name of the catalogue.

        Returns:
            A sentence that says what became of it; the same for the other corrections.

        Raises:
            QueryError: There is no such detection.
        """
        now = self._known(item, catalog)
        among = self.find(self._photo(item, catalog), phrase) if phrase else now
        if not 0 <= number < len(among.detections):
            raise QueryError(f"There is no region {number + 1} in this photo any more.")
        if phrase:
            now = _with(self._machines(item, catalog), among.detections[number])
        else:
            now = replace(now, choice=number)
        return self._stand(item, now, author, f"chose region {number + 1}", catalog)

    def draw(self, item: Item, box: Box, author: str, *, catalog: str | None = None) -> str:
        """Let a drawn box be the product; what lies outside the photo is cut off.

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
        """Let the whole photo be the product."""
        value = replace(self._known(item, catalog), choice=WHOLE_PHOTO)
        return self._stand(item, value, author, "chose the whole photo", catalog)

    def restore(self, item: Item, author: str, *, catalog: str | None = None) -> str:
        """Give the item back to the machine."""
        return self._stand(item, None, author, "gave it back to the machine", catalog)

    def _machines(self, item: Item, catalog: str | None) -> Grounding:
        """What the machine found, whatever people decided since."""
        where, models = self._library.get(catalog), self._models.for_indexing()
        key = models.grounding_key(item)
        stored = where.store.groundings.get([key])
        return stored[key] if key in stored else replace(self._known(item, catalog), choice=None)

    def _stand(
        self, item: Item, value: Grounding | None, author: str, note: str, catalog: str | None
    ) -> str:
        where = self._library.get(catalog)
        where.store.corrections.correct(
            Stage.GROUNDING, item, where.store.groundings, value, author, note
        )
        try:
            redo(where.store, where.images, self._models.for_indexing(), [item.item_id])
        except CatalogBusy:
            return "Saved. The catalogue is being indexed; the next run embeds the item anew."
        return "Saved, and the item is embedded anew."

    # ── looking at any photo ─────────────────────────────────────────────────────────────────
    def find(self, photo: Image.Image, phrase: str) -> Grounding:
        """Anything in a photo by its name, best first; looking again costs nothing.

        Raises:
            QueryError: The phrase has no words, or far too many.
            WeightsUnavailable: A model can't be had.
        """
        words = checked_phrase(phrase)
        grounder = self._models.grounder
        key = pixel_hash(photo), words.lower(), grounder.fingerprint
        seen = self._looks.get(key) or self._looks.put(key, grounder.find(photo, words))
        return replace(seen, threshold=grounder.threshold)

    def heatmap(self, photo: Image.Image, phrase: str) -> Heatmap | None:
        """How well each part of a photo fits a phrase; ``None`` where the grounder has no such map.

        Raises:
            QueryError: The phrase has no words, or far too many.
        """
        return self._models.grounder.heatmap(photo, checked_phrase(phrase))

    @property
    def has_heat(self) -> bool:
        """Does this profile's grounder have heat maps?"""
        return self._settings.profile is Profile.COMPACT

    def room_names(self) -> tuple[str, ...]:
        """What is looked for in a photo of a room where nobody says what."""
        text = (self._settings.shipped / ROOM_NAMES).read_text(encoding="utf-8")
        lines = (line.strip() for line in text.splitlines())
        return tuple(line for line in lines if line and not line.startswith("#"))

    def things(self, photo: Image.Image, names: Sequence[str]) -> Iterator[tuple[Detection, ...]]:
        """Things of these names in a photo, name after name.

        Yields all things found so far, surest first, after each name. What overlaps is one thing
        and keeps its surest name. A photo that was looked at before is answered at once.

        Raises:
            QueryError: There is no name.
            WeightsUnavailable: A model can't be had.
        """
        wanted = list(dict.fromkeys(name.strip() for name in names if name.strip()))[:MOST_NAMES]
        if not wanted:
            raise QueryError("Say what to look for in the photo, for example: sofa, lamp, rug.")
        found: list[Detection] = []
        for name in wanted:
            if self._may_show(photo, name):
                seen = self.find(photo, name)
                found += [d for d in seen.detections if d.score >= seen.threshold][:MOST_ALIKE]
            yield self._things.put(pixel_hash(photo), distinct(found))

    def _may_show(self, photo: Image.Image, name: str) -> bool:
        """Saves the masks where the heat map says already that there is no such thing."""
        heat = self.heatmap(photo, name)
        return heat is None or float(heat.max()) >= LEAST_HEAT

    def things_seen(self, photo: Image.Image) -> tuple[Detection, ...]:
        """What :meth:`things` found in this photo last; empty where nobody looked lately."""
        return self._things.get(pixel_hash(photo)) or ()

    def remember(self, photo: Image.Image) -> str:
        """Keep a photo for :meth:`recall`; its name tells nothing and only its owner knows it."""
        name = pixel_hash(photo)
        self._photos.put(name, photo)
        return name

    def recall(self, name: str) -> Image.Image:
        """A photo that was shown a moment ago.

        Raises:
            QueryError: It is not remembered any more.
        """
        photo = self._photos.get(name)
        if photo is None:
            raise QueryError("The photo is not at hand any more. Search with it once more.")
        return photo

    # ── exports ──────────────────────────────────────────────────────────────────────────────
    def export_coco(self, target: Path, catalog: str | None = None) -> tuple[int, int]:
        """Write all groundings as COCO JSON; returns how many photos and detections there are.

        Raises:
            QueryError: Nothing is grounded yet.
        """
        photos = list(self._photos_of(self._library.get(catalog)))
        if not photos:
            raise QueryError("Nothing is grounded yet: index the catalogue with VL-CLIP first.")
        return len(photos), grounding_files.write_coco(photos, target)

    def coco(self, item: Item, catalog: str | None = None) -> bytes:
        """One item's grounding as COCO JSON."""
        photo = _grounded(item, self._known(item, catalog))
        return grounding_files.coco_json([photo])

    def mask_png(self, item: Item, catalog: str | None = None) -> bytes:
        """The product's mask, a PNG of the photo's size: 255 inside, 0 outside."""
        return grounding_files.mask_png(self._known(item, catalog))

    def cutout_png(self, item: Item, catalog: str | None = None) -> bytes:
        """The product alone, a PNG with alpha."""
        grounding = self._known(item, catalog)
        return grounding_files.cutout_png(self._photo(item, catalog), grounding)

    def _known(self, item: Item, catalog: str | None) -> Grounding:
        grounding = self.of(item, catalog)
        if grounding is None:
            raise QueryError(f"The item “{item.item_id}” is not grounded yet.")
        return grounding

    def _photo(self, item: Item, catalog: str | None) -> Image.Image:
        return self._library.get(catalog).images.open(item.photo.sha256)

    def _photos_of(self, where: Catalog) -> Iterator[grounding_files.GroundedPhoto]:
        items = [record.item for record in where.store.items.records().values()]
        for start in range(0, len(items), _PAGE):
            page = items[start : start + _PAGE]
            found = self._of(page, where)
            for item in page:
                if item.item_id in found:
                    yield _grounded(item, found[item.item_id])


def checked_phrase(phrase: str) -> str:
    """The phrase without surrounding space.

    Raises:
        QueryError: It has no words, or far too many.
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


def distinct(found: Sequence[Detection]) -> tuple[Detection, ...]:
    """Surest first; of those that overlap, the surest alone."""
    kept: list[Detection] = []
    for one in sorted(found, key=lambda detection: -detection.score):
        if all(_overlap(one, other) <= SAME_THING for other in kept):
            kept.append(one)
    return tuple(kept)


def _overlap(a: Detection, b: Detection) -> float:
    boxes = a.box.iou(b.box)
    if not boxes or a.mask is None or b.mask is None:
        return boxes
    return max(boxes, mask_iou(a.mask.decode(), b.mask.decode()))


def _with(machines: Grounding, chosen: Detection) -> Grounding:
    """What the machine found and what a person chose beside it."""
    found = machines.detections
    return replace(machines, detections=(*found, chosen), choice=len(found))


def _grounded(item: Item, grounding: Grounding) -> grounding_files.GroundedPhoto:
    """With the file's name relative to the catalogue's folder of pictures."""
    sha256 = item.photo.sha256
    return grounding_files.GroundedPhoto(item.item_id, f"{sha256[:2]}/{sha256}.jpg", grounding)
