"""Calibrate the reading of attributes from photos, and measure it on other photos.

    python -m benchmarks.sight --data-dir DIR CATALOG … [--write]

Takes the stored crops' vectors and masks of indexed catalogues, so no photo is embedded again.
What a photo shows is compared with the catalogue's own fields; only items whose fields name one
value count. Items of one product (``parent_id``, else the photo) are on one side of a split in
halves. Scale and bias are fitted and thresholds chosen on one half and tested on the other, both
ways; a value is shipped when it passes both ways, with the higher threshold. ``--write`` puts the
figures (fitted on everything) into ``data/vocabularies/sight.toml``.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch

from core.app.library import Library
from core.app.models import ModelPool
from core.base import colours
from core.base.title_nouns import TitleNouns
from core.domain import Item
from core.language.facts import FactFinder, Facts
from core.language.photo_reader import Attribute, log_shares, phrase_vectors
from core.language.vocabulary import Vocabulary
from core.ports.encoder import Vectors
from core.settings import SHIPPED, load_settings

FILE = SHIPPED / "vocabularies" / "sight.toml"
WORDS = Vocabulary(SHIPPED / "vocabularies")
NOUNS = TitleNouns(SHIPPED / "vocabularies")

#: A threshold is chosen at this precision, and at ``KEPT`` in each catalogue alone; it is kept if
#: right that often on the other half, and ``EACH`` in each catalogue; with so many cases.
CHOSEN, KEPT, EACH, CASES = 0.92, 0.9, 0.85, 6

#: Smallest threshold of any value.
LOWEST = 0.6

HOME = ("wooden", "metal", "glass", "plastic", "wicker", "ceramic", "fabric")
WORN = ("denim", "leather", "fabric", "knitted", "metal", "plastic")
PATTERNS = ("plain", "striped", "checked", "polka-dot", "floral", "graphic-print", "camouflage")
#: Values that are compared with the others but never stated.
SAY_NOTHING = ("plain", "fabric")
AUDIENCES = ("Women's", "Men's", "Girls'", "Boys'", "Baby")


@dataclass(frozen=True)
class Trial:
    """An attribute to try.

    Attributes:
        kind: ``colour`` …
        domains: Kinds of product that it is for.
        names: Its values.
        truth: What the fields say of it.
        on: Kinds of product that it is judged on; empty means those that it is for.
    """

    kind: str
    domains: tuple[str, ...]
    names: tuple[str, ...]
    truth: Callable[[Item, Facts], list[str]]
    on: tuple[str, ...] = ()


def _colour(item: Item, _: Facts) -> list[str]:
    named = WORDS.colours.names(item.attributes.get("colour", ""))
    return named if len(named) == 1 else []


def _material(_: Item, facts: Facts) -> list[str]:
    return [*facts.materials, *(name for name in facts.patterns if name.endswith("-effect"))]


def _pattern(item: Item, _: Facts) -> list[str]:
    columns = (item.attributes.get(key, "") for key in ("pattern", "colour"))
    return WORDS.patterns.names(" ; ".join([item.title, *columns]))


def _audience(_: Item, facts: Facts) -> list[str]:
    return [facts.audience] if facts.audience else []


TRIALS = (
    Trial("colour", ("home",), colours.NAMES, _colour),
    Trial("colour", ("fashion",), colours.NAMES, _colour),
    Trial("colour", ("", "food", "electronics"), colours.NAMES, _colour, ("home", "fashion")),
    Trial("material", ("home",), HOME, _material),
    Trial("material", ("fashion",), WORN, _material),
    Trial("pattern", ("fashion", "home"), PATTERNS, _pattern),
    Trial("audience", ("fashion",), AUDIENCES, _audience),
)


@dataclass
class Photos:
    """What is known of some catalogues' items: one row each."""

    catalog: np.ndarray
    items: list[Item]
    facts: list[Facts]
    vectors: Vectors
    shares: Vectors

    @property
    def half(self) -> np.ndarray:
        """Return which half each item is in: ``[n] bool``."""
        keys = (i.attributes.get("parent_id") or i.photo.sha256 for i in self.items)
        return np.array([hashlib.sha256(key.encode()).digest()[0] % 2 == 0 for key in keys])


def read(data_dir: str, names: list[str]) -> Photos:
    """Read crops' vectors, pixels and fields of indexed catalogues."""
    library, finder = Library(load_settings(data_dir=data_dir)), FactFinder(WORDS, NOUNS)
    catalog, items, vectors, shares = [], [], [], []
    for name in names:
        opened = library.get(name)
        rows = opened.store.vectors("vl-clip").get(opened.store.items.records())
        groundings = opened.store.groundings.get(row.grounding_key for row in rows.values())
        for item in opened.store.items.get(rows).values():
            row = rows[item.item_id]
            best = groundings[row.grounding_key].best
            photo = opened.images.open(item.photo.sha256)
            shares.append(colours.colour_shares(photo, best.mask if best else None))
            catalog.append(name)
            items.append(item)
            vectors.append(row.image_vector)
    facts = [finder.find(item) for item in items]
    return Photos(np.array(catalog), items, facts, np.stack(vectors), np.stack(shares))


@dataclass
class Rows:
    """The rows that a trial can be judged on."""

    cosines: Vectors
    shares: Vectors
    fits: np.ndarray
    catalog: np.ndarray
    half: np.ndarray

    def only(self, mask: np.ndarray) -> Rows:
        return Rows(*(getattr(self, name)[mask] for name in self.__dataclass_fields__))


def rows_of(trial: Trial, photos: Photos, classes: Vectors) -> Rows:
    """Return the rows of the trial's domain whose fields name any value."""
    truth = [trial.truth(item, facts) for item, facts in zip(photos.items, photos.facts,
                                                            strict=True)]  # fmt: skip
    fits = np.array(
        [[any(WORDS.fits(trial.kind, n, t) for t in said) for n in trial.names] for said in truth]
    )
    on = trial.on or trial.domains
    mine = np.array(
        [bool(said) and facts.domain in on for said, facts in zip(truth, photos.facts, strict=True)]
    )
    rows = Rows(photos.vectors @ classes.T, photos.shares, fits, photos.catalog, photos.half)
    return rows.only(mine)


def fitted(trial: Trial, rows: Rows) -> Attribute:
    """Fit scale, bias and the pixels' weight by log loss, with equal weight per catalogue."""
    rows = rows.only(np.asarray(rows.fits.any(axis=1)))
    counts = {name: np.sum(rows.catalog == name) for name in set(rows.catalog)}
    weight = torch.tensor([1 / counts[name] for name in rows.catalog], dtype=torch.float32)
    cosines, fits = torch.tensor(rows.cosines), torch.tensor(rows.fits)
    pixels = torch.tensor(log_shares(rows.shares)) if trial.kind == "colour" else None
    scale, share = torch.tensor(4.0, requires_grad=True), torch.tensor(0.5, requires_grad=True)
    bias = torch.zeros(len(trial.names), requires_grad=True)
    optimiser = torch.optim.LBFGS([scale, share, bias], max_iter=300)

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        logits = scale.exp() * cosines + bias + (share * pixels if pixels is not None else 0)
        right = torch.log_softmax(logits, 1).masked_fill(~fits, -1e9).logsumexp(1)
        value = -(weight * right).sum() / weight.sum() + 0.01 * (bias**2).mean()
        value.backward()
        return value

    optimiser.step(loss)
    return Attribute(
        trial.kind,
        frozenset(trial.domains),
        trial.names,
        round(float(scale.exp().detach()), 1),
        tuple(round(float(value), 2) for value in bias.detach()),
        round(float(share.detach()), 2) if pixels is not None else 0.0,
        {},
    )


def chosen(attribute: Attribute, rows: Rows) -> dict[str, float]:
    """Return the lowest threshold per value at which it is right often enough."""
    odds, thresholds = attribute.odds(rows.cosines, rows.shares), dict[str, float]()
    for number, name in enumerate(attribute.names):
        if name in SAY_NOTHING:
            continue
        for least in np.arange(LOWEST, 0.985, 0.02):
            stated = replace(attribute, least={name: least}).stated(odds, rows.shares)
            right = rows.fits[stated, number]
            if len(right) < CASES:
                break
            each = [
                rows.fits[stated & (rows.catalog == shop), number] for shop in set(rows.catalog)
            ]
            if right.mean() >= CHOSEN and all(r.mean() >= KEPT for r in each if len(r) > 4):
                thresholds[name] = round(float(least), 2)
                break
    return thresholds


def outcome(attribute: Attribute, rows: Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return per row the best value's number, whether it is stated, and whether it is right."""
    odds = attribute.odds(rows.cosines, rows.shares)
    best = odds.argmax(axis=1)
    return best, attribute.stated(odds, rows.shares), rows.fits[np.arange(len(best)), best]


def tried(trial: Trial, rows: Rows) -> Attribute:
    """Fit on each half, test on the other, and print the results."""
    parts, least = [], []
    for first in (rows.half, ~rows.half):
        attribute = fitted(trial, rows.only(first))
        attribute = replace(attribute, least=chosen(attribute, rows.only(first)))
        least.append(attribute.least)
        parts.append((rows.only(~first), *outcome(attribute, rows.only(~first))))
    catalog = np.concatenate([part[0].catalog for part in parts])
    best, stated, right = (np.concatenate([part[n] for part in parts]) for n in (1, 2, 3))
    passed = {}
    for number, name in enumerate(trial.names):
        mine = right[stated & (best == number)]
        each = [right[stated & (best == number) & (catalog == shop)] for shop in set(catalog)]
        good = len(mine) >= CASES and mine.mean() >= KEPT
        good = good and all(values.mean() >= EACH for values in each if len(values) >= CASES)
        if good and all(name in thresholds for thresholds in least):
            passed[name] = max(thresholds[name] for thresholds in least)
        elif mine.size or np.any(best == number):
            figures = f"right {mine.mean():.2f} of {mine.size}" if mine.size else "no threshold"
            print(f"    never stated: {name} ({figures}; best value right "
                  f"{right[best == number].mean():.2f} of {np.sum(best == number)})")  # fmt: skip
    kept = stated & np.isin(best, [trial.names.index(name) for name in passed])
    for shop in sorted(set(catalog)):
        here = catalog == shop
        sure = right[here & kept]
        print(f"    {shop}: {here.sum()} items; best value right {right[here].mean():.3f}; stated "
              f"{kept[here].mean():.3f}, of these right "
              + (f"{sure.mean():.3f}" if sure.size else "—"))  # fmt: skip
    for name in passed:
        mine = right[kept & (best == trial.names.index(name))]
        print(f"    {name}: right {mine.mean():.3f} of {mine.size}")
    return replace(fitted(trial, rows), least=passed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("catalogs", nargs="+", metavar="CATALOG")
    parser.add_argument("--data-dir")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    photos = read(given.data_dir, given.catalogs)
    encoder = ModelPool(load_settings()).encoders.compact
    shipped = []
    for trial in TRIALS:
        rows = rows_of(trial, photos, phrase_vectors(encoder, trial.names))
        print(f"{trial.kind} ({', '.join(filter(None, trial.domains))}), {len(rows.fits)} items:")
        attribute = tried(trial, rows)
        print(f"  thresholds {dict(attribute.least)}")
        if attribute.least:
            shipped.append(attribute)
    if given.write:
        write(shipped)


def write(attributes: list[Attribute]) -> None:
    """Write the figures to the shipped file."""
    parts = [FILE.read_text(encoding="utf-8").split("\n\n", 1)[0].strip()]
    for entry in attributes:
        parts.append(
            f'[[attribute]]\nkind = "{entry.kind}"\ndomains = {_listed(sorted(entry.domains))}\n'
            f"names = {_listed(entry.names)}\nscale = {entry.scale}\npixels = {entry.pixels}\n"
            f"bias = {list(entry.bias)}"
        )
        rows = "\n".join(f'"{name}" = {value}' for name, value in entry.least.items())
        parts.append(f"[entry.least]\n{rows}")
    FILE.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _listed(names: list[str] | tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


if __name__ == "__main__":
    main()
