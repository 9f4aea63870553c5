from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from core.experiments.assignment import assign, murmur3
from core.experiments.model import Experiment, Variant
from core.experiments.shop_script import shop_settings

AB = Experiment("e", "E", variants=(Variant("a"), Variant("b")), salt="s")
UNITS = [f"u{number}" for number in range(4000)]


def variants(experiment: Experiment) -> dict[str, str]:
    chosen = {unit: assign(experiment, unit).variant for unit in UNITS}
    return {unit: variant.name for unit, variant in chosen.items() if variant}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"", 0),
        (b"test", 0xBA6BD213),
        (b"Hello, world!", 0xC0363E43),
        (b"The quick brown fox jumps over the lazy dog", 0x2E4FF723),
    ],
)
def test_the_hash_is_murmur3(text: bytes, value: int):
    assert murmur3(text) == value


def test_units_split_by_weight_and_stay():
    weighted = replace(AB, variants=(Variant("a", weight=3), Variant("b", weight=1)))
    counts = Counter(variants(weighted).values())
    assert abs(counts["a"] / 4000 - 0.75) < 0.025
    assert variants(weighted) == variants(weighted)


def test_raising_the_traffic_moves_nobody():
    little, much = variants(replace(AB, traffic=0.1)), variants(replace(AB, traffic=0.6))
    assert abs(len(little) / 4000 - 0.1) < 0.02
    assert abs(len(much) / 4000 - 0.6) < 0.03
    assert little.items() <= much.items()


def test_holdout_and_exclusion_are_of_the_group():
    first = replace(AB, id="f", salt="f", group="g", slot=(0.0, 0.5), holdout=0.1)
    second = replace(AB, id="s", salt="t", group="g", slot=(0.5, 1.0), holdout=0.1)
    both = set(variants(first)) & set(variants(second))
    out = [u for u in UNITS if assign(first, u).reason == assign(second, u).reason == "holdout"]
    assert not both
    assert abs(len(out) / 4000 - 0.1) < 0.02
    assert len(variants(first)) + len(variants(second)) + len(out) == 4000


def test_two_experiments_are_independent():
    other = variants(replace(AB, salt="another"))
    same = sum(other[unit] == variant for unit, variant in variants(AB).items())
    assert abs(same / 4000 - 0.5) < 0.03


def test_filters_choose_units_by_what_is_said_of_them():
    phones = replace(AB, filters={"device": ("mobile", "tablet")})
    assert assign(phones, "u1", {"device": "tablet"}).variant
    assert assign(phones, "u1", {"device": "desktop"}).reason == "filter"
    assert assign(phones, "u1").reason == "filter"


def test_the_shared_vectors_hold():
    """Over HTTP and in JavaScript the same file is read: see tests/ui/for_shops and tests/js."""
    path = Path(__file__).parents[3] / "data" / "shop" / "assignment_vectors.json"
    vectors = json.loads(path.read_text("utf-8"))
    experiments = {e["id"]: Experiment.from_dict(e) for e in vectors["experiments"]}
    assert len(vectors["cases"]) == 640
    for name, unit, attributes, variant, reason in vectors["cases"]:
        assigned = assign(experiments[name], unit, attributes)
        got = assigned.variant.name if assigned.variant else None
        assert (got, assigned.reason) == (variant, reason), (name, unit, attributes)
    settings = {name: shop_settings(experiment) for name, experiment in experiments.items()}
    assert settings == vectors["settings"]
