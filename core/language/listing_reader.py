"""Extract a product's look from its listing: colours, materials, patterns, cut, parts."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

from core.domain.item import Item
from core.language.plain import plain
from core.language.vocabulary import Match, Terms, Vocabulary

_CLAUSE = re.compile(r"[.;:!?•\n]|,\s|\s[-–]\s|\s(?:but|while|whereas)\s")
#: "A melon with a netted rind."
_HAS = re.compile(r"\bwith (?:an? )?([^.;,()]{3,80})")
#: Visible parts of food.
_OUTSIDE = re.compile(r"\w+ (?:rind|skin|peel|shell|crust|leaves|stalks?)\b", re.I)

#: Styles of cut, which stand first and which a description may add; the others say what for.
SHAPES = frozenset(
    {
        "short-sleeve", "long-sleeve", "3/4-sleeve", "sleeveless", "slim-fit", "fitted",
        "loose-fit", "oversized", "stretch-fit", "cropped", "high-waisted", "full-zip",
        "half-zip", "quarter-zip", "racerback", "hooded",
    }
)  # fmt: skip


class ListingReader:
    """Finds vocabulary words in the parts of a listing that are on the item itself."""

    def __init__(self, words: Vocabulary) -> None:
        self.words = words

    def colours(
        self, attributes: dict[str, str], title: str, description: str, noun: str
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the stated colours, three at most, and sentences on contradicting fields."""
        columns = [v for k, v in attributes.items() if re.search(r"colou?r|farbe", k)]
        stated = _unique(
            name
            for value in columns
            for name in (self.words.colour_columns.names(value) or self._colours_in(value))
        )
        named = self._colours_in(title)
        if set(named) & set(stated):  # "Cobalt Tee - Blue" with the column "Blue": Cobalt is a name
            named = self._beside(title, [name for name in named if name in stated])
        if not stated:
            return tuple(named[:3]) or self._described_colour(description, noun), ()
        if not named:
            return stated[:3], ()
        shades = [n for n in named if any(self.words.same_family(n, s) for s in stated)]
        if shades:  # the title refines the column ("navy"), or names a second colour beside it
            rest = [s for s in stated if not any(self.words.same_family(n, s) for n in shades)]
            return _unique([*self._beside(title, shades), *rest])[:3], ()
        sentence = (
            f"The title says {' and '.join(named)}, the colour column says "
            f"{' and '.join(stated)}: the column was believed."
        )
        return stated[:3], (sentence,)

    def _colours_in(self, text: str) -> list[str]:
        materials = self.words.materials.find(text)  # "stainless steel" is no colour
        return [
            match.term
            for match in self.words.colours.find(text)
            if not any(_overlaps(match, material) for material in materials)
        ]

    def _beside(self, title: str, shades: list[str]) -> list[str]:
        """Return the shades and the colours right beside them ("blue & black"), but no brand."""
        matches = [m for m in self.words.colours.find(title) if m.term in self._colours_in(title)]
        kept = {match for match in matches if match.term in shades}
        for _ in matches:
            for left, right in itertools.pairwise(matches):
                between = title[left.end : right.start].lower().strip(" ,/&-+")
                if between in ("", "and") and (left in kept or right in kept):
                    kept |= {left, right}
        return [match.term for match in matches if match in kept]

    def _described_colour(self, description: str, noun: str) -> tuple[str, ...]:
        """Return a description's only colour, if it stands right before the product's noun."""
        if not noun or len(self.words.colours.names(description)) != 1:
            return ()
        match = self.words.colours.find(description)[0]
        after = description[match.end : match.end + 40].lower().split()[:4]
        head = noun.split()[-1].lower()
        return (match.term,) if any(word.strip(",.") == head for word in after) else ()

    def materials(
        self, attributes: dict[str, str], title: str, clauses: list[str], domain: str
    ) -> tuple[str, ...]:
        """Return the materials that columns, the title or “made of …” name, two at most."""
        if domain in ("art", "food"):
            return ()
        columns = [
            value for key, value in attributes.items() if re.search(r"material|fabric|colou?r", key)
        ]
        names = [name for value in columns for name in self._materials_in(value)]
        names += self._materials_in(title)
        if not names:
            names += [name for clause in clauses for name in self._made_of(clause)]
        return _unique(_drop_contained(names))[:2]

    def _materials_in(self, text: str) -> list[str]:
        patterns = self.words.patterns.find(text)  # "oak effect" is no oak
        return [
            match.term
            for match in self.words.materials.find(text)
            if not any(_overlaps(match, pattern) for pattern in patterns)
            and not re.match(r"[\s-]*(?:effect|look|style|holder|free)\b", text[match.end :], re.I)
        ]

    def _made_of(self, clause: str) -> Iterable[str]:
        for match in self.words.materials.find(clause):
            before = clause[max(0, match.start - 30) : match.start].rstrip().lower()
            after = clause[match.end : match.end + 16].lstrip().lower()
            if before.endswith(self.words.made_of_before) or after.startswith(
                self.words.made_of_after
            ):
                yield match.term

    def patterns(
        self, attributes: dict[str, str], title: str, clauses: list[str], domain: str
    ) -> tuple[str, ...]:
        """Return the pattern that columns, the title or (fashion) a clause names."""
        if domain in ("art", "food"):
            return ()
        columns = [
            value for key, value in attributes.items() if re.search(r"pattern|print$|colou?r", key)
        ]
        names = self.words.patterns.names(" ; ".join([*columns, title]))
        if not names and domain == "fashion":
            names = [name for clause in clauses for name in self.words.patterns.names(clause)]
        names = [name for name in names if name not in ("solid", "plain", "stained")]
        return _unique(_drop_contained(names))[:1]

    def styles(
        self, attributes: dict[str, str], title: str, clauses: list[str], domain: str
    ) -> tuple[str, ...]:
        """Return the named styles, cuts first, two at most."""
        if domain in ("art", "food"):
            return ()
        columns = [attributes[key] for key in self.words.style_keys if key in attributes]
        names = self.words.styles.names(" ; ".join([title, *columns]))
        if domain == "fashion":
            shapes = [
                name
                for clause in clauses
                for name in self.words.styles.names(clause)
                if name in SHAPES
            ]
            names += shapes
        names = _drop_contained(names)
        names.sort(key=lambda name: name not in SHAPES)
        return _unique(names)[:2]

    def parts(self, title: str, clauses: list[str], domain: str) -> tuple[str, ...]:
        """Return the parts that the title or a clause names, four at most."""
        terms: Terms | None = self.words.parts.get(domain)
        if terms is None:
            return ()
        texts = [*self.safe_clauses(title), *clauses]
        return _unique(name for text in texts for name in terms.names(text))[:4]

    def details(self, description: str) -> tuple[str, ...]:
        """Return visible parts of food from the description: ``dark red skin``."""
        match = _HAS.search(description)
        if not match or self.words.risky.find(match[1]):
            return ()
        said = [part for part in re.split(r"\s+and\s+(?:an?\s+)?", match[1].strip())
                if not self.words.unseen.find(part)]  # fmt: skip
        text = " and ".join(said)
        visible = self.words.colours.find(text) or _OUTSIDE.search(text)
        return (text,) if visible and len(text.split()) <= 7 else ()

    def audience(self, attributes: dict[str, str], item: Item, title: str) -> str:
        """Return the audience from the first field that names one; empty if it names several."""
        fields = [attributes[key] for key in self.words.audience_keys if key in attributes]
        for text in (*fields, title, plain(item.department, 120), plain(item.product_type, 120)):
            named = self.words.audiences.names(text)
            if len(named) == 1:
                return named[0]
            if named and set(named) <= {"Girls'", "Children's"}:
                return "Girls'"
            if named and set(named) <= {"Boys'", "Children's"}:
                return "Boys'"
            if named:
                return ""
        return ""

    def safe_clauses(self, text: str) -> list[str]:
        """Return the clauses on the item itself: not negated, optional or about another item."""
        clauses = (clause.strip() for clause in _CLAUSE.split(text))
        return [clause for clause in clauses if clause and not self.words.risky.find(clause)]


def _overlaps(first: Match, second: Match) -> bool:
    return first.start < second.end and second.start < first.end


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _drop_contained(names: Iterable[str]) -> list[str]:
    """Drop names that a longer name contains ("steel" beside "stainless steel")."""
    kept = list(dict.fromkeys(names))
    return [n for n in kept if not any(n != other and n in other for other in kept)]
