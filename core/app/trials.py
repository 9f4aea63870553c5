"""Comparisons with fine-tuning that keep no engine: ablation, transfer."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.app import ablation
from core.app.ablation import CELLS, Cell, Contender, Stock
from core.app.adapter_training import DEFAULTS
from core.app.catalog_pairs import catalog_pairs
from core.app.evaluating import DEPTH
from core.app.library import Catalog, Library
from core.app.models import OWN_ENGINES, ModelPool
from core.base.locks import START, file_lock
from core.domain import OnProgress, Progress, Report, no_progress
from core.embedding.adapter import FILE, ImageAdapter
from core.embedding.loaders import takes_adapter
from core.embedding.text_tower import TextTower
from core.errors import EvaluationStopped, TrainingError, TrainingStopped
from core.evaluation.departments import (
    FIFTHS,
    LEAST_LEFT_OUT,
    TRANSFER,
    TRANSFER_TITLE,
    TRANSFER_TYPES,
    TYPES_TITLE,
    parts_of,
)
from core.ports.engines import EngineModel
from core.settings import Settings
from core.training.pairs import Pairs
from core.training.text_trainer import TextTrainer, TextTraining
from core.training.training_loop import OnStep

_TUNED = "tuned"
_PARTS = {TRANSFER: "departments", TRANSFER_TYPES: "product types"}
_TUNED_HOW = (
    "Fine-tuned: an adapter behind the frozen image tower and the text tower, on {items} items of "
    "the training part and the combination's own words; the queries' items were not trained on."
)

_KEPT = "What is fine-tuned so far is kept, and the next one goes on from there."

Say = Callable[[str], None]


class TrialService:
    """Runs comparisons that need fine-tuning.

    Args:
        library: The catalogues.
        models: The models.
        settings: Data directory and profile.
    """

    def __init__(self, library: Library, models: ModelPool, settings: Settings) -> None:
        self._library, self._models, self._settings = library, models, settings
        self._root = settings.data_dir / OWN_ENGINES / ".trials"

    def ablation(
        self,
        engines: Sequence[str],
        catalog: str | None = None,
        *,
        options: TextTraining = DEFAULTS,
        depth: int = DEPTH,
        say: Say = lambda line: None,
        on_progress: OnProgress = no_progress,
    ) -> Report:
        """Compare neither, grounding, rewriting and both, each without and with fine-tuning.

        All are measured on items that no training used. A killed run resumes at its combination
        and epoch.

        Raises:
            EvaluationError: The engines are not the required pair.
            TrainingError: There are too few items.
            EvaluationStopped: ``on_progress`` raised it; finished models are kept for a next run.
            EngineUnavailable, CatalogError, FingerprintMismatch: An engine can't be used.
        """
        with self._alone():
            return self._ablation(engines, catalog, options, depth, say, on_progress)

    def _ablation(
        self, engines: Sequence[str], catalog: str | None, options: TextTraining, depth: int,
        say: Say, tell: OnProgress,
    ) -> Report:  # fmt: skip
        started, opened_catalog = time.perf_counter(), self._library.get(catalog)
        plain, own, split = self._parts(engines, opened_catalog)
        test = {key for key, side in zip(split.keys, split.splits, strict=True) if side == "test"}
        work = self._root / f"{opened_catalog.name}-ablation"
        tuned = []
        for number, cell in enumerate(CELLS):
            about = f"fine-tuning on {cell.image_view.value} and {cell.text_view.value}"
            say(about)
            pairs = _pairs_of(split, own, cell)
            on_step = _steps(tell, number, len(CELLS), about)
            tower, adapter = self._tuned(pairs, plain, options, work, say, on_step)
            tuned.append(_contender(cell, own, plain, tower, adapter))
        plainly = ablation.contenders(own, plain)
        asked = [query_id for query_id in sorted(own.qrels) if query_id in test]
        runs, inside = ablation.answered(own, [*plainly, *tuned], asked, depth, tell)
        report = ablation.report(
            opened_catalog, own, runs, asked, depth,
            pairs=[*_against_first(plainly), *_against_first(tuned),
                   *((a.name, b.name) for a, b in zip(plainly, tuned, strict=True))],
            kind="photo", parts=ablation.photo_kinds(opened_catalog, own, asked, tell),
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
        on_progress: OnProgress = no_progress,
        task: str = TRANSFER,
    ) -> Report:
        """Leave a part of the catalogue out of fine-tuning, measure on it; each part in turn.

        The parts are departments, or with ``task="transfer-types"`` fifths of the product types.

        The views are crops and rewrites (see ``ablation.engines_of``).

        Raises:
            EvaluationError: The engines are not the required pair.
            TrainingError: The catalogue has no such parts, or too few items.
            EvaluationStopped: As for ``ablation``.
            EngineUnavailable, CatalogError, FingerprintMismatch: An engine can't be used.
        """
        with self._alone():
            return self._transfer(engines, catalog, task, options, depth, say, on_progress)

    def _transfer(
        self, engines: Sequence[str], catalog: str | None, task: str, options: TextTraining,
        depth: int, say: Say, tell: OnProgress,
    ) -> Report:  # fmt: skip
        started, opened_catalog = time.perf_counter(), self._library.get(catalog)
        plain, own, aligned = self._parts(engines, opened_catalog)
        cell = CELLS[-1]
        split = _pairs_of(aligned, own, cell)
        work = self._root / f"{opened_catalog.name}-transfer"
        of_item = parts_of(own.items, task)
        asked, parts = _left_out(own, of_item, opened_catalog, task)
        runs, inside = ablation.answered(own, ablation.contenders(own, plain)[-1:], asked, depth)
        run: dict[str, list[tuple[str, float]]] = {}
        names = sorted(set(parts.values()))
        for number, name in enumerate(names):
            about = f"fine-tuning without {name}"
            say(about)
            on_step = _steps(tell, number, len(names), about)
            pairs = _without(split, {i for i in own.ids if of_item.get(i) == name})
            tower, adapter = self._tuned(pairs, plain, options, work, say, on_step)
            after = _contender(cell, own, plain, tower, adapter)
            queries = [query_id for query_id in asked if parts[query_id] == name]
            (tuned,), seconds = ablation.answered(own, [after], queries, depth)
            run |= tuned.run
            inside += seconds
        baseline, other = replace(runs[0], title="Not fine-tuned"), replace(
            runs[0], engine="left-out", title=f"Fine-tuned on the other {_PARTS[task]}", run=run
        )  # fmt: skip
        report = ablation.report(
            opened_catalog, own, [baseline, other], asked, depth,
            pairs=[(baseline.engine, other.engine)], kind="left out", parts=parts,
            notes=(f"Crops and rewrites. Queries on {_PARTS[task]} go to a model whose fine-tuning "
                   "saw no item of them, nor any that shares a title, photo or group with one.",),
            task=task, title=TYPES_TITLE if task == TRANSFER_TYPES else TRANSFER_TITLE,
        )  # fmt: skip
        shutil.rmtree(work, ignore_errors=True)
        return replace(report, seconds=time.perf_counter() - started, encode_seconds=inside)

    def _pair(self, engines: Sequence[str]) -> tuple[EngineModel, EngineModel]:
        """Return the two engines to compare; both must have the compact towers."""
        plain, full = ablation.engines_of([self._models.engine(name) for name in engines])
        if not takes_adapter(self._settings.towers(plain.engine)):
            raise TrainingError(
                "Fine-tuning for a comparison starts from the compact towers: take clip and "
                "vl-clip, in the compact profile."
            )
        return plain, full

    def _parts(self, engines: Sequence[str], catalog: Catalog) -> tuple[EngineModel, Stock, Pairs]:
        """Return the engine without the method, stored vectors, and pairs in their order."""
        plain, full = self._pair(engines)
        own = ablation.stock(catalog, plain, full)
        return plain, own, _aligned(catalog_pairs(catalog, plain), own)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold a lock, so that one comparison runs at a time: all share the same folders."""
        busy = "A comparison with fine-tuning is running already. Wait until that is done."
        with file_lock(self._root / ".lock", START, busy, error=TrainingError):
            yield

    def _tuned(
        self, pairs: Pairs, model: EngineModel, options: TextTraining, work: Path, say: Say,
        on_step: OnStep,
    ) -> tuple[TextTower, ImageAdapter]:  # fmt: skip
        """Fine-tune, or load the model if the same fine-tuning was finished before."""
        digest = hashlib.sha256(repr((model.fingerprint, options, pairs.keys)).encode())
        digest.update(repr((pairs.texts, pairs.splits.tolist())).encode())
        digest.update(pairs.vectors.tobytes())
        folder = work / digest.hexdigest()[:16]
        if not (folder / FILE).is_file():
            origin = self._models.weights.path("text-tower")
            tower, adapter = TextTower.load(origin), ImageAdapter(model.encoder.dim)
            state = folder / "state"
            try:
                tower = TextTrainer(tower, pairs, options, state, say, adapter, on_step).run()
            except TrainingStopped:
                raise EvaluationStopped(_KEPT) from None
            tower.save(folder, origin / "tokenizer.json")
            adapter.save(folder)
            shutil.rmtree(state)
        return TextTower.load(folder), ImageAdapter.load(folder)


def _steps(tell: OnProgress, number: int, count: int, about: str) -> OnStep:
    """Return a step callback that reports one fine-tuning of several as a part of all."""

    def on_step(done: int, total: int) -> bool:
        try:
            message = f"{number + 1} of {count}, {about}"
            tell(Progress("fine-tuning", number * total + done, count * total, message))
        except EvaluationStopped:
            return True
        return False

    return on_step


def _aligned(pairs: Pairs, own: Stock) -> Pairs:
    """Return the pairs whose items are in ``own``."""
    in_stock = set(own.ids)
    return pairs.take(np.array([key in in_stock for key in pairs.keys]))


def _pairs_of(split: Pairs, own: Stock, cell: Cell) -> Pairs:
    """Return the combination's picture vectors with its texts."""
    row = {item_id: number for number, item_id in enumerate(own.ids)}
    words = own.words[cell.text_view]
    return replace(
        split,
        texts=[[words[key]] for key in split.keys],
        vectors=own.pictures[cell.image_view][[row[key] for key in split.keys]],
    )


def _without(split: Pairs, left_out: set[str]) -> Pairs:
    """Train on all pairs except validation and ``left_out``; groups are never divided."""
    held_out = {g for g, key in zip(split.groups, split.keys, strict=True) if key in left_out}
    sides = [
        "test" if group in held_out else "val" if side == "val" else "train"
        for group, side in zip(split.groups, split.splits, strict=True)
    ]
    pairs = replace(split, splits=np.array(sides))
    pairs.check()
    return pairs


def _left_out(
    own: Stock, of_item: Mapping[str, str], catalog: Catalog, task: str
) -> tuple[list[str], dict[str, str]]:
    """Return the queries of parts that can be left out, and the part of each."""
    parts = {item_id: of_item[item_id] for item_id in own.qrels if item_id in of_item}
    if len(set(parts.values())) < 2:
        needed = (
            f"product types that can be divided into {FIFTHS} parts"
            if task == TRANSFER_TYPES
            else "two departments"
        )
        raise TrainingError(
            f"The catalogue “{catalog.name}” needs {needed} with {LEAST_LEFT_OUT} items each."
        )
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


def _against_first(contenders: Sequence[Contender]) -> list[tuple[str, str]]:
    return [(contenders[0].name, contender.name) for contender in contenders[1:]]
