"""Map column names in many languages to fields, by `data/vocabularies/columns.toml`."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

_TABLE = Path(__file__).parents[2] / "data" / "vocabularies" / "columns.toml"

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
#: `URLs`, which is one word.
_PLURAL = re.compile(r"(?<![A-Za-z])[A-Z]{2,}s(?![a-z])")
_NO_WORD = re.compile(r"[\W_]+")
_PREFIX = re.compile(r"^\s*[gc]:", re.I)
#: Longest name that is looked at, characters: unclosed brackets take the square of it.
LONGEST = 200
_BRACKETS = re.compile(r"\s*[(\[（][^)\]）]*[)\]）]\s*|[*#]")
#: `title-en_US`, `title_de`, `title[fr]`, `title:en-GB`; behind it may stand a channel.
_LOCALE = re.compile(
    r"[-_.:\[ ](?P<language>[a-z]{2}|zh_han[st])(?:[-_](?P<country>[A-Z]{2}|[a-z]{2}))?\]?"
    r"(?:-[a-z]\w*)?$"
)
_LANGUAGES = frozenset(
    {"en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "tr", "ru", "ja", "zh", "ko", "da"}
    | {"nb", "no", "fi", "cs", "sk", "hu", "ro", "bg", "el", "uk", "ar", "he", "hi", "th", "vi"}
    | {"hr", "sl", "sr", "lt", "lv", "et", "ca"}
)
#: A currency at the end of a price's name: `price-EUR`.
_CURRENCY = re.compile(r"(?<=[a-z])[-_. ]([A-Z]{3})$")
_CURRENCIES = frozenset(
    {"EUR", "USD", "GBP", "CHF", "JPY", "CNY", "INR", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF"}
    | {"RON", "BGN", "TRY", "RUB", "UAH", "BRL", "MXN", "ARS", "CLP", "COP", "PEN", "CAD", "AUD"}
    | {"NZD", "ZAR", "KRW", "THB", "VND", "IDR", "MYR", "SGD", "PHP", "HKD", "TWD", "ILS", "AED"}
    | {"SAR", "EGP"}
)
#: Words of the table that name a field alone, but not within a longer name.
_TOO_WIDE = frozenset(
    {"product", "label", "artikel", "item", "file", "path", "filename", "media", "thumbnail", "ad"}
    | {"amount", "valor", "nome", "nom", "imya", "cover"}
)
#: Columns that list further attributes.
ATTRIBUTE_LISTS = frozenset(
    {"attributes", "attrs", "specs", "specifications", "properties", "product_specifications"}
    | {"additional_attributes", "features", "details_list", "param", "params", "parameters"}
    | {"feature", "properties_list", "custom_attributes", "attribute"}
)
#: Words that change the meaning of a name.
_NOT_ITSELF = frozenset(
    {"alt", "text", "count", "width", "height", "position", "size", "type", "format", "hash", "md5"}
    | {"old", "compare", "cost", "wholesale", "shipping", "tax", "date", "currency", "previous"}
    | {"brand", "category", "vendor", "seller", "option", "variant", "attribute", "user", "meta"}
    | {"store", "shop", "supplier", "manufacturer", "seo", "discount", "id", "mrp", "mobile"}
)
#: Words that make a name one of a colour's code or picture, or of colours to choose from.
_NOT_A_COLOUR = frozenset(
    {"code", "id", "hex", "rgb", "image", "photo", "swatch", "url", "count", "option", "options"}
    | {"variant", "variants", "number", "map", "family", "available", "temperature", "background"}
)
#: "cover media url", "media path": a picture where a word for an address stands beside.
_MEDIA = frozenset({"media", "cover", "thumbnail", "gallery"})
_ADDRESS = frozenset({"url", "path", "link", "file", "src", "href", "uri"})
#: Words for a lower price, and for when or in what it holds.
_SALE = frozenset(
    {"promotional", "promotion", "promo", "special", "discounted", "reduced", "offer"}
)
_DATES = frozenset({"date", "from", "to", "start", "end", "currency", "type", "percent", "id"})
#: Words for pictures beside the main one.
_FURTHER = frozenset(
    {"gallery", "additional", "further", "extra", "other", "others", "more", "alternate"}
    | {"alternative", "secondary", "weitere", "zusatz"}
)
_NUMBER = re.compile(r"_?\d+$")
_DIGITS = re.compile(r"\d+")
#: Added to the rank of `@id` and `@type`: they name the record itself, in JSON-LD.
_OF_THE_FORMAT = 100
#: Lightspeed's `variant_option_one_name`.
_ORDER = {"one": "1", "two": "2", "three": "3", "four": "4", "five": "5"}
_NO_LETTERS = re.compile(r"[_\d]+")
_PRODUCT = re.compile(
    r"^(?:(?:product|item)(?=name|title|code|id$|price|image|photo|url|type|desc)"
    r"|(?:product|item|artikel|produkt|producto|produit|prodotto|produto)_|商品_?|产品_?|產品_?|宝贝_?"
    r"|상품_?|제품_?)"
    r"|_(?:товара|товару|продукта|produktu|(?:del?_|do_|du_)?(?:producto|produto|prodotto|produit))$"
)
#: Behind a price's name: "Розничная цена, руб.", "Preis in EUR".
_MONEY = re.compile(
    r"_(?:in_)?(?:eur|euro|usd|gbp|chf|руб|rub|грн|uah|zl|pln|kc|czk|kr|sek|tl|try)$"
)
_PLAIN_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "ı": "i", "đ": "d", "æ": "ae", "œ": "oe", "ß": "ss"}
)


def _without_brackets(name: str) -> str:
    """Return a name without what stands in brackets; of a longer one only the beginning counts."""
    return _BRACKETS.sub(" ", name[:LONGEST])


def normalise(name: str) -> str:
    """Return a name in lower case with single underscores: ``baseColour`` → ``base_colour``."""
    plain = _PREFIX.sub("", name.strip())
    plain = _PLURAL.sub(lambda match: match[0].capitalize(), plain)
    return _NO_WORD.sub("_", _CAMEL.sub("_", plain)).strip("_").lower()


def folded(name: str) -> str:
    """``normalise`` without accents: ``Größe`` → ``grosse``."""
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", normalise(name)))
    bare = "".join(letter for letter in text if not unicodedata.combining(letter))
    return unicodedata.normalize("NFC", bare.casefold().translate(_PLAIN_LETTERS))


def is_attribute_list(name: str) -> bool:
    """Tell whether a column lists attributes: "specs", also in "details.specs"."""
    return normalise(name.rpartition(".")[2]) in ATTRIBUTE_LISTS


def language(name: str) -> str:
    """Return the language at a name's end: ``title-en_US`` → ``en``; empty where there is none."""
    match = _LOCALE.search(name.strip())
    return match["language"][:2] if match and match["language"][:2] in _LANGUAGES else ""


@lru_cache(maxsize=8192)
def readings(name: str) -> tuple[str, ...]:
    """Return the forms of a name to look up in the table, the closest first.

    As it stands; without brackets; without what it is nested in ("variants.price"); without a
    language; without what stands behind a comma, a currency, or "product" beside it.
    """
    bare = _without_brackets(name)
    forms = [name, bare]
    if "." in bare.strip("."):
        forms.append(bare.strip(" .").rpartition(".")[2])
    if language(name):
        forms.append(_LOCALE.sub("", name.strip()))
    if language(bare):
        forms.append(_LOCALE.sub("", bare.strip()))
    forms.append(_CURRENCY.sub("", bare.strip()))
    forms.append(bare.partition(",")[0])
    keys = [folded(form) for form in forms]
    keys += [_MONEY.sub("", key) for key in keys]
    keys += [_PRODUCT.sub("", key) for key in keys]
    return tuple(key for key in dict.fromkeys(keys) if key)


def currency_of(name: str) -> str:
    """Return the currency in a price's name: ``Price (INR)`` → ``INR``; empty if there is none."""
    words = _NO_WORD.sub(" ", name[:LONGEST]).split()
    upper = next((word for word in words if word in _CURRENCIES), "")
    last = words[-1].upper() if words else ""
    return upper or (last if last in _CURRENCIES else "")


def numbered(name: str) -> str:
    """Return the name without a number at its end: ``IMAGE2`` → ``image``; empty if it has none."""
    key = readings(name)[-1] if readings(name) else ""
    bare = _NUMBER.sub("", key)
    return bare if bare != key else ""


@cache
def ranks(kind: str) -> Mapping[str, int]:
    """Return a field's names → how specific each is (0 is most specific)."""
    names = [name for text in _table()[kind].values() for name in text.split()]
    unique = dict.fromkeys(folded(name) for name in names)
    return {name: place for place, name in enumerate(unique)}


def rank(name: str, kind: str) -> tuple[int, int] | None:
    """Return how well a column's name fits a field: (parts removed, how specific), or ``None``.

    Brackets count for nothing: "Product ID [Non Editable]" is a product id.
    """
    places = ranks(kind)
    whole = folded(_without_brackets(name))
    for step, key in enumerate(readings(name)):
        if key in places:
            step = 0 if key == whole else step
            return step + _OF_THE_FORMAT * name.startswith("@"), places[key]
    return None


def language_of_name(name: str, kind: str) -> str:
    """Return the language in which a name means a field; empty for English or several."""
    key = next((key for key in readings(name) if key in ranks(kind)), "")
    tongues = [
        tongue
        for tongue, text in _table()[kind].items()
        if key in {folded(word) for word in text.split()}
    ]
    return tongues[0] if len(tongues) == 1 and tongues != ["en"] and tongues != ["all"] else ""


def says_loosely(name: str, kind: str) -> bool:
    """Tell whether one word of a longer name names a field: "Representative Image".

    Words that describe the field instead ("image alt text", "old price") exclude it.
    """
    words = set(folded(_without_brackets(name)).split("_"))
    if kind == "colour":
        return bool(words & _lone_words(kind)) and not words & _NOT_A_COLOUR
    if words & _NOT_ITSELF:
        return False
    is_picture = kind == "image" and words & _MEDIA and words & _ADDRESS
    return bool(is_picture or words & _lone_words(kind))


def is_sale_price(name: str) -> bool:
    """Tell whether a name says a price that counts for now: "price_promotional_EUR"."""
    words = set(folded(_without_brackets(name)).split("_"))
    return bool(words & _SALE and words & _lone_words("price")) and not words & _DATES


def is_further_picture(name: str) -> bool:
    """Tell whether a name says a picture beside the main one: "gallery image url 1"."""
    words = set(_NO_LETTERS.split(folded(name)))
    return bool(words & _FURTHER) and bool(words & (_lone_words("image") | _MEDIA))


@cache
def _lone_words(kind: str) -> frozenset[str]:
    return frozenset(word for word in ranks(kind) if "_" not in word) - _TOO_WIDE


def option_part(name: str) -> tuple[str, str, str] | None:
    """Return kind, number and part of an option's column, or ``None`` for other columns.

    "Attribut 1 Wert(e)" gives ``("attribut", "1", "value")``; parts are name, type and value.
    """
    key = folded(name)
    words = set(_NO_LETTERS.split(key))
    digits = _DIGITS.search(key)
    number = digits[0] if digits else next((n for word, n in _ORDER.items() if word in words), "")
    kind = next((word for word in ranks("option_kind") if word in key), "")
    if not number or not kind:
        return None
    for part in ("value", "name"):
        names = ranks(f"option_{part}")
        if any(word in words or (word > "\u3000" and word in key) for word in names):
            return kind, number, part
    if "type" in words or "description" in words:
        return kind, number, "type" if "type" in words else "value"
    return None


@cache
def _table() -> Mapping[str, Mapping[str, str]]:
    table: dict[str, dict[str, str]] = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return table
