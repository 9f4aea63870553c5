"""Read cells with several values: lists and dictionaries, as such or written as text."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping

from core.catalog.column_names import ranks

#: Longest text that is tried as a list or dictionary, in characters.
_LONGEST = 200_000
#: Longest text that is tried as Python's way of writing one, whose parser is slower.
_LONGEST_LITERAL = 20_000
#: How deep values are nested at most.
_DEEPEST = 12
_LANGUAGE = re.compile(r"[a-z]{2}([-_][A-Za-z]{2,4})?")
_TAGS = ("language_tag", "language", "lang", "locale", "@language")
_VALUES = (
    "value", "values", "text", "@value", "data", "name", "title", "label",
    "$oid", "$numberDecimal", "$numberDouble", "$numberLong", "$numberInt",  # MongoDB's exports
)  # fmt: skip
#: What Shopify, Medusa and Sylius write as the option of a product without options.
_NO_OPTION = {
    "default title", "default", "default variant", "default option", "default option value",
    "default value",
}  # fmt: skip
_RUBY = re.compile(r'(?<=["\]}\w])\s*=>\s*')


def unpacked(value: object) -> object:
    """Return a cell's value: text that holds a JSON or Python list or dictionary becomes one.

    Other text stays as it is.
    """
    if not isinstance(value, str):
        return value
    text = value.strip()
    if len(text) < 2 or text[0] + text[-1] not in ("[]", "{}") or len(text) > _LONGEST:
        return value
    for attempt in (text, _RUBY.sub(":", text) if "=>" in text else ""):
        if not attempt:
            continue
        try:
            return _shallow(json.loads(attempt), value)
        except (ValueError, RecursionError):
            pass
    if len(text) <= _LONGEST_LITERAL:
        try:
            return _shallow(ast.literal_eval(text), value)
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            pass
    return value


def _shallow(parsed: object, text: str) -> object:
    return parsed if isinstance(parsed, (list, tuple, Mapping)) and _depth(parsed) else text


def _depth(value: object, left: int = _DEEPEST) -> bool:
    """Return whether a value is nested no deeper than ``DEEPEST``."""
    if isinstance(value, Mapping):
        return left > 0 and all(_depth(inner, left - 1) for inner in value.values())
    if isinstance(value, (list, tuple)):
        return left > 0 and all(_depth(inner, left - 1) for inner in value)
    return True


def plain(value: object, left: int = _DEEPEST) -> object:
    """Return a value without the wrapping of languages: ``{"en": "Chair"}`` → ``Chair``.

    English is taken where it is there, else the first language. Of other dictionaries, the value
    under a name such as ``value`` or ``name`` is taken; without such a name the result is empty.
    """
    value = unpacked(value)
    if left <= 0:
        return None
    if isinstance(value, Mapping):
        return plain(_of_mapping(value), left - 1)
    if isinstance(value, (list, tuple)):
        tagged = [entry for entry in value if isinstance(entry, Mapping) and _tag(entry)]
        if tagged and len(tagged) == len(value):
            first = _tag(next((e for e in tagged if _tag(e).startswith("en")), tagged[0]))
            values = [plain(_of_mapping(e), left - 1) for e in tagged if _tag(e) == first]
            return values[0] if len(values) == 1 else values
        return [plain(entry, left - 1) for entry in value]
    return value


def first_of(values: Iterable[object]) -> object:
    """Return the first value that is not empty."""
    return next((value for value in values if not is_nothing(value)), None)


def is_nothing(value: object) -> bool:
    """Return whether a cell is empty."""
    if isinstance(value, str):
        return not value.strip() or value.strip() in ("[]", "{}")
    if isinstance(value, float):
        return value != value
    return value is None or (isinstance(value, (list, tuple, Mapping, bytes)) and not value)


def is_no_option(value: object) -> bool:
    """Tell whether an option's value says that there is nothing to choose, as shops write it."""
    return isinstance(value, str) and value.strip().lower() in _NO_OPTION


def _tag(entry: Mapping[object, object]) -> str:
    return str(next((entry[name] for name in _TAGS if entry.get(name)), ""))


def _of_mapping(value: Mapping[object, object]) -> object:
    names = [str(name) for name in value]
    if names and all(_LANGUAGE.fullmatch(name) for name in names):
        english = next((name for name in names if name.startswith("en")), names[0])
        by_name = {str(name): inner for name, inner in value.items()}
        return first_of([by_name[english], *by_name.values()])
    return first_of(value.get(name) for name in _VALUES)


def pairs(value: object, left: int = 4) -> Iterable[tuple[str, object]]:
    """Return the names and values in a cell: a dictionary, or a list of ``{"key": …, "value":
    …}``."""
    value = unpacked(value)
    if left <= 0:
        return
    if isinstance(value, Mapping):
        name = next((value[key] for key in ("key", "name", "attribute") if value.get(key)), None)
        said = next((key for key in ("value", "values") if key in value), None)
        if isinstance(name, str) and said:
            yield name, plain(value[said])
            return
        inner = next(iter(value.values())) if len(value) == 1 else None
        entries = [inner] if isinstance(inner, Mapping) and "value" in inner else inner
        if isinstance(entries, (list, tuple)) and all(isinstance(e, Mapping) for e in entries):
            yield from pairs(entries, left - 1)
            return
        yield from ((str(key), plain(inner)) for key, inner in value.items())
    elif isinstance(value, (list, tuple)):
        for entry in value[:200]:
            if isinstance(entry, Mapping):
                yield from pairs(entry, left - 1)


def price(value: object) -> object:
    """Return a price's text: ``{"amount": 19, "currency": "EUR"}`` → ``19 EUR``."""
    value = unpacked(value)
    if isinstance(value, (list, tuple)):
        return price(value[0]) if value else None
    if isinstance(value, Mapping):
        if any(str(name).startswith("$number") for name in value):
            return plain(value)
        by_name = {str(name).lower(): inner for name, inner in value.items()}
        amount = first_of(by_name.get(n) for n in ("amount", "value", "price", "data", "net"))
        currency = first_of(inner for name, inner in by_name.items() if name in ranks("currency"))
        if isinstance(amount, (Mapping, list, tuple)):
            return price(amount)
        return amount if currency is None or amount is None else f"{amount} {currency}"
    return value
