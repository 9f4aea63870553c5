"""Compare `vl-clip` with `clip` on every set and task, in one table.

    python -m benchmarks.matrix FOLDER [--only NAME …] [--choose] [--least 15]

FOLDER was made by `benchmarks/pools.py`. Titles and rewrites are ranked by picture vectors alone
(the words that are asked with are in the served vectors); types, items and photos by the served
vectors. A cell is `clip`, `vl-clip`, their ratio and the p of a paired randomisation test.
`--choose` tries the shares of photo and title, and says which would be chosen with each set left
out.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from benchmarks.pools import NAMES, Pool, load
from core.app.models import ModelPool
from core.base.image_views import mixed
from core.base.significance import paired_p
from core.domain import Engine
from core.embedding.recipes import load_engines
from core.ports.encoder import Encoder
from core.settings import SHIPPED, load_settings
from core.store.vectors import Vectors, blend

#: Names of the tasks, in the order of the table.
TASKS = ("title → item", "rewrite → item", "type → items", "item → type", "item → variants",
         "photo → product")  # fmt: skip
#: Shares that ``--choose`` tries: of the photo in a crop out of a busy photo, of the photo in
#: another crop, of the title in the text, of the photo where the background is plain.
CHOICES = tuple(
    product((0.0, 0.25), (0.0, 0.5), (0.0, 0.5), (0.0, 0.5, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0))
)


@dataclass(frozen=True)
class Words:
    """Vectors of a pool's texts."""

    titles: Vectors
    rewrites: Vectors
    kinds: Mapping[str, Vectors]


def words_of(pool: Pool, encoder: Encoder) -> Words:
    """Embed a pool's texts."""
    kinds = sorted(set(pool.kinds) - {""})
    return Words(
        encoder.encode_texts([item.title for item in pool.items]),
        encoder.encode_texts(list(pool.rewrites)),
        dict(zip(kinds, encoder.encode_texts(kinds), strict=True)),
    )


def views(pool: Pool, words: Words, engine: Engine) -> tuple[Vectors, Vectors]:
    """Return the vectors of pictures and of texts that an engine has for a pool's items."""
    if engine.name == "clip":
        return pool.photo, words.titles
    share = np.where(pool.busy, engine.busy_share, engine.photo_share)
    share = np.where(pool.plain & (engine.plain_share > 0), engine.plain_share, share)
    share = np.where(pool.side < engine.smallest_crop, 1.0, share)
    return mixed(pool.crop, pool.photo, share), mixed(
        words.rewrites, words.titles, engine.title_share
    )


def measured(pool: Pool, words: Words, engine: Engine) -> dict[str, np.ndarray]:
    """Return the value of each query by task."""
    pictures, texts = views(pool, words, engine)
    served = blend(pictures, texts, engine.text_weight)
    titles = [item.title.lower() for item in pool.items]
    values = {
        "title → item": reciprocal(words.titles @ pictures.T, same(titles)),
        "rewrite → item": reciprocal(words.rewrites @ pictures.T, same(list(pool.rewrites))),
    }
    asked = {kind: np.array([own == kind for own in pool.kinds]) for kind in words.kinds}
    asked = {kind: right for kind, right in asked.items() if right.sum() >= 3}
    if asked:
        near = np.stack([words.kinds[kind] for kind in asked]) @ served.T
        values["type → items"] = r_precision(near, np.stack(list(asked.values())))
    near = pictures @ served.T
    np.fill_diagonal(near, -np.inf)
    kinds = same(list(pool.kinds))
    np.fill_diagonal(kinds, False)
    enough = kinds.sum(1) >= 5
    values["item → type"] = precision(near[enough], kinds[enough], 5)
    groups = same([item.group or item.item_id for item in pool.items])
    np.fill_diagonal(groups, False)
    some = groups.any(1)
    values["item → variants"] = r_precision(near[some], groups[some])
    if "vectors" in pool.extra:
        right = np.array([[name == item for item in pool.ids] for name in pool.extra["right"]])
        values["photo → product"] = reciprocal(pool.extra["vectors"] @ served.T, right)
    return values


def same(names: Sequence[str]) -> np.ndarray:
    """Return which names are equal, ``[n, n] bool``."""
    codes = np.unique(np.array(names, dtype=object).astype(str), return_inverse=True)[1]
    return np.equal(codes[:, None], codes[None, :])


def reciprocal(near: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the reciprocal rank of each query's first right item."""
    best = np.where(right, near, -np.inf).max(1)
    return np.asarray(1 / (1 + (near > best[:, None]).sum(1)))


def precision(near: np.ndarray, right: np.ndarray, count: int) -> np.ndarray:
    """Return the share of right items among the first."""
    order = np.argsort(-near, 1)[:, :count]
    return np.take_along_axis(right, order, 1).mean(1) if len(near) else np.zeros(0)


def r_precision(near: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the share of right items among the first, as many as are right."""
    return np.array([
        row[np.argsort(-score)[: row.sum()]].mean() for score, row in zip(near, right, strict=True)
    ])  # fmt: skip


def taken(pool: Pool, keep: np.ndarray) -> Pool:
    """Return a pool of some of its items."""
    rows = np.flatnonzero(keep)
    return replace(
        pool,
        items=tuple(pool.items[n] for n in rows), photo=pool.photo[rows], crop=pool.crop[rows],
        rewrites=tuple(pool.rewrites[n] for n in rows), share=pool.share[rows],
        score=pool.score[rows], plain=pool.plain[rows], busy=pool.busy[rows], side=pool.side[rows],
        grounded=pool.grounded[rows], kinds=tuple(pool.kinds[n] for n in rows),
    )  # fmt: skip


def table(pools: Mapping[str, tuple[Pool, Words]], engines: Sequence[Engine], least: int) -> None:
    """Print the whole table."""
    print(f"{'set':14} {'task':16} {'n':>4} {'clip':>6} {'vl-clip':>7} {'ratio':>6} {'p':>6}")
    losses = []
    for name, (pool, words) in pools.items():
        of_clip, of_vl_clip = (measured(pool, words, engine) for engine in engines)
        cells = [(task, np.ones(len(of_clip[task]), bool)) for task in TASKS if task in of_clip]
        if 10 <= pool.busy.sum() < len(pool.busy):
            cells += [(task, pool.busy) for task in TASKS[:2]]
        for task, rows in cells:
            first, second = of_clip[task][rows], of_vl_clip[task][rows]
            if len(first) < least:
                continue
            p = paired_p(first, second)
            ratio = second.mean() / max(first.mean(), 1e-9)
            loss = ratio < 1 and p < 0.05
            losses += [(name, task)] if loss else []
            part = name if rows.all() else f"{name}, busy"
            print(f"{part:14} {task:16} {len(first):4} {first.mean():6.3f} {second.mean():7.3f} "
                  f"{ratio:6.3f} {p:6.4f}{' proven loss' if loss else ''}")  # fmt: skip
    print(f"proven losses: {losses or 'none'}", flush=True)


def choose(pools: Mapping[str, tuple[Pool, Words]], clip: Engine, base: Engine) -> None:
    """Print the gain of each choice, and the choice of all sets but one, and its gain there."""
    gains: dict[tuple[float, ...], dict[str, list[float]]] = {}
    baseline = {name: measured(pool, words, clip) for name, (pool, words) in pools.items()}
    for shares in CHOICES:
        engine = replace(
            base,
            busy_share=shares[0],
            photo_share=shares[1],
            title_share=shares[2],
            plain_share=shares[3],
        )
        for name, (pool, words) in pools.items():
            other = measured(pool, words, engine)
            gains.setdefault(shares, {})[name] = [
                float(np.log(max(other[task].mean(), 1e-3) / max(first.mean(), 1e-3)))
                for task, first in baseline[name].items()
                if len(first) >= 10
            ]

    def worth(shares: tuple[float, ...], names: Sequence[str]) -> float:
        """Return the mean gain; losses count three times."""
        values = [value for name in names for value in gains[shares][name]]
        return float(np.mean([value if value > 0 else 3 * value for value in values]))

    names = list(pools)
    print("busy, other, title, plain: worth, then the mean log ratio of each set")
    for shares in sorted(CHOICES, key=lambda c: -worth(c, names)):
        cells = "  ".join(f"{n} {np.mean(gains[shares][n]):+.3f}" for n in names)
        print(shares, f"{worth(shares, names):+.4f}", cells)
    for name in names:
        others = [other for other in names if other != name]
        best = max(CHOICES, key=lambda c: worth(c, others))
        print(f"without {name}: {best}, there {np.round(gains[best][name], 3).tolist()}")


def main() -> None:
    """Print the table, and the choice of shares if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*", choices=NAMES, default=[])
    parser.add_argument("--choose", action="store_true")
    parser.add_argument("--least", type=int, default=15, help="Fewest queries of a cell.")
    given = parser.parse_args()
    print("python -m benchmarks.matrix", *sys.argv[1:], f"({platform.machine()})")
    encoder = ModelPool(load_settings(data_dir=given.folder)).engine("clip").encoder
    pools = {}
    for name in given.only or NAMES:
        if (given.folder / "catalogs" / name).is_dir():
            whole = load(given.folder, name)
            pool = taken(whole, whole.grounded)
            if len(pool.items) >= 10:
                pools[name] = pool, words_of(pool, encoder)
    recipes = load_engines(SHIPPED / "engines")
    engines = recipes["clip"], recipes["vl-clip"]
    if given.choose:
        choose(pools, *engines)
    table(pools, engines, given.least)


if __name__ == "__main__":
    main()
