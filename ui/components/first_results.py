"""Home's example: the first result of CLIP and of VL-CLIP where one item is looked for."""

from __future__ import annotations

from dataclasses import dataclass

from core.app.studio import Studio
from core.base.image_views import image_view
from core.domain import Grounding, ImageView, Inspection, Item, Report
from core.errors import StudioError
from core.ports.grounder import SALIENT
from ui.components.cards import inspect_link
from ui.components.pictures import data_uri
from ui.components.proof import BOTH, NEITHER, WORDS, is_worse, place
from ui.media import photo_url

#: Longest side of the picture of a crop.
_LARGE = 640
#: Largest share of the photo that the box of an example may cover.
_MOST_OF_PHOTO = 0.6


@dataclass(frozen=True, slots=True)
class FirstResult:
    """What an engine shows first.

    Attributes:
        engine: The engine's title.
        asked: The words that it looks for.
        item: Its first result.
        picture: What it looks at: the result's whole photo, or the part with the product.
        is_right: Whether that is right.
        is_itself: Whether that is the very item that is looked for.
        place: At which place the looked-for item is, in words.
        link: The result's page.
    """

    engine: str
    asked: str
    item: Item
    picture: str
    is_right: bool
    is_itself: bool
    place: str
    link: str


@dataclass(frozen=True, slots=True)
class FirstResults:
    """Both engines' first results.

    Attributes:
        results: CLIP's and VL-CLIP's.
        same_words: The words, where both are asked with the same.
        is_worse: Whether VL-CLIP shows the item later than CLIP.
    """

    results: tuple[FirstResult, FirstResult]
    same_words: str
    is_worse: bool


def first_results(
    studio: Studio, inspection: Inspection, report: Report, catalog: str
) -> FirstResults | None:
    """Return the first results for an item's own words; ``None`` where they were not kept.

    Both engines get the same words, VL-CLIP's, so that only the pictures differ: CLIP compares
    whole photos. Where VL-CLIP does worse, CLIP gets the title, since that is the measured loss.

    Args:
        studio: The façade.
        inspection: The item.
        report: The ablation that it is looked for in.
        catalog: Name of the catalogue.
    """
    item = inspection.item
    row = next((row for row in report.rows if item.item_id in row.relevant), None)
    if row is None:
        return None
    worse = is_worse(report, item.item_id)
    before = NEITHER if worse else WORDS
    firsts = [next(iter(row.found.get(name, ())), None) for name in (before, BOTH)]
    ids = [first[0] for first in firsts if first]
    rights = [first[1] for first in firsts if first]
    items = studio.items_by_id(ids, catalog)
    if len(ids) < len(firsts) or not set(ids) <= set(items):
        return None
    rewrite = inspection.rewrite.text if inspection.rewrite else item.title
    words = (item.title if worse else rewrite, rewrite)
    whole = photo_url(items[ids[0]].photo, catalog, thumbnail=False)
    seen = inspection if ids[1] == item.item_id else _inspected(studio, ids[1], catalog)
    part = picture_of_part(studio, seen) if seen else ""
    pictures = (whole, part or photo_url(items[ids[1]].photo, catalog, thumbnail=False))
    titles, names = ("CLIP", "VL-CLIP"), (before, BOTH)
    clip, vl_clip = (
        FirstResult(
            engine=titles[n],
            asked=words[n],
            item=items[ids[n]],
            picture=pictures[n],
            is_right=rights[n],
            is_itself=ids[n] == item.item_id,
            place=place(report, row, names[n]),
            link=inspect_link(ids[n], catalog),
        )
        for n in range(2)
    )
    same = rewrite if words[0] == words[1] else ""
    return FirstResults((clip, vl_clip), same, worse)


def shows_grounding(grounding: Grounding | None) -> bool:
    """Tell whether the product was found and the photo shows more than the product."""
    if grounding is None or grounding.best is None or grounding.best.phrase == SALIENT:
        return False
    return grounding.best.box.area < _MOST_OF_PHOTO * grounding.width * grounding.height


def picture_of_part(studio: Studio, inspection: Inspection) -> str:
    """Return the part of an item's photo with the product; empty if the whole photo is kept."""
    if not inspection.photo or not shows_grounding(inspection.grounding):
        return ""
    part = image_view(
        inspection.photo, inspection.grounding, ImageView.CROP, studio.settings.crop_padding
    ).convert("RGB")
    part.thumbnail((_LARGE, _LARGE))
    return data_uri(part, "JPEG")


def _inspected(studio: Studio, item_id: str, catalog: str) -> Inspection | None:
    try:
        return studio.inspect(item_id, catalog, vectors=False)
    except StudioError:  # for example its photo is lost: the sign for that is shown
        return None
