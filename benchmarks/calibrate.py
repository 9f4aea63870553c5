"""Fit the weights of search and test them on catalogues that they were not fitted on.

    python -m benchmarks.calibrate FOLDER [--write] [--only NAME …] [--kinds KIND …] [--asked 60]

FOLDER was made by `benchmarks/pools.py`. Learns the probability that a candidate is a right answer
from pairs known to match or not: an item's title and the item, a product type and its items, a
photo and its product; and titles, types and photos of other catalogues, for which nothing here is
right. Then asks `queries/presence.toml` of each catalogue with weights and thresholds of the
others. `--write` fits on all of them and writes `data/calibration/search.toml`; with `--kinds`
only the weights of these kinds of queries, and the others stay as they are.
"""

from __future__ import annotations

import argparse
import pickle
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from benchmarks.calibration_queries import ASKED, RANKING, Asked, asked_all
from benchmarks.pools import NAMES
from benchmarks.shelves import ENGINES
from core.app.models import ModelPool
from core.settings import SHIPPED, load_settings

TARGET = SHIPPED / "calibration" / "search.toml"
#: Kinds of queries, each with weights of its own.
KINDS = ("words", "vector", "picture", "item")
#: Groups of queries for training, and whether there is a right answer.
RIGHT = {
    "present": True, "absent": False, "title": True, "type": True, "blind": True,
    "foreign": False, "picture shop": True, "picture type": True, "picture foreign": False,
    "item type": True,
}  # fmt: skip
#: Groups of queries that people wrote.
BY_HAND = ("present", "absent")
#: Features of each probability, by kind of query.
PHOTO = ("bias", "z")
SAID = ("bias", "cover", "exact", "named")
BOTH = ("bias", "cover", "exact", "named", "text", "z_exact", "z_other")
ALONE = ("bias", "z", "text")
#: The same for a picture with words, half as much for the words: not measured.
MIXED = {name: weight if name == "z" else weight / 2 for name, weight in RANKING.items()}
#: Largest share of present queries of the fitted catalogues with "no close match".
MAY_MISS = 0.035
#: Largest share of right answers of the fitted catalogues that the cut-off hides.
MAY_CUT = 0.005


@dataclass(frozen=True)
class Fit:
    """Weights of one probability."""

    names: tuple[str, ...]
    weights: np.ndarray

    def __call__(self, asked: Asked) -> np.ndarray:
        matrix = np.stack([asked.table[name] for name in self.names], 1)
        return np.asarray(1 / (1 + np.exp(-np.clip(matrix @ self.weights, -30, 30))))


def fitted(asked: Sequence[Asked], names: tuple[str, ...]) -> Fit:
    """Fit one probability on the first candidate of each query; only the bias may be negative.

    The queries written by hand have the largest weight, because people search like that.
    """
    rows, marks, weights = [], [], []
    for example in asked:
        label = RIGHT.get(example.group)
        if label is None:
            continue
        rows.append([example.table[name][0] for name in names])
        marks.append(label if example.group in BY_HAND else bool(example.right[0]))
        weights.append(1.0 if example.group in BY_HAND else 0.1)
    matrix, right, weight = np.array(rows), np.array(marks, float), np.array(weights)

    def loss(w: np.ndarray) -> float:
        logit = matrix @ w
        errors = np.logaddexp(0, logit) - right * logit
        return float((weight * errors).sum() + 0.15 * (w[1:] ** 2).sum())

    bounds = [(None, None)] + [(0, None)] * (len(names) - 1)
    return Fit(names, minimize(loss, np.zeros(len(names)), bounds=bounds).x)


def close_limits(asked: Sequence[Asked], fit: Fit) -> tuple[float, float]:
    """Return the smallest probability of a close match, and that for a query of unknown words."""
    best: dict[bool, list[float]] = {True: [], False: []}
    for question in asked:
        if question.group == "present" and question.has_known_words:
            best[True].append(fit(question).max())
        if not question.has_known_words and question.group in ("nonsense", "absent", "foreign"):
            best[False].append(fit(question).max())
    close = float(np.quantile(best[True], MAY_MISS)) if best[True] else 0.0
    unknown = max(best[False], default=0.0) * 1.1
    return close, min(max(unknown, close), 0.999)


def nonsense_limit(asked: Sequence[Asked], fit: Fit) -> float:
    """Return the probability that nearly no nonsense reaches."""
    best = [fit(question).max() for question in asked if question.group == "nonsense"]
    return float(np.quantile(best, 0.97)) if best else 0.0


def cut_limit(asked: Sequence[Asked], fit: Fit) -> float:
    """Return the probability that all but a few right answers of titles reach."""
    own = [
        fit(question)[question.own]
        for question in asked
        if question.group == "title" and question.own >= 0
    ]
    close, _ = close_limits(asked, fit)
    return min(float(np.quantile(own, MAY_CUT)) if own else 0.0, close)


def say(
    asked: Sequence[Asked], fit: Fit, limits: tuple[float, float], cut: float
) -> dict[str, list[float]]:
    """Return per group and query 1 if there is "no close match" or a hidden answer."""
    answers: dict[str, list[float]] = {}
    for question in asked:
        likely = fit(question).max()
        none = likely < (limits[0] if question.has_known_words else limits[1])
        answers.setdefault(question.group, []).append(float(none))
        if question.group == "title":
            hidden = question.own < 0 or (not none and fit(question)[question.own] < cut)
            answers.setdefault("own hidden", []).append(float(hidden))
    return answers


def main() -> None:
    """Fit, test leaving each catalogue out, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*", choices=NAMES, default=[])
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=KINDS)
    parser.add_argument("--asked", type=int, default=ASKED, help="Titles and types per catalogue.")
    parser.add_argument(
        "--keep-strengths", action="store_true",
        help="Write what is close and what is hidden; “strong”, “fair” and “weak” stay.",
    )  # fmt: skip
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--again", action="store_true", help="Fit the candidates of the last run.")
    given = parser.parse_args()
    print("python -m benchmarks.calibrate", *sys.argv[1:], f"({platform.machine()})")
    encoder = ModelPool(load_settings(data_dir=given.folder)).engine("clip").encoder
    names = [n for n in given.only or NAMES if (given.folder / "catalogs" / n).is_dir()]
    kept = given.folder / "asked.pickle"
    if given.again:
        asked, pictures = pickle.loads(kept.read_bytes())  # noqa: S301 - our own
    else:
        with_pictures = "picture" in given.kinds or "item" in given.kinds
        asked, pictures = asked_all(
            given.folder, names, encoder, given.asked, with_pictures=with_pictures
        )
        kept.write_bytes(pickle.dumps((asked, pictures)))
    test(asked, names)
    if pictures:
        test_pictures(pictures, names)
    if given.write:
        made = written(
            asked, pictures, encoder.fingerprint, given.kinds, keep_strengths=given.keep_strengths
        )
        TARGET.write_text(made, "utf-8")


def test(asked: Sequence[Asked], names: Sequence[str]) -> None:
    """Print the results, leaving each catalogue out in turn."""
    for engine in ENGINES:
        total: dict[str, list[float]] = {}
        mine = [question for question in asked if question.engine == engine]
        for name in names:
            others = [question for question in mine if question.catalog != name]
            fit = fitted(others, BOTH)
            own = [question for question in mine if question.catalog == name]
            answers = say(own, fit, close_limits(others, fit), cut_limit(others, fit))
            print(f"{engine:8s} {name:8s}", _line(answers))
            for group, values in answers.items():
                total.setdefault(group, []).extend(values)
        print(f"{engine:8s} {'all':8s}", _line(total), flush=True)


def test_pictures(asked: Sequence[Asked], names: Sequence[str]) -> None:
    """Print the results for photos, leaving each catalogue out in turn."""
    for engine in ENGINES:
        total: dict[str, list[float]] = {}
        mine = [
            question
            for question in asked
            if question.engine == engine and question.group.startswith("picture")
        ]
        for name in names:
            others = [question for question in mine if question.catalog != name]
            fit = fitted(others, PHOTO)
            best = [
                fit(question).max() for question in others if question.group != "picture foreign"
            ]
            limit = float(np.quantile(best, MAY_MISS))
            answers = say(
                [question for question in mine if question.catalog == name],
                fit,
                (limit, limit),
                0.0,
            )
            for group, values in answers.items():
                total.setdefault(group, []).extend(values)
        print(f"{engine:8s} pictures", _line(total), flush=True)


def _line(answers: Mapping[str, Sequence[float]]) -> str:
    return "  ".join(f"{g} {np.mean(v):.3f} of {len(v)}" for g, v in answers.items())


def written(
    asked: Sequence[Asked],
    pictures: Sequence[Asked],
    fingerprint: str,
    kinds: Sequence[str] = KINDS,
    *,
    keep_strengths: bool = False,
) -> str:
    """Return the file of weights, fitted on all catalogues; other kinds stay as they are."""
    stored = _sections(TARGET.read_text("utf-8"))
    lines = [
        "# Weights of search, written by `python -m benchmarks.calibrate`; don't edit.",
        f'fitted_for = "{fingerprint}"',
    ]
    for engine in ("default", *ENGINES):
        mine = [question for question in asked if engine in ("default", question.engine)]
        for kind, names in (("words", BOTH), ("vector", ALONE)):
            if kind not in kinds:
                lines += stored[f"{kind}.{engine}"]
                continue
            fit = fitted(mine, names)
            limits, cut = close_limits(mine, fit), cut_limit(mine, fit)
            if kind == "vector":  # of words in other languages, few are on any list
                limits = limits[0], max(limits[0], nonsense_limit(mine, fit))
            lines += [f"\n[scales.{kind}.{engine}]"]
            strengths = [f"photo = {_fit(fitted(mine, PHOTO))}"]
            if kind == "words":
                lines += [f"ranking = {_table(RANKING)}"]
                strengths += [f"words = {_fit(fitted(mine, SAID))}"]
            if keep_strengths:
                old = "\n".join(stored[f"{kind}.{engine}"]).splitlines()
                strengths = [line for line in old if line.startswith(("photo =", "words ="))]
            lines += [
                f"close = {limits[0]:.4f}", f"close_unknown = {limits[1]:.4f}", f"cut = {cut:.4f}",
                *strengths, f"both = {_fit(fit)}",
            ]  # fmt: skip
        seen = [question for question in pictures if engine in ("default", question.engine)]
        for kind in ("picture", "item"):
            if kind not in kinds:
                lines += stored[f"{kind}.{engine}"]
                continue
            fit = fitted(seen, PHOTO)
            best = [
                fit(question).max()
                for question in seen
                if question.group.startswith(kind) and question.right.any()
            ]
            limit = float(np.quantile(best, MAY_MISS))
            lines += [f"\n[scales.{kind}.{engine}]", f"ranking = {_table(MIXED)}"]
            lines += [
                f"close = {limit:.4f}", f"cut = {limit / 2:.4f}",
                f"photo = {_fit(fit)}", f"both = {_fit(fit)}",
            ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _sections(text: str) -> dict[str, list[str]]:
    """Return the lines of each section of a file of weights, by its name without ``scales.``."""
    parts = text.split("\n[scales.")[1:]
    return {part.partition("]")[0]: [f"\n[scales.{part.strip()}"] for part in parts}


def _fit(fit: Fit) -> str:
    return _table(dict(zip(fit.names, fit.weights.tolist(), strict=True)))


def _table(values: Mapping[str, float]) -> str:
    return "{ " + ", ".join(f"{name} = {value:.4f}" for name, value in values.items()) + " }"


if __name__ == "__main__":
    main()
