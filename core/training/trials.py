"""Fine-tuning that answers a question and leaves no engine behind: ablation, transfer."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.domain import Report
from core.embedding.adapter import FILE, ImageAdapter
from core.embedding.text_tower import TextTower
from core.errors import TrainingError
from core.evaluation import ablation
from core.evaluation.ablation import CELLS, Cell, Contender, Stock
from core.evaluation.verbs import DEPTH
from core.library import Catalog, Library
from core.models import OWN_ENGINES, ModelRoom
from core.pipeline.models import EngineModel
from core.settings import Settings
from core.training.adapt import catalogue_pairs
from core.training.pairs import Pairs
from core.training.text_trainer import TextTrainer, TextTraining
from core.training.verbs import DEFAULTS

TRANSFER, TRANSFER_TITLE = "transfer", "Transfer: own words → its item, on a department left out"
#: A department with fewer items is not left out: too little to measure.
LEAST_LEFT_OUT = 30
_TUNED = "tuned"
_TUNED_HOW = (
    "Fine-tuned: an adapter behind the frozen image tower and the text tower, on {items} items of "
    "the training part and the combination's own words; the queries' items were not trained on."
)

Say = Callable[[str], None]


class TrialVerbs:
    """Trains for the sake of a comparison.

    Args:
        library: The catalogues.
        models: The models.
        settings: Data directory.
    """

    def __init__(self, library: Library, models: ModelRoom, settings: Settings) -> None:
        self._library, self._models = library, models
        self._root = settings.data_dir / OWN_ENGINES / ".trials"

    def ablation(
        self,
        engines: Sequence[str],
        catalog: str | None = None,
        *,
        options: TextTraining = DEFAULTS,
        depth: int = DEPTH,
        say: Say = lambda line: None,
    ) -> Report:
        """Neither, grounding, rewriting, both; each as it is and fine-tuned on its own pairs.

        All are measured on the items that no training saw. A killed run goes on with the
        combination, and the epoch, that it was at.

        Raises:
            EvaluationError: The engines are no such pair.
            TrainingError: There are too few items.
            EngineUnavailable, CatalogError, FingerprintMismatch: An engine can't be used.
        """
        started, where = time.perf_counter(), self._library.get(catalog)
        plain, full = ablation.engines_of([self._models.engine(name) for name in engines])
        own = ablation.stock(where, plain, full)
        split = _aligned(catalogue_pairs(where, plain), own)
        test = {key for key, side in zip(split.keys, split.splits, strict=True) if side == "test"}
        work = self._root / f"{where.name}-ablation"
        tuned = []
        for cell in CELLS:
            say(f"fine-tuning on {cell.image_view.value} and {cell.text_view.value}")
            pairs = _pairs_of(split, own, cell)
            tower, adapter = self._tuned(pairs, plain, options, work, say)
            tuned.append(_contender(cell, own, plain, tower, adapter))
        plainly = ablation.contenders(own, plain)
        asked = [query_id for query_id in sorted(own.qrels) if query_id in test]
        runs, inside = ablation.answered(own, [*plainly, *tuned], asked, depth)
        report = ablation.report(
            where, own, runs, asked, depth,
            pairs=[*_against_first(plainly), *_against_first(tuned),
                   *((a.name, b.name) for a, b in zip(plainly, tuned, strict=True))],
            kind="photo", parts=ablation.photo_kinds(where, own, asked),
            notes=(_TUNED_HOW.format(items=int((split.splits == "train").sum())),),
        )  # fmt: skip
        shutil.rmtree(work, ignore_errors=True)
        return replace(report, seconds=time.perf_counter() - started, encode_seconds=inside)

    def transfer(
        self,
        engines: Sequence[str],
        catalog: str | None = None,
        *,
        options: TextTraining = DEFAULTS,
        depth: int = DEPTH,
        say: Say = lambda line: None,
    ) -> Report:
        """Each department is left out of fine-tuning in turn and then measured on.

        The views are those of crops and rewrites (see ``ablation.engines_of``).

        Raises:
            EvaluationError: The engines are no such pair.
            TrainingError: The catalogue has no two departments, or too few items.
            EngineUnavailable, CatalogError, FingerprintMismatch: An engine can't be used.
        """
        started, where = time.perf_counter(), self._library.get(catalog)
        plain, full = ablation.engines_of([self._models.engine(name) for name in engines])
        own = ablation.stock(where, plain, full)
        cell = CELLS[-1]
        split = _pairs_of(_aligned(catalogue_pairs(where, plain), own), own, cell)
        work = self._root / f"{where.name}-transfer"
        asked, parts = _left_out(own, where)
        runs, inside = ablation.answered(own, ablation.contenders(own, plain)[-1:], asked, depth)
        found: dict[str, list[tuple[str, float]]] = {}
        for name in sorted(set(parts.values())):
            say(f"fine-tuning without {name}")
            pairs = _without(split, {i for i in own.ids if own.items[i].department == name})
            tower, adapter = self._tuned(pairs, plain, options, work, say)
            after = _contender(cell, own, plain, tower, adapter)
            mine = [query_id for query_id in asked if parts[query_id] == name]
            (tuned,), seconds = ablation.answered(own, [after], mine, depth)
            found |= tuned.run
            inside += seconds
        yardstick, other = replace(runs[0], title="Not fine-tuned"), replace(
            runs[0], engine="left-out", title="Fine-tuned on the other departments", run=found
        )  # fmt: skip
        report = ablation.report(
            where, own, [yardstick, other], asked, depth,
            pairs=[(yardstick.engine, other.engine)], kind="left out", parts=parts,
            notes=("Crops and rewrites. Each department's queries go to a model whose fine-tuning "
                   "saw no item of it, nor any that shares a title, photo or group with one.",),
            task=TRANSFER, title=TRANSFER_TITLE,
        )  # fmt: skip
        shutil.rmtree(work, ignore_errors=True)
        return replace(report, seconds=time.perf_counter() - started, encode_seconds=inside)

    def _tuned(
        self, pairs: Pairs, model: EngineModel, options: TextTraining, work: Path, say: Say
    ) -> tuple[TextTower, ImageAdapter]:
        """Fine-tune; what was finished before is read back."""
        digest = hashlib.sha256(repr((model.fingerprint, options, pairs.keys)).encode())
        digest.update(repr((pairs.texts, pairs.splits.tolist())).encode())
        digest.update(pairs.vectors.tobytes())
        folder = work / digest.hexdigest()[:16]
        if not (folder / FILE).is_file():
            origin = self._models.weights.path("text-tower")
            tower, adapter = TextTower.load(origin), ImageAdapter(model.encoder.dim)
            state = folder / "state"
            tower = TextTrainer(tower, pairs, options, state, say, adapter).run()
            tower.save(folder, origin / "tokenizer.json")
            adapter.save(folder)
            shutil.rmtree(state)
        return TextTower.load(folder), ImageAdapter.load(folder)


def _aligned(pairs: Pairs, own: Stock) -> Pairs:
    """The pairs of items that are in stock."""
    known = set(own.ids)
    return pairs.take(np.array([key in known for key in pairs.keys]))


def _pairs_of(split: Pairs, own: Stock, cell: Cell) -> Pairs:
    """The combination's pictures with its words."""
    row = {item_id: number for number, item_id in enumerate(own.ids)}
    words = own.words[cell.text_view]
    return replace(
        split,
        texts=[[words[key]] for key in split.keys],
        vectors=own.pictures[cell.image_view][[row[key] for key in split.keys]],
    )


def _without(split: Pairs, left_out: set[str]) -> Pairs:
    """Everything trains, but validation and what is left out; families stay on one side."""
    gone = {g for g, key in zip(split.groups, split.keys, strict=True) if key in left_out}
    sides = [
        "test" if group in gone else "val" if side == "val" else "train"
        for group, side in zip(split.groups, split.splits, strict=True)
    ]
    pairs = replace(split, splits=np.array(sides))
    pairs.check()
    return pairs


def _left_out(own: Stock, where: Catalog) -> tuple[list[str], dict[str, str]]:
    """Queries of the departments that can be left out, and the department of each."""
    counts: dict[str, int] = {}
    for item in own.items.values():
        counts[item.department] = counts.get(item.department, 0) + 1
    names = {name for name, count in counts.items() if name and count >= LEAST_LEFT_OUT}
    if len(names) < 2:
        raise TrainingError(
            f"The catalogue “{where.name}” needs two departments with {LEAST_LEFT_OUT} items each."
        )
    parts = {i: own.items[i].department for i in own.qrels if own.items[i].department in names}
    return sorted(parts), parts


def _contender(
    cell: Cell, own: Stock, model: EngineModel, tower: TextTower, adapter: ImageAdapter
) -> Contender:
    return Contender(
        f"{cell.name}-{_TUNED}",
        f"{cell.title}, fine-tuned",
        model.fingerprint,
        cell.text_view,
        adapter.apply_to(own.pictures[cell.image_view]),
        tower.encode,
    )


def _against_first(taking_part: Sequence[Contender]) -> list[tuple[str, str]]:
    return [(taking_part[0].name, one.name) for one in taking_part[1:]]
