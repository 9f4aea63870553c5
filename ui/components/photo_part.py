"""Search with a part of a photo: choose a found region or draw a box."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import gradio as gr
from PIL import Image

from core.app.studio import Studio
from core.domain import Box, CatalogInfo, Detection, Hit
from core.people import Action
from core.ports.grounder import DRAWN, PICTURE, SALIENT
from ui.blindness import require_fit_shown
from ui.components.facet_lists import things_to_find
from ui.components.pictures import data_uri
from ui.components.query import SearchForm
from ui.media import photo_url
from ui.queues import look_at_photo
from ui.server_functions import answered

#: Longest text of names that the browser may send.
_NAMES = 24


@dataclass(frozen=True, slots=True)
class Spot:
    """A region on a photo, to be laid over the picture."""

    name: str
    title: str
    value: str
    style: str


@dataclass(frozen=True, slots=True)
class PhotoPart:
    """The photo of a search and its regions."""

    url: str
    title: str
    width: int
    height: int
    token: str
    spots: tuple[Spot, ...]
    region: Spot | None
    names: str
    open: bool


def spot(box: Box, size: tuple[int, int], name: str, title: str) -> Spot:
    """Place a region on a photo of that size, in per cent, so that the photo may be scaled."""
    width, height = size
    style = (
        f"left:{100 * box.left / width:.2f}%;top:{100 * box.top / height:.2f}%;"
        f"width:{100 * box.width / width:.2f}%;height:{100 * box.height / height:.2f}%"
    )
    return Spot(name, title, box.spell(), style)


def photo_part(
    studio: Studio,
    form: SearchForm,
    image: Image.Image | None,
    catalog: CatalogInfo,
    hits: Iterable[Hit] = (),
) -> PhotoPart | None:
    """Return the picture of a search; ``None`` if it has words only.

    Args:
        studio: The studio.
        form: The search.
        image: The picture that was given.
        catalog: The catalogue.
        hits: What the search found: their types are the first to look for in the picture.
    """
    if form.item:
        item = studio.item(form.item, catalog.name)
        if not item.has_photo:
            return None
        photo = studio.photo(item, catalog.name)
        grounding = studio.grounding.of(item, catalog.name)
        stored = grounding.detections if grounding else ()
        url, title = photo_url(item.photo, catalog.name, thumbnail=False), item.title
        names = item.prompt
    elif image is not None:
        photo, stored, names = image, (), ", ".join(things_to_find(studio, catalog, hits))
        title = "The photo to search with"
        url = f"/media/example/{form.example}.jpg" if form.example is not None else ""
        url = url or data_uri(photo, "JPEG")
    else:
        return None
    regions = studio.grounding.things_seen(photo) or stored
    region = form.region and Box.clipped(*form.region.as_xyxy(), *photo.size)
    return PhotoPart(
        url=url,
        title=title,
        width=photo.width,
        height=photo.height,
        token=studio.grounding.remember(photo),
        spots=spots(regions, photo.size),
        region=spot(region, photo.size, "", "") if region else None,
        names=names,
        open=bool(form.region or not form.item),
    )


def spots(regions: tuple[Detection, ...], size: tuple[int, int]) -> tuple[Spot, ...]:
    """Return buttons for detections, largest first, so that small ones lie on top."""
    largest_first = sorted(regions, key=lambda region: -region.box.area)
    return tuple(
        spot(
            region.box,
            size,
            _name(region),
            f"Search with this part: {_name(region)} ({region.score:.2f})",
        )
        for region in largest_first
    )


def _sent(shown: Iterable[Spot]) -> list[dict[str, str]]:
    """Return regions as the browser gets them."""
    return [asdict(region) for region in shown]


def _name(detection: Detection) -> str:
    return {SALIENT: "what stands out", PICTURE: "all of it", DRAWN: "drawn"}.get(
        detection.phrase, detection.phrase
    )


def photo_functions(studio: Studio) -> list[Callable[..., dict[str, Any]]]:
    """Return the functions for the browser: likely names, and things by their names."""

    def likely(ask: dict[str, Any], request: gr.Request | None = None) -> dict[str, Any]:
        def work() -> dict[str, Any]:
            require_fit_shown(studio, request)
            photo, names = shown_photo(ask)
            guesses = look_at_photo(studio.grounding.likely, photo, names)
            places = [guess.place for guess in guesses if guess.place is not None]
            rough = [
                spot(place.box, photo.size, place.phrase, f"Search with about this: {place.phrase}")
                for place in sorted(places, key=lambda place: -place.box.area)
            ]
            return {"names": [guess.name for guess in guesses], "spots": _sent(rough)}

        return answered(studio, request, Action.LOOK, work)

    def shown_photo(ask: dict[str, Any]) -> tuple[Image.Image, list[str]]:
        photo = studio.grounding.recall(str(ask.get("photo", "")))
        return photo, [str(name) for name in list(ask.get("names", ()))[:_NAMES]]

    def things(ask: dict[str, Any], request: gr.Request | None = None) -> dict[str, Any]:
        def work() -> dict[str, Any]:
            require_fit_shown(studio, request)
            photo, names = shown_photo(ask)
            regions = look_at_photo(lambda: tuple(studio.grounding.things(photo, names))[-1:])
            return {"spots": _sent(spots(regions[0] if regions else (), photo.size))}

        return answered(studio, request, Action.LOOK, work)

    return [likely, things]
