"""Batches of one domain each, with one text per picture, drawn anew every epoch."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.training.pairs import Pairs

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Batch:
    """The data of one step in one process.

    Attributes:
        domain: All pictures are of this domain.
        texts: One per picture.
        vectors: ``[n, …]``: stored features of each picture.
        same: ``[N, N] bool`` over the rows of all processes; equal text or equal group, so no
            negatives of each other.
    """

    domain: str
    texts: list[str]
    vectors: Tensor
    same: Tensor

    def pieces(self, count: int) -> list[Batch]:
        """Split the batch into pieces (fewer if it is small), each with the whole ``same``."""
        size = -(-len(self.texts) // count)
        return [
            Batch(self.domain, self.texts[at : at + size], self.vectors[at : at + size], self.same)
            for at in range(0, len(self.texts), size)
        ]


#: What is drawn of a picture's texts: its title, its rewrite (the paper's pairs), or any.
TITLE, REWRITE, MIXED = "title", "rewrite", "mixed"
TEXTS = (TITLE, REWRITE, MIXED)


@dataclass(frozen=True, slots=True)
class Draw:
    """Parameters for drawing texts.

    Attributes:
        texts: ``title`` draws the first text of a picture, ``rewrite`` the last, ``mixed`` any.
        title: Of mixed texts, the chance of the first; otherwise any of them.
        drop: Chance that each word of a text of more than three words is left out.
        name: Chance that an invented name is put before the text, as brands are in titles.
    """

    title: float = 0.4
    drop: float = 0.1
    name: float = 0.0
    texts: str = MIXED

    def text(self, texts: list[str], rng: np.random.Generator) -> str:
        """Draw one of a picture's texts, the first of which is its title."""
        if self.texts == MIXED:
            first = len(texts) == 1 or rng.random() < self.title
            text = texts[0 if first else int(rng.integers(len(texts)))]
        else:
            text = texts[0 if self.texts == TITLE else -1]
        words = text.split()
        if len(words) > 3:
            kept = [word for word in words if rng.random() >= self.drop]
            text = " ".join(kept) or text
        if rng.random() < self.name:
            text = f"{invented_name(rng)} {text}"
        return text


class EpochBatches(Protocol):
    """The batches of epochs."""

    def __len__(self) -> int:
        """Return the number of batches of an epoch."""
        ...

    def ahead(self, number: int, skip: int = 0) -> Iterator[Batch]:
        """Yield the batches of one epoch, without the first ``skip`` ones."""
        ...


class Batches:
    """Draws the batches of an epoch.

    Args:
        pairs: Training pairs.
        size: Pictures per batch.
        repeats: Passes per epoch by domain (default 1).
        draw: Parameters for drawing texts.
        single_source: Share of batches whose pictures all come from one source (hard negatives).
        seed: Start of the random numbers; an epoch's batches depend on it and the epoch only.
        rows: Indices of the pairs to draw from; default: all.
        share: Number of this process and of all processes; each gets a part of every batch.
    """

    def __init__(
        self,
        pairs: Pairs,
        size: int,
        repeats: dict[str, float],
        draw: Draw,
        single_source: float = 0.3,
        seed: int = 0,
        rows: npt.NDArray[np.intp] | None = None,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        self._rows = np.arange(len(pairs)) if rows is None else rows
        self._share = share
        self._pairs, self._size, self._draw, self._seed = pairs, size, draw, seed
        self._single_source = single_source
        self._repeats = repeats
        self._groups = np.unique(
            np.char.add(np.char.add(pairs.sources, "\n"), pairs.groups), return_inverse=True
        )[1]

    def __len__(self) -> int:
        return len(self._plan(np.random.default_rng(self._seed)))

    def epoch(self, number: int, skip: int = 0) -> Iterator[Batch]:
        """Yield the batches of one epoch, in random order, without the first ``skip`` ones."""
        rng = np.random.default_rng((self._seed, number))
        for at, rows in enumerate(self._plan(rng)):
            texts = [self._draw.text(self._pairs.texts[i], rng) for i in rows]
            if at >= skip:
                yield self._batch(rows, texts)

    def _plan(self, rng: np.random.Generator) -> list[npt.NDArray[np.intp]]:
        plan = []
        for domain in np.unique(self._pairs.domains):
            rows = self._rows[self._pairs.domains[self._rows] == domain]
            wanted = round(len(rows) * self._repeats.get(str(domain), 1.0))
            while wanted > 0:
                drawn = rng.permutation(rows)[:wanted]
                plan += self._cut(drawn, rng)
                wanted -= len(rows)
        rng.shuffle(plan)
        return plan

    def _cut(
        self, rows: npt.NDArray[np.intp], rng: np.random.Generator
    ) -> list[npt.NDArray[np.intp]]:
        """Cut into batches, some of them of one source; the rest fills mixed ones."""
        batches, rest = [], []
        sources = self._pairs.sources[rows]
        for source in np.unique(sources):
            own = rows[sources == source]
            count = int(len(own) * self._single_source // self._size)
            batches += np.split(own[: count * self._size], count) if count else []
            rest.append(own[count * self._size :])
        mixed = rng.permutation(np.concatenate(rest))
        pieces = max(1, round(len(mixed) / self._size))
        least = max(2, self._share[1])
        return batches + [piece for piece in np.array_split(mixed, pieces) if len(piece) >= least]

    def _batch(self, rows: npt.NDArray[np.intp], texts: list[str]) -> Batch:
        rank, size = self._share
        count = len(rows) // size  # every process must have the same number
        rows, texts = rows[: count * size], texts[: count * size]
        named = np.unique([text.lower() for text in texts], return_inverse=True)[1]
        groups = self._groups[rows]
        same = (named[:, None] == named) | (groups[:, None] == groups)
        mine = slice(rank * count, (rank + 1) * count)
        return Batch(
            domain=str(self._pairs.domains[rows[0]]),
            texts=texts[mine],
            vectors=torch.from_numpy(np.asarray(self._pairs.vectors[rows[mine]])),
            same=torch.from_numpy(same),
        )

    def ahead(self, number: int, skip: int = 0) -> Iterator[Batch]:
        """Yield the same batches as ``epoch``, each drawn while the one before is worked on."""
        return ahead(self.epoch(number, skip))


def ahead(batches: Iterator[T]) -> Iterator[T]:
    """Yield the same values, each made in another thread while the one before it is worked on."""
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, batches, None)
        while (batch := following.result()) is not None:
            following = pool.submit(next, batches, None)
            yield batch


def invented_name(rng: np.random.Generator) -> str:
    """Return an invented name, such as "Belano" or "TORVIK"."""
    syllables = (
        rng.choice(list("bdfghjklmnprstv")) + rng.choice(list("aeiou"))
        for _ in range(int(rng.integers(1, 4)))
    )
    name = "".join([*syllables, rng.choice(list("klmnrst"))])
    return name.upper() if rng.random() < 0.5 else name.capitalize()
