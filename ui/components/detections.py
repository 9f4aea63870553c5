"""Show the detections of one photo: table rows, overlays, and the decision in words."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from core.base.counts import counted
from core.domain import WHOLE_PHOTO, Correction, Detection, Grounding, Inspection, Stage
from core.ports.grounder import DRAWN, PICTURE, SALIENT
from ui.components.photo_part import Spot, spot
from ui.components.pictures import mask_overlay

#: One colour per detection, best first; distinct also for most colour-blind people (Okabe, Ito).
COLOURS = (
    (0, 158, 115), (230, 159, 0), (86, 180, 233), (213, 94, 0), (204, 121, 167), (0, 114, 178),
    (240, 228, 66),
)  # fmt: skip
#: What the script reads where no region can be the crop: things found by another name.
NO_CROP = "-"


@dataclass(frozen=True, slots=True)
class DetectionRow:
    """One row of the table of detections.

    Attributes:
        number: From 1, best first.
        detection: The detection.
        name: Phrase that it was found by, for people.
        colour: ``#rrggbb``.
        overlay: Its mask as a translucent picture, or empty; nothing veils a photo that is the
            product.
        spot: Where it lies on the photo.
        percent: Share of the photo that its mask (or box) covers.
    """

    number: int
    detection: Detection
    name: str
    colour: str
    overlay: str
    spot: Spot
    percent: float


def detection_rows(grounding: Grounding | None) -> list[DetectionRow]:
    """Return all detections with their overlays."""
    if grounding is None:
        return []
    size = grounding.width, grounding.height
    rows = []
    for index, detection in enumerate(grounding.detections):
        colour, mask = COLOURS[index % len(COLOURS)], detection.mask
        area = mask.area if mask else detection.box.area
        rows.append(
            DetectionRow(
                number=index + 1,
                detection=detection,
                name=found_by(detection),
                colour="#{:02x}{:02x}{:02x}".format(*colour),
                overlay=mask_overlay(mask, colour) if mask and detection.phrase != PICTURE else "",
                spot=spot(detection.box, size, "", ""),
                percent=round(100 * area / (size[0] * size[1]), 2),
            )
        )
    return rows


def found_by(detection: Detection) -> str:
    """Return the phrase that a detection was found by, for people."""
    special = {
        SALIENT: "stands out from a plain ground",
        PICTURE: "the photo is the product",
        DRAWN: "drawn by hand",
    }
    return special.get(detection.phrase, detection.phrase)


def chosen_number(grounding: Grounding | None) -> str:
    """Return the number of the chosen region, ``0`` for the whole photo, or an empty text."""
    if grounding is None or grounding.choice is None:
        return ""
    return str(grounding.choice + 1) if grounding.choice != WHOLE_PHOTO else "0"


def grounding_sentence(inspection: Inspection) -> str:
    """Return the decision of the grounding stage or of a person, in words."""
    grounding = inspection.grounding
    if grounding is None:
        return "The product was not looked for yet: indexing has not reached this item."
    if Stage.GROUNDING in inspection.corrections:
        return f"{_decision(grounding)} {who_and_when(inspection.corrections[Stage.GROUNDING])}"
    if grounding.best is not None and grounding.best.phrase == PICTURE:
        return f"“{grounding.prompt}” is a picture, so the photo itself is the product."
    if grounding.best is not None:
        places = len(grounding.detections)
        surest = "it" if places == 1 else "the surest"
        return (
            f"Looked for “{grounding.prompt}” and found {counted(places, 'place')}; {surest} is "
            f"taken as the product (score {grounding.best.score:.2f} of 1, at least "
            f"{grounding.threshold:.2f} is needed)."
        )
    if grounding.detections:
        return (
            f"Looked for “{grounding.prompt}”: no place is sure enough, so the whole photo is kept "
            f"(best score {grounding.detections[0].score:.2f} of 1, at least "
            f"{grounding.threshold:.2f} is needed)."
        )
    return f"Looked for “{grounding.prompt}”: nothing was found, so the whole photo is kept."


def found_sentence(grounding: Grounding) -> str:
    """Return a sentence on the regions found by a typed name."""
    if not grounding.detections:
        return f"Nothing was found by the name “{grounding.prompt}”."
    return (
        f"{len(grounding.detections)} regions may be “{grounding.prompt}”, the surest first. They "
        "are not stored; “Use” makes one of them the product."
    )


def who_and_when(correction: Correction) -> str:
    """Return a sentence: ``Corrected by Ada on 24 November 2026, 14:05 UTC.``"""
    when = f"{correction.at:%d %B %Y, %H:%M} UTC".lstrip("0")
    return f"Corrected by {correction.author} on {when}."


def similar_link(item_id: str, catalog: str) -> str:
    """Return a link to Explore that searches with this item; a region may be added."""
    return "/explore?" + urlencode({"item": item_id, "catalog": catalog})


def _decision(grounding: Grounding) -> str:
    if grounding.best is None:
        return "A person chose the whole photo."
    return f"A person chose region {(grounding.choice or 0) + 1}: {found_by(grounding.best)}."
