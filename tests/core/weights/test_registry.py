from __future__ import annotations

import re

from core.domain.engine import COMPACT
from core.weights.registry import REGISTRY
from core.weights.sources import HubSource, WheelSource


def test_every_wheel_is_pinned_by_version_and_hashes() -> None:
    for spec in REGISTRY.values():
        if isinstance(spec.source, WheelSource):
            hashes = [spec.source.sha256, *spec.source.members.values()]
            assert all(re.fullmatch(r"[0-9a-f]{64}", value) for value in hashes), spec.role
            assert re.fullmatch(r"\d+(\.\d+)+", spec.source.version), spec.role


def test_compact_needs_no_hub() -> None:
    compact = [spec for spec in REGISTRY.values() if COMPACT in spec.profiles]
    assert {spec.role for spec in compact} == {
        "clip-image",
        "sam",
        "grounding-words",
        "text-tower",
        "words-multilingual",
        "word-bridge",
    }
    assert not any(isinstance(spec.source, HubSource) for spec in compact)


def test_every_model_names_licence_and_upstream() -> None:
    assert all(spec.licence and spec.upstream and spec.title for spec in REGISTRY.values())
