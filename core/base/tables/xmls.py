"""Read XML feeds element by element: RSS and Atom in Google's form, and lists of products."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from core.base.tables.table_rows import LONGEST, BadTable, Content, TableRow, check_width

#: Number of elements that are read to find the repeated one.
_HEAD = 4000
#: Number of rows that are read to find the columns.
_HEAD_ROWS = 100
_DEEPEST = 60
#: Most elements of one row.
_MOST_ELEMENTS = 20_000
#: Names of elements that are rows, whatever else is repeated.
_ROWS = {
    "item", "entry", "product", "offer", "shopitem", "article", "artikel", "produkt", "row",
    "record", "producto", "produit", "prodotto", "produto",
}  # fmt: skip

_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
#: Salesforce's name of the language that is shown where none is asked for.
_DEFAULT = "x-default"
#: Attributes with an address, and with the name of a value: `<param name="Colour">Red</param>`.
_LINKS = ("href", "url", "src", "path", "location", "file")
_KEYS = ("name", "key", "attribute-id", "code")

Path = tuple[str, ...]


def read_xml(open_bytes: Callable[[], BinaryIO]) -> Content:
    """Open a file of repeated elements, each with the facts of one product in it.

    Raises:
        BadTable: It is no valid XML, declares entities of its own, or repeats no such element.
    """
    target = _target(open_bytes)
    rows = _rows(open_bytes, target)
    names: dict[str, None] = {}
    first = []
    for row in islice(rows, _HEAD_ROWS):
        first.append(row)
        names |= dict.fromkeys(row.cells)
    check_width(len(names))
    note = f"The rows are the elements “{target[-1][:60]}”."
    return Content("XML", tuple(names), chain(first, rows), notes=(note,))


@dataclass(slots=True)
class _Seen:
    """Content of a file's head under one path of names."""

    count: int = 0
    children: Counter[str] = field(default_factory=Counter)


def _target(open_bytes: Callable[[], BinaryIO]) -> Path:
    """Return the path of the elements that are rows."""
    seen: dict[Path, _Seen] = {}
    path: list[str] = []
    done = 0
    with open_bytes() as file, _sentences():
        for event, element in _events(file):
            if event == "start":
                path.append(_name(element.tag))
                if len(path) > 1:
                    seen.setdefault(tuple(path[:-1]), _Seen()).children[path[-1]] += 1
                seen.setdefault(tuple(path), _Seen()).count += 1
            else:
                path.pop()
                element.clear()
                done += 1
            if done >= _HEAD:
                break
    return _best(seen)


def _best(seen: dict[Path, _Seen]) -> Path:
    """Return the outermost named or repeated element that has several facts in it."""
    with_facts = [path for path, place in seen.items() if place.children and len(path) > 1]
    named = [path for path in with_facts if path[-1].lower() in _ROWS]
    repeated = [path for path in with_facts if seen[path].count > 1]
    lone = [path for path in with_facts if len(seen[path].children) > 1]
    for candidates in (named, repeated, lone):
        if candidates:
            return min(candidates, key=lambda path: (len(path), -seen[path].count))
    raise BadTable(
        "holds no list of products: an element that is repeated, with the product's facts in it, "
        "like “item” in a feed for Google Merchant Center."
    )


def _rows(open_bytes: Callable[[], BinaryIO], target: Path) -> Iterator[TableRow]:
    path: list[str] = []
    above: list[Element] = []
    number = size = 0
    with open_bytes() as file, _sentences():
        for event, element in _events(file):
            if event == "start":
                path.append(_name(element.tag))
                above.append(element)
                size = size + 1 if len(path) > len(target) else size
                if size > _MOST_ELEMENTS:
                    raise BadTable(f"holds a row of more than {_MOST_ELEMENTS:,} elements.")
                continue
            is_row = tuple(path) == target
            if is_row:
                number += 1
                yield TableRow(number, number, _cells(element))
                size = 0
            path.pop()
            above.pop()
            if above and (is_row or len(path) < len(target)):
                above[-1].remove(element)  # drop what was read


def _events(file: BinaryIO) -> Iterator[tuple[str, Element]]:
    depth = 0
    for event, element in iterparse(
        file, events=("start", "end"), forbid_dtd=False, forbid_entities=True
    ):
        depth += 1 if event == "start" else -1
        if depth > _DEEPEST:
            raise BadTable("is nested too deeply to be read.")
        yield event, element


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except DefusedXmlException:
        raise BadTable(
            "declares entities of its own, which are not read: they can make a small file endless "
            "or reach other files. Save it without them."
        ) from None
    except ParseError as error:
        raise BadTable(f"is not valid XML: {error}.") from None
    except (LookupError, UnicodeError, ValueError) as error:
        raise BadTable(f"can't be read as XML: {error}.") from None


def _cells(element: Element) -> dict[str, object]:
    """Return the cells of a row: its attributes and its inner elements."""
    cells: dict[str, object] = {_name(name): value for name, value in element.attrib.items()}
    cells |= _children(element)
    return cells


def _children(element: Element) -> dict[str, object]:
    """Name → text; a list where a name is repeated, a dictionary where elements are nested."""
    values: dict[str, list[object]] = {}
    languages: dict[str, list[str]] = {}
    for child in element:
        values.setdefault(_name(child.tag), []).append(_value(child))
        languages.setdefault(_name(child.tag), []).append(child.get(_LANGUAGE, ""))
    return {
        name: _in_languages(inner, languages[name]) if len(inner) > 1 else inner[0]
        for name, inner in values.items()
    }


def _in_languages(values: list[object], languages: list[str]) -> object:
    """Return the values by language; where none is said, or is the default, as XML has it."""
    if not all(languages):
        return values
    by_language = dict(zip(languages, values, strict=True))
    return by_language.get(_DEFAULT, by_language)


def _value(element: Element) -> object:
    text = (element.text or "").strip()[:LONGEST]
    if not len(element):
        link = next((value for name in _LINKS if (value := element.get(name))), "")
        named = next((value for name in _KEYS if (value := element.get(name))), "")
        if named and text:
            return {"name": named, "value": text}
        return text or link or element.get("value") or ""
    names = [_name(child.tag) for child in element]
    inner = _children(element)
    if len(set(names)) == 1 and len(names) > 1:  # <images><image/><image/></images>
        return next(iter(inner.values()))
    return inner


def _name(tag: str) -> str:
    """Return the name without its namespace: ``{http://base.google.com/ns/1.0}id`` → ``id``."""
    return str(tag).rpartition("}")[2]
