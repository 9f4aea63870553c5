"""What another tool's JSON says of a whole list: its name, and the names of its grades."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.judging.checks import clean

#: Where the name stands: OpenSearch and Quepid; RRE has the index that is searched.
_NAMES = ("name", "index")
#: Where the names of the grades stand, in Quepid's exports of several versions.
_SCALES = ("scale_with_labels", "scaleWithLabels")
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Frame:
    """The name of a list, and the names of its grades by grade; empty where there are none."""

    name: str = ""
    scale: Mapping[int, str] = field(default_factory=dict)


def frame_of(text: str) -> Frame:
    """Return the frame of a JSON text; an empty one where it has none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return Frame()
    body = _body(value)
    texts = [body.get(key) for key in _NAMES]
    name = next((text for text in texts if isinstance(text, str)), "")
    scorer = body.get("scorer")
    places = (body, scorer if isinstance(scorer, dict) else {})
    scales = (place.get(key) for place in places for key in _SCALES)
    scale = next((names for names in scales if isinstance(names, dict)), {})
    return Frame(clean(name).strip()[:_LONGEST], _by_grade(scale))


def _body(value: object) -> dict[str, object]:
    """Return the object that frames the list; in an answer of OpenSearch's API its one hit."""
    if not isinstance(value, dict):
        return {}
    hits = value.get("hits")
    inner = hits.get("hits") if isinstance(hits, dict) else None
    if isinstance(inner, list) and len(inner) == 1 and isinstance(inner[0], dict):
        source = inner[0].get("_source")
        return source if isinstance(source, dict) else {}
    return value


def _by_grade(scale: Mapping[object, object]) -> dict[int, str]:
    """Return the names by grade; nothing if a key is no whole number."""
    keys = [str(key).strip() for key in scale]
    if not all(key.isascii() and key.isdecimal() and len(key) < 4 for key in keys):
        return {}
    names = scale.values()
    return {
        int(key): str(name).strip() if name is not None else ""
        for key, name in zip(keys, names, strict=True)
    }
