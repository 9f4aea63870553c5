"""Extract the facts on a product's look from its listing's fields."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from core.base.counts import plural
from core.base.title_nouns import TitleNouns
from core.domain.item import Item
from core.language.listing_reader import ListingReader
from core.language.plain import DESCRIPTION_LIMIT, TITLE_LIMIT, has_words, plain
from core.language.vocabulary import Vocabulary, singular

_ASIDE = re.compile(r"\([^()]{0,80}\)|\[[^\[\]]{0,80}\]")
_SET = re.compile(r"\b(?:set|pack|nest|pair) of\b|\b\d+[- ]?(?:piece|pack)s?\b", re.I)
_CODE = re.compile(
    r"(?<![\w'])(?=[\w./-]*\d)(?=[\w./-]*[A-Za-z])[A-Za-z0-9]+(?:[./-][A-Za-z0-9]+)*(?![\w'])"
)
_FRACTION = re.compile(r"\b(?:\d+\s+)?\d+[,./]\d+\b")
_LONE = re.compile(
    r"(?<![\w'])(?:\d{3}[\d.,/x×:-]*|\d[\d.,/×:-]*(?!\s[a-z]{3})|x|[-–,;:|/&+*#\"']+)(?=\s|$)"
)
#: Where a title goes on with a second sentence ("Black toner cartridge. Compatible with …").
_SENTENCE = re.compile(r"(?<=[a-z]{5})\. (?=[A-Z])")
#: "Oil and gold on wood panel", inside one sentence.
_MEDIUM = re.compile(
    r"\b(?:oil|tempera|ink|distemper|watercolou?r|opaque watercolou?r|pastel|gouache|acrylic|chalk"
    r"|charcoal|graphite)\b[\w ,]{0,40}?\bon \w+(?: (?:panel|paper|board|ground))?",
    re.I,
)
_SUBJECTS = re.compile(r"\b(?:shows|depicts|subjects?)\s*:\s*([^.;]{2,200})", re.I)
#: One to three plain words, the first with a capital: "Pig", "New york destinations".
_MOTIF = re.compile(r"[A-Z][a-z'-]{2,}(?: [A-Za-z][a-z'-]*){0,2}")
_EDGES = " ,;:.-–|/&+*#\"'!?"
#: Parts of column names that mean another object (a printer's ink, a pallet).
_OTHER_THING = re.compile(r"print|ink|package|packag|pallet|case_|toner|light|led")


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts in the fields, in canonical words.

    Attributes:
        domain: ``fashion``, ``home``, ``food``, ``art``, ``electronics``, or empty.
        noun: The product, ``t-shirt``; empty if no field names it.
        phrase: The title in plain words, without brand, sizes, codes and advertising.
        audience: ``Women's`` …, or empty.
        medium: ``oil on canvas``, for art.
        subjects: Subjects of a work of art, if a field lists them.
        details: Look of food, from the description: ``dark red skin``.
        motif: Further words of the title behind a comma: ``pig`` of "Soft toy, Pig, pink".
        descriptive: The title is written as a phrase of common words ("Double vanity unit with
            mirror"), so all of them are kept; in other titles unknown words are names.
        foreign: The fields are in another language than the vocabularies.
        conflicts: Sentences on contradicting fields and on which one was used.
    """

    domain: str = ""
    noun: str = ""
    phrase: str = ""
    audience: str = ""
    colours: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    tag: str = ""
    medium: str = ""
    subjects: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    motif: str = ""
    descriptive: bool = False
    foreign: bool = False
    conflicts: tuple[str, ...] = field(default=())


class FactFinder:
    """Extracts facts from an item's fields."""

    def __init__(self, vocabulary: Vocabulary, nouns: TitleNouns) -> None:
        self.words = vocabulary
        self._nouns = nouns
        self._listing = ListingReader(vocabulary)

    def find(self, item: Item, *, title_only: bool = False) -> Facts:
        """Return the facts of an item.

        Args:
            item: The listing.
            title_only: Use title and product type only (the summarizer's first draft).
        """
        title = plain(item.title, TITLE_LIMIT)
        kind, kind_is_vague = self._product_type(item.product_type, title)
        english = self._nouns.is_english(title)
        description = "" if title_only else plain(item.description, DESCRIPTION_LIMIT)
        attributes = {} if title_only else _attributes(item)
        domain = self._domain(item, kind, title)
        noun = kind or (self._noun_in(title, domain) if domain == "fashion" else "")
        phrase = self._phrase(title, attributes.get("brand", ""))
        if kind and _names(title, kind) and not _names(phrase, kind):
            phrase = title  # "hot" is advertising, but not in "Hot dog"
        foreign = self._is_foreign(title if domain == "art" else f"{title} {description[:600]}")
        foreign = foreign or (domain not in ("art", "food") and not english)
        head = "" if foreign or domain in ("art", "food") else self._nouns.head(phrase or title)
        noun = _finer(noun, head, self._singular(head))
        descriptive = bool(noun and phrase) and _is_phrase(phrase)
        whole_title = domain in ("art", "food") or foreign or not noun
        looks = "" if whole_title else self._look_of(title, kind)
        colours, conflicts = self._listing.colours(attributes, looks, description, noun)
        if whole_title or descriptive:
            colours = tuple(c for c in colours if c not in self.words.colours.names(phrase))
        clauses = self._listing.safe_clauses(description)
        audience = (
            self._listing.audience(attributes, item, title) if domain not in ("art", "food") else ""
        )
        if audience in self.words.audiences.names(noun if noun and not foreign else phrase):
            audience = ""  # "child chair" says it already
        return Facts(
            domain=domain,
            noun=noun,
            phrase=phrase,
            audience=audience,
            colours=colours,
            materials=self._listing.materials(attributes, looks, clauses, domain),
            patterns=self._listing.patterns(attributes, looks, clauses, domain),
            styles=self._listing.styles(attributes, looks, clauses, domain),
            parts=self._listing.parts(title, clauses, domain),
            tag=self._tag(attributes, title) if not kind or kind_is_vague else "",
            medium=self._medium(attributes, description) if domain == "art" else "",
            subjects=_subjects(attributes, description) if domain == "art" else (),
            details=self._listing.details(description) if domain == "food" and not foreign else (),
            motif=""
            if whole_title or descriptive
            else self._motif(title, noun) or _other(head, kind),
            descriptive=descriptive,
            foreign=foreign,
            conflicts=conflicts,
        )

    # ── what it is ────────────────────────────────────────────────────────────────────────────
    def _product_type(self, raw: str, title: str) -> tuple[str, bool]:
        kind = re.split(r"\s*[>»/|]\s*", plain(raw, 120))[-1].strip()
        kind = _SET.sub(" ", self.words.measures.sub(" ", _FRACTION.sub(" ", kind)))
        kind = re.sub(r"\s*\d+\s*$", "", _ASIDE.sub(" ", kind))
        kind = re.sub(r"\bw\b", "with", " ".join(kind.split())).strip(" ,;-")
        if " with " in kind:
            kind = kind.replace(",", " and ").replace("  ", " ")
        elif "," in kind:  # "Rug, flatwoven" is how registers write "flatwoven rug"
            head, _, rest = kind.partition(",")
            rest = rest.strip()
            inverted = rest and rest[0].islower() and len(rest) < 24 and "," not in rest
            kind = f"{rest} {head}" if inverted else head
        if not has_words(kind) or kind in self.words.vague:
            return "", True
        kind = kind if re.search(r"[A-Z]{2}", kind) else kind.lower()
        kind = re.sub(r"\bt[ -]?shirt", "t-shirt", kind)
        both = re.fullmatch(r"(\w[\w -]*?) (?:and|&) (\w[\w -]*)", kind)
        if both:  # "Hoodies & Sweatshirts": the one that the title names, where it names one
            named = [noun for noun in both.groups() if _names(title, self._singular(noun))]
            if len(named) == 1:
                return self._singular(named[0]), False
            other = "" if named else self._noun_in(title, "fashion")
            return other or kind.replace("&", "and"), False
        if re.search(r"\s(?:with|for)\s", kind):
            return kind, False
        return self._singular(kind), False

    def _singular(self, phrase: str) -> str:
        if " of " in phrase:
            return phrase
        matches = [m for nouns in self.words.nouns.values() for m in nouns.find(phrase)]
        whole = [m.term for m in matches if m.start == 0 and m.end == len(phrase)]
        return whole[0] if whole else singular(phrase, self.words.plural_only)

    def _domain(self, item: Item, kind: str, title: str) -> str:
        department = plain(item.department, 120)
        from_type = plain(item.product_type, 120)
        if self.words.domain_of_department(department) == "art":
            return "art"
        return (
            self.words.domain_of(kind, head=True)
            or self.words.domain_of_department(from_type)
            or self.words.domain_of_department(department)
            or self.words.domain_of(department)
            or self.words.domain_of(_before_details(title))
            or ""
        )

    def _noun_in(self, title: str, domain: str) -> str:
        matches = self.words.nouns[domain].find(_before_details(title))
        return matches[-1].term if matches else ""

    def _tag(self, attributes: dict[str, str], title: str) -> str:
        for tag in re.split(r"[;,|]", attributes.get("tags", "")):
            tag = " ".join(tag.replace("tags:", " ").split()).lower()
            is_noun = any(tag in nouns for nouns in self.words.nouns.values())
            if is_noun and tag not in self.words.tag_noise and not self.words.domain_of(title):
                return tag
        return ""

    def _medium(self, attributes: dict[str, str], description: str) -> str:
        for key in ("medium", "technique", "material", "tags"):
            for part in re.split(r";", attributes.get(key, "")):
                if self.words.media.find(part) and len(part) < 60:
                    part = _ASIDE.sub(" ", part).strip(" .,")
                    return " ".join(part.split()[:6]).rstrip(",").lower()
        described = _MEDIUM.search(description)
        return described.group().lower() if described else ""

    # ── the title as words ────────────────────────────────────────────────────────────────────
    def _phrase(self, title: str, brand: str) -> str:
        text = title
        if brand:
            text = re.sub(rf"(?<!\w){re.escape(brand)}(?!\w)", " ", text, flags=re.I)
        text = self.words.measures.sub(" ", text)
        text = self.words.size_words.without(self.words.marketing.without(text))
        text = _SENTENCE.split(text, maxsplit=1)[0]
        text = _LONE.sub(" ", _CODE.sub(_keep_short_code, text))
        text = re.sub(r"\(s\)|->|(?<!\w)-+|-+(?!\w)", " ", text)
        text = re.sub(r"\(\s*[^\w]*\)|\[\s*[^\w]*\]", " ", text)
        text = re.sub(r"\s+([,.;:!?)])", r"\1", " ".join(text.split()))
        if text.count("(") != text.count(")"):
            text = text.replace("(", " ").replace(")", " ")
        text = " ".join(text.split()).strip(_EDGES)
        if has_words(self.words.colours.without(text)):
            return text
        whole = " ".join(self.words.measures.sub(" ", title).split()).strip(_EDGES)
        return whole if has_words(whole) else ""  # a colour alone says less than any title

    def _look_of(self, title: str, kind: str) -> str:
        """Return the title without the type's own words, which must not count twice."""
        text = title
        for word in kind.split():
            text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", " ; ", text, flags=re.I)
        return text

    def _motif(self, title: str, noun: str) -> str:
        """Return the first words behind a comma that are no look, size, advertising or type."""
        words = self.words
        named = (
            words.colours, words.materials, words.patterns, words.audiences, words.styles,
            words.marketing, words.size_words, words.vague, words.unseen, words.risky,
        )  # fmt: skip
        for part in (part.strip() for part in title.split(",")[1:]):
            if not _MOTIF.fullmatch(part) or _SET.search(part) or words.measures.search(part):
                continue
            typed = any(_names(noun, word) for word in part.split())
            if not typed and not any(terms.find(part) for terms in named):
                return part.lower()
        return ""

    def _is_foreign(self, text: str) -> bool:
        letters = [character for character in text if character.isalpha()]
        latin = sum(ord(character) < 0x250 for character in letters)
        if letters and latin < 0.6 * len(letters):
            return True
        return len(self.words.foreign.find(text)) > len(self.words.english.find(text)) + 1


def _attributes(item: Item) -> dict[str, str]:
    """Return the further columns without their typed prefixes (``t_product_colour``)."""
    attributes: dict[str, str] = {}
    for name, value in item.attributes.items():
        key = re.sub(r"^[tnb]_", "", name.lower())
        text = plain(value, 200)
        if key == "attributes" and "=" in text:  # "size=XS,color=White"
            for pair in text.split(","):
                inner, _, inner_value = pair.partition("=")
                attributes.setdefault(inner.strip().lower(), inner_value.strip())
        elif text and (key in ("print", "pattern") or not _OTHER_THING.search(key)):
            attributes.setdefault(key, text)
    return attributes


def _is_phrase(title: str) -> bool:
    """Tell whether a title is in sentence case, so that its words are common ones and no names."""
    words = re.findall(r"[^\W\d_][\w'-]*", title)
    rest = [word for word in words[1:] if len(word) > 2]
    if not rest:
        return bool(words) and not (len(words[0]) > 3 and words[0].isupper())
    if words[0].isupper() and len(words[0]) > 3:
        return False
    return bool(sum(word[0].islower() for word in rest) >= 0.8 * len(rest))


def _finer(noun: str, head: str, singular_head: str) -> str:
    """Return the title's own name where it is the finer one: "coffee mug" of the type "mug"."""
    finer = noun and " " not in noun and head.endswith((f" {noun}", f" {plural(noun)}"))
    return singular_head if finer else noun


def _other(head: str, kind: str) -> str:
    """Return the title's name of the thing, where the type has another word for it."""
    return "" if not head or _names(kind, singular(head.split()[-1], frozenset())) else head


def _subjects(attributes: dict[str, str], description: str) -> tuple[str, ...]:
    """Return the subjects of a work of art from a museum's subject list."""
    listed = next((attributes[key] for key in ("subjects", "subject", "shows", "depicts")
                   if attributes.get(key)), "")  # fmt: skip
    match = _SUBJECTS.search(description)
    words = [
        word.strip().lower() for word in re.split(r"[,;|]", listed or (match and match[1]) or "")
    ]
    return tuple(word for word in words if word and not word.startswith("portrait"))[:2]


def _before_details(title: str) -> str:
    """Return the part of a title that names the thing: up to "with", "for", a dash or a bracket."""
    return re.split(r"\s(?:with|for|w/)\s|\s[-–|]\s|[,(]", title, maxsplit=1, flags=re.I)[0]


def _names(title: str, noun: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(noun)}s?(?!\w)", title, re.I) is not None


def _keep_short_code(match: re.Match[str]) -> str:
    """Drop article codes ("106R01455"), keep names with a digit in them ("CAT6", "3D")."""
    code = match.group()
    letters, digits = sum(c.isalpha() for c in code), sum(c.isdigit() for c in code)
    return code if digits <= 2 and letters >= digits and len(code) <= 9 else " "
