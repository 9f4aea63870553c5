"""Write ``data/shop/assignment_vectors.json``: units, and the variants that they get everywhere.

Tests in Python, over HTTP and in JavaScript read this file; so may whoever assigns in another
language. A change of the file means that visitors change their variants in running experiments.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.experiments.assignment import assign  # noqa: E402
from core.experiments.model import Experiment, ExperimentKind, Variant  # noqa: E402
from core.experiments.shop_script import shop_settings  # noqa: E402

FILE = ROOT / "data" / "shop" / "assignment_vectors.json"
_TWO = (Variant("a"), Variant("b"))
_PLAIN = Experiment("plain", "Two equal variants", variants=_TWO, salt="plain")
_GROUP = replace(_PLAIN, group="search", holdout=0.15)
EXPERIMENTS = (
    _PLAIN,
    replace(
        _PLAIN, id="weights", salt="weights",
        variants=(Variant("a", weight=0.1), Variant("b", weight=0.2), Variant("ç", weight=0.7)),
    ),
    replace(_PLAIN, id="traffic", salt="Salz €", traffic=0.3),
    replace(_GROUP, id="first", salt="first", slot=(0.0, 0.4)),
    replace(_GROUP, id="second", salt="second", slot=(0.4, 1.0), traffic=0.5),
    replace(_PLAIN, id="holdout", salt="holdout", holdout=0.25),
    replace(
        _PLAIN, id="filters", salt="filters",
        filters={"device": ("mobile", "tablet"), "country": ("DE", "ÖS")},
    ),
    replace(_PLAIN, id="mixed", salt="mixed", kind=ExperimentKind.INTERLEAVING, traffic=0.6),
)  # fmt: skip
UNITS = (
    *("u", "u1", "u12", "u123", "u1234", "ü", "é1", "日本", "🛋️", "a b", "<x>", "x" * 200),
    *(f"{number * 2654435761 % 2**32}-{number}" for number in range(28)),
)
ATTRIBUTES: tuple[dict[str, str], ...] = (
    {"device": "mobile", "country": "DE"}, {"device": "desktop", "country": "ÖS"}
)  # fmt: skip


def vectors() -> dict[str, Any]:
    """Return the content of the file."""
    cases = []
    for experiment in EXPERIMENTS:
        for attributes in ATTRIBUTES:
            for unit in UNITS:
                assignment = assign(experiment, unit, attributes)
                variant = assignment.variant.name if assignment.variant else None
                cases.append([experiment.id, unit, attributes, variant, assignment.reason])
    return {
        "about": "Cases: experiment, unit, attributes, variant (null: takes no part), reason.",
        "experiments": [experiment.as_dict() for experiment in EXPERIMENTS],
        "settings": {experiment.id: shop_settings(experiment) for experiment in EXPERIMENTS},
        "cases": cases,
    }


def main() -> None:
    """Write the file."""
    text = json.dumps(vectors(), ensure_ascii=False, indent=None, separators=(",", ":"))
    FILE.write_text(text.replace('],["', '],\n["') + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
