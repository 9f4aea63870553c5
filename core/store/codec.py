"""Domain objects ⇄ JSON, for the payload columns; the one place that knows these layouts."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from core.domain import Box, Detection, Grounding, Mask, Rewrite, Round


def grounding_to_json(grounding: Grounding) -> str:
    """Write a grounding with its masks (compressed run lengths) as JSON."""
    return _dump(grounding)


def grounding_from_json(payload: str) -> Grounding:
    """Read back what :func:`grounding_to_json` wrote."""
    data = json.loads(payload)
    data["detections"] = tuple(_detection(entry) for entry in data["detections"])
    return Grounding(**data)


def rewrite_to_json(rewrite: Rewrite) -> str:
    """Write a rewrite with its trace as JSON."""
    return _dump(rewrite)


def rewrite_from_json(payload: str) -> Rewrite:
    """Read back what :func:`rewrite_to_json` wrote."""
    data = json.loads(payload)
    data["rounds"] = tuple(
        Round(**{**entry, "suggestions": tuple(entry["suggestions"])}) for entry in data["rounds"]
    )
    return Rewrite(**data)


def _dump(value: Any) -> str:
    return json.dumps(dataclasses.asdict(value), ensure_ascii=False, separators=(",", ":"))


def _detection(data: dict[str, Any]) -> Detection:
    mask = Mask(**data["mask"]) if data["mask"] else None
    return Detection(**{**data, "box": Box(**data["box"]), "mask": mask})
