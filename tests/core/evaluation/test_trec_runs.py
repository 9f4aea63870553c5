"""A run that is written gives the same figures in trec_eval, which holds scores in 32 bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pytrec_eval

from core.evaluation.measures import per_query
from core.evaluation.trec import read_run, write_run

NAMES = {"ndcg@10": "ndcg_cut_10", "mrr": "recip_rank", "map": "map", "p@10": "P_10"}


@pytest.mark.parametrize("scores", ["tied", "close", "rising", "minus"])
def test_order_survives_in_32_bits(tmp_path: Path, scores: str) -> None:
    rng = np.random.default_rng(3)
    given = {
        "tied": np.full(100, 0.5), "close": 0.7 - np.arange(100) * 1e-10,
        "rising": np.linspace(0.1, 0.9, 100), "minus": -np.arange(100) * 1e-12 - 3.0,
    }[scores]  # fmt: skip
    items = [str(item) for item in rng.permutation([f"i{n}" for n in range(100)])]
    run = {"q": [(item, float(score)) for item, score in zip(items, given, strict=True)]}
    qrels = {
        "q": {item: int(grade) for item, grade in zip(items, rng.integers(0, 4, 100), strict=True)}
    }
    write_run(run, tmp_path / "a.run", "a")
    written: dict[str, float] = {}
    for line in (tmp_path / "a.run").read_text().splitlines():
        _, _, item, _, score, _ = line.split()
        written[item] = float(score)
    other = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut", "recip_rank", "map", "P"})
    figures = other.evaluate({"q": written})["q"]
    own = per_query(run, qrels, list(NAMES))
    for name, key in NAMES.items():
        assert own[name]["q"] == pytest.approx(figures[key])
    assert [item for item, _ in read_run(tmp_path / "a.run")["q"]] == items
