"""Measure what the demo's recorded texts bring: the same tests with the rules' texts alone.

    python -m benchmarks.recorded_texts DIR [--out data/demo/texts.toml]

The demo is indexed twice below DIR: with the texts that a language model wrote beforehand, and with
rules for all items. The vectors of ``vl-clip`` are made anew both times, so that they differ by the
texts alone. Then the shipped judgment set is asked as the pages ask, and every item is looked for
by its own text (the ablation). ``--out`` writes the figures that Home shows.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from core.app.demo_measures import BEFORE_AFTER
from core.app.demo_texts import CLIP, PAIRS, RECORDED, RULES
from core.app.library import DEMO
from core.app.studio import Studio
from core.base.significance import compare
from core.domain import PairedTest, Report
from core.language.rewriters import RECORDING
from core.settings import SHIPPED, Settings, load_settings

_VECTORS = "demo/precomputed/vectors_vl-clip.parquet"
_JUDGED, _OWN = "ndcg@10", "mrr"

#: Tests and means by contender.
Figures = tuple[dict[str, float], dict[tuple[str, str], PairedTest]]


class LinkedSettings(Settings):
    """Settings whose shipped files are links beside the data directory."""

    @property
    def shipped(self) -> Path:
        """Folder of the links."""
        return self.data_dir.with_name(f"{self.data_dir.name}-shipped")


def link_shipped(folder: Path, left_out: Collection[str]) -> None:
    """Link all that ships into a folder, but for some files."""
    for path in SHIPPED.rglob("*"):
        name = path.relative_to(SHIPPED)
        if path.is_file() and name.as_posix() not in left_out and not (folder / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).symlink_to(path)


def indexed(folder: Path, left_out: Collection[str]) -> Studio:
    """Index the demo in a data directory, without some of the shipped files."""
    settings = LinkedSettings.model_validate(dict(load_settings(data_dir=folder)))
    link_shipped(settings.shipped, left_out)
    studio = Studio(settings)
    done = studio.indexing.index_demo(
        on_progress=lambda p: print(f"\r{folder.name}: {p.stage} {p.done}/{p.total} ", end="")
    )
    print(f"\r{folder.name}: {done.items} items, work done: {dict(done.per_stage)}")
    return studio


def judged_report(studio: Studio) -> Report:
    """Measure the engines on the shipped judgment set, ranked as the pages rank.

    Results that nobody has judged count as irrelevant.
    """
    set_id = studio.demo_judgments.set_id()
    return studio.judging.evaluate(set_id, BEFORE_AFTER, catalog=DEMO)


def paired(values: Mapping[str, Mapping[str, float]], name: str) -> Figures:
    """Return the means and the tests of the contenders' values by query id."""
    ids = sorted(set.intersection(*(set(by_query) for by_query in values.values())))
    samples = {
        contender: {name: np.array([by_query[i] for i in ids])}
        for contender, by_query in values.items()
    }
    tests = compare(samples, (name,), PAIRS, main=name)
    means = {contender: float(sample[name].mean()) for contender, sample in samples.items()}
    return means, {(test.first, test.second): test for test in tests}


def by_query(report: Report, engine: str) -> dict[str, float]:
    """Return an engine's value of the main measure by query id."""
    return {row.query_id: row.values[engine] for row in report.rows}


def show(title: str, figures: Figures, queries: int) -> None:
    """Print means and tests."""
    means, tests = figures
    print(f"{title} ({queries}): " + ", ".join(f"{n} {v:.3f}" for n, v in means.items()))
    for (first, second), test in tests.items():
        by = test.difference
        print(
            f"  {first} → {second}: {by.value:+.3f} [{by.low:+.3f}, {by.high:+.3f}], "
            f"p {test.p:.4f} (of three: {test.corrected:.4f})"
        )


def table(name: str, measure: str, report: Path, figures: Figures) -> str:
    """Return the figures as a table of a TOML file, with the shipped report that they belong to."""
    means, tests = figures
    report_id = json.loads(report.read_text("utf-8"))["report_id"]
    lines = [f"[{name}]", f'report = "{report_id}"', f'measure = "{measure}"']
    lines += [f"{contender} = {mean:.3f}" for contender, mean in means.items()]
    for (first, second), test in tests.items():
        by = test.difference
        lines.append(
            f"{first}_to_{second} = {{ difference = {by.value:.3f}, low = {by.low:.3f}, "
            f"high = {by.high:.3f}, p = {test.corrected:.4f} }}"
        )
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    studios = {
        RECORDED: indexed(given.folder / RECORDED, {_VECTORS}),
        RULES: indexed(given.folder / RULES, {_VECTORS, RECORDING}),
    }
    judged = {name: judged_report(studio) for name, studio in studios.items()}
    own = {
        name: studio.evaluation.run_task("ablation", BEFORE_AFTER, DEMO)
        for name, studio in studios.items()
    }
    plain, both = BEFORE_AFTER
    graded = {CLIP: by_query(judged[RECORDED], plain)} | {
        name: by_query(report, both) for name, report in judged.items()
    }
    kinds = {
        "items": {r.query_id for r in judged[RECORDED].rows if r.item_id},
        "pictures": {r.query_id for r in judged[RECORDED].rows if r.has_image},
    }
    kinds["words"] = set(graded[CLIP]) - kinds["items"] - kinds["pictures"]
    whole = paired(graded, _JUDGED)
    show("judgments, nDCG@10, all queries", whole, len(graded[CLIP]))
    by_kind = {}
    for name, ids in kinds.items():
        part = {
            who: {i: v for i, v in values.items() if i in ids} for who, values in graded.items()
        }
        by_kind[name] = paired(part, _JUDGED)
        show(f"judgments, nDCG@10, {name}", by_kind[name], len(ids))
    for name, report in judged.items():
        share = {entry.engine: entry.scores["judged@10"].value for entry in report.engines}
        print(f"  judged among the first ten, {name}: {share[both]:.3f} (clip {share[plain]:.3f})")
    texts = paired(
        {
            CLIP: by_query(own[RECORDED], "photo-title"),
            RECORDED: by_query(own[RECORDED], "crop-rewrite"),
            RULES: by_query(own[RULES], "crop-rewrite"),
        },
        _OWN,
    )
    show("own texts, MRR", texts, own[RECORDED].queries)
    print(f"load {os.getloadavg()[0]:.1f}")
    if given.out:
        given.out.write_text(file_text(whole, by_kind["words"], texts), "utf-8")


def file_text(judged: Figures, words: Figures, own: Figures) -> str:
    """Return the file of the figures that Home shows."""
    demo = SHIPPED / "demo"
    return "\n".join([
        "# What the texts bring that a language model wrote (recordings.jsonl), for Home.",
        "# Written by `python -m benchmarks.recorded_texts DIR --out FILE`, which",
        "# benchmarks/README.md describes; p is corrected for three tests.",
        "",
        table("judged", _JUDGED, demo / "judgments" / "report.json", judged),
        table("words", _JUDGED, demo / "judgments" / "report.json", words),
        table("own", _OWN, demo / "ablation.json", own),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
