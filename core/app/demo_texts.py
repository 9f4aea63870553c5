"""Who wrote the demo's texts, and what the rules alone reach: ``studio.demo_texts()``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.domain import PairedTest, Score

#: File among what ships; ``python -m benchmarks.recorded_texts`` writes it.
FILE = "demo/texts.toml"
#: What is compared: CLIP, VL-CLIP with the rules' texts alone, VL-CLIP with the recorded ones, too.
CLIP, RULES, RECORDED = "clip", "rules", "recorded"
PAIRS = ((CLIP, RULES), (RULES, RECORDED), (CLIP, RECORDED))


@dataclass(frozen=True, slots=True)
class TextComparison:
    """One test with the rules' texts alone and with the recorded ones, too.

    Attributes:
        report: Id of the shipped report on the same test.
        scores: Mean by contender, from 0 to 1.
        tests: Paired test by pair; p is corrected for their number.
    """

    report: str
    scores: Mapping[str, float]
    tests: Mapping[tuple[str, str], PairedTest]


@dataclass(frozen=True, slots=True)
class DemoTexts:
    """The authors of the demo's texts, and what their texts bring.

    Attributes:
        recorded: Number of texts that a language model wrote beforehand; rules wrote the others.
        judged: nDCG@10 over the demo's judgment set.
        words: The same of its queries in words alone.
        own: MRR of the ablation, where each engine looks for an item by its own text.
    """

    recorded: int
    judged: TextComparison
    words: TextComparison
    own: TextComparison


def read_demo_texts(path: Path, recorded: int) -> DemoTexts:
    """Read the shipped figures.

    Args:
        path: The file.
        recorded: Number of recorded texts.
    """
    table = tomllib.loads(path.read_text("utf-8"))
    return DemoTexts(recorded, *(_comparison(table[name]) for name in ("judged", "words", "own")))


def _comparison(table: Mapping[str, Any]) -> TextComparison:
    tests = {}
    for first, second in PAIRS:
        test = table[f"{first}_to_{second}"]
        difference = Score(test["difference"], test["low"], test["high"])
        paired = PairedTest(table["measure"], first, second, difference, test["p"], test["p"])
        tests[first, second] = paired
    return TextComparison(
        table["report"], {name: table[name] for name in (CLIP, RULES, RECORDED)}, tests
    )
