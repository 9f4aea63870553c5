"""The script for a shop's pages (``data/shop``), with the experiments that run."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from core.experiments.model import Experiment, ExperimentKind

_FILE = Path(__file__).parents[2] / "data" / "shop" / "shop.min.js"
#: Where a page that loads the script sends its events: beside the script, with the same token.
_BESIDE = 'document.currentScript.src.replace("shop.js","events")'


def shop_script(experiments: Iterable[Experiment], url: str = "") -> str:
    """Return the script, which makes the global ``vlclip``.

    Args:
        experiments: The experiments that run.
        url: Where events go; empty: the page loads the script from the studio, which is asked.
    """
    address = _literal(url) if url else _BESIDE
    settings = _literal({e.id: shop_settings(e) for e in experiments})
    return f"vlclip=({_code()})({{url:{address},experiments:{settings}}});\n"


def shop_settings(experiment: Experiment) -> dict[str, Any]:
    """Return what the script needs to assign visitors, as JSON has it."""
    # Each list of interleaving mixes all variants; its visitors count for the baseline.
    mixed = experiment.kind is ExperimentKind.INTERLEAVING
    variants = (experiment.baseline,) if mixed else experiment.variants
    return {
        "salt": experiment.salt,
        "group": experiment.group,
        "slot": list(experiment.slot),
        "holdout": experiment.holdout,
        "traffic": experiment.traffic,
        "filters": {column: list(values) for column, values in experiment.filters.items()},
        "variants": [[variant.name, variant.weight] for variant in variants],
    }


def _literal(value: object) -> str:
    """Return a value as JavaScript, also safe inside a ``script`` element."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


@cache
def _code() -> str:
    return _FILE.read_text(encoding="utf-8").strip()
