"""Retrieval figures of a text tower: the rank of each text's own picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Title → own picture among all pictures of a pool.

    Attributes:
        items: Size of the pool.
        hits1: Share of texts whose own picture ranks first.
        hits5: … among the first five; chance is ``5 / items``.
        hits10: … among the first ten.
        mrr: Mean reciprocal rank.
    """

    items: int
    hits1: float
    hits5: float
    hits10: float
    mrr: float

    @classmethod
    def of(cls, ranks: npt.NDArray[np.intp]) -> Retrieval:
        """Compute the figures of ranks (see ``ranks``)."""
        return cls(
            items=len(ranks),
            hits1=float((ranks < 1).mean()),
            hits5=float((ranks < 5).mean()),
            hits10=float((ranks < 10).mean()),
            mrr=float((1 / (ranks + 1)).mean()),
        )

    def line(self, name: str) -> str:
        """Return one line of a report."""
        chance = min(1.0, 5 / self.items)
        return (
            f"{name:<26} n={self.items:5d}  HITS@1 {self.hits1:.3f}  HITS@5 {self.hits5:.3f}"
            f"  HITS@10 {self.hits10:.3f}  MRR {self.mrr:.3f}  (chance HITS@5 {chance:.4f})"
        )


def ranks(
    text: npt.NDArray[np.float32],
    image: npt.NDArray[np.float32],
    groups: npt.NDArray[np.str_] | None = None,
) -> npt.NDArray[np.intp]:
    """Return the rank (from 0) of each text's own picture; ties count against it.

    Args:
        text: ``[n, d] float32, L2-normalised``.
        image: ``[n, d] float32, L2-normalised``; row ``i`` belongs to text ``i``.
        groups: Other pictures of the same group are left out (they are right as well).
    """
    scores = text @ image.T
    own = np.diag(scores).copy()
    better = scores >= own[:, None]
    np.fill_diagonal(better, False)
    if groups is not None:
        better &= groups[:, None] != groups[None, :]
    ranks: npt.NDArray[np.int_] = better.sum(axis=1)
    return ranks


def retrieval(
    text: npt.NDArray[np.float32],
    image: npt.NDArray[np.float32],
    groups: npt.NDArray[np.str_] | None = None,
) -> Retrieval:
    """Return the figures of one pool; see ``ranks`` for the arguments."""
    return Retrieval.of(ranks(text, image, groups))
