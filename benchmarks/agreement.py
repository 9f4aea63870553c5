"""Compare the agreement of three raters, by our code and directly by the libraries.

python -m benchmarks.agreement RATINGS.csv

The file has the columns query, docid, agent_1_rating, agent_2_rating, agent_3_rating.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime

import numpy as np
import pandas as pd
from sklearn.metrics import cohen_kappa_score

from core.domain import EventKind, JudgmentEvent
from core.judging.aggregation import RULES, aggregate
from core.judging.agreement import agreement

RATERS = ("agent_1_rating", "agent_2_rating", "agent_3_rating")


def alpha_ordinal(table: np.ndarray) -> float:
    """Krippendorff's ordinal α from its definition, as an independent check (complete ratings)."""
    raters, units = table.shape
    values = np.unique(table)
    counts = np.stack([(table == value).sum(axis=0) for value in values])
    total = counts.sum(axis=1)
    steps = np.cumsum(total) - total / 2
    distance = (steps[:, None] - steps[None, :]) ** 2
    pairs = counts @ counts.T - np.diag(total)
    observed = (pairs * distance).sum() / (raters - 1)
    n = raters * units
    expected = (np.outer(total, total) * distance).sum() / (n - 1)
    return float(1 - observed / expected)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ratings")
    table = pd.read_csv(parser.parse_args().ratings, dtype=str, keep_default_na=False)
    at = datetime.now(UTC)
    events = [
        JudgmentEvent(
            f"{rater}-{number}", EventKind.GRADE, "icecat", row["query"], row["docid"], rater,
            int(float(row[rater])), "", at, 0.0,
        )
        for number, row in enumerate(table.to_dict("records"))
        for rater in RATERS
        if row[rater]
    ]  # fmt: skip
    started = time.perf_counter()
    agreed = agreement(events)
    print(f"{len(events)} grades, {agreed.judged} pairs, {agreed.overlapping} with two or more")
    print(f"percent agreement {agreed.percent:.4f}   ({time.perf_counter() - started:.2f} s)")
    print(f"Krippendorff's α (ordinal) {agreed.alpha:.6f}")
    unique = table.drop_duplicates(["query", "docid"], keep="last")
    complete = unique[(unique[list(RATERS)] != "").all(axis=1)]
    grades = complete[list(RATERS)].astype(float).to_numpy().T
    print(f"  from its definition, {grades.shape[1]} complete pairs: {alpha_ordinal(grades):.6f}")
    for couple in agreed.couples:
        print(f"{couple.first} / {couple.second}: κ {couple.kappa:.4f}, same {couple.percent:.4f}")
    check = cohen_kappa_score(grades[0], grades[1], weights="quadratic")
    print(f"  scikit-learn on the first two: {check:.4f}")
    final = dict(zip(zip(table["query"], table["docid"], strict=True),
                     table["final_rating"].astype(float), strict=True))  # fmt: skip
    for rule in RULES:
        made = aggregate(events, rule)
        same = np.mean([made[pair] == final[pair] for pair in made])
        print(f"rule {rule}: equals the published final grade for {same:.4f}")


if __name__ == "__main__":
    main()
