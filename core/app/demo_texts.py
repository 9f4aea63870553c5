"""Who wrote the demo's texts, and what the rules alone reach: ``studio.demo_texts()``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

#: File among what ships.
FILE = "demo/texts.toml"


@dataclass(frozen=True, slots=True)
class DemoTexts:
    """The authors of the demo's texts.

    Attributes:
        recorded: Number of texts that a language model wrote beforehand; rules wrote the others.
        report: Id of the shipped ablation, which was measured with all these texts.
        rules_score: MRR of VL-CLIP in that ablation where the rules wrote all texts.
    """

    recorded: int
    report: str
    rules_score: float


def read_demo_texts(path: Path, recorded: int) -> DemoTexts:
    """Read the shipped figure.

    Args:
        path: The file.
        recorded: Number of recorded texts.
    """
    table = tomllib.loads(path.read_text("utf-8"))
    return DemoTexts(recorded, table["report"], table["rules_score"]["value"])
