"""``search``: one query, one engine, hits as a table or JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from core.app.studio import Studio
from core.base.percentages import percent
from core.domain import Box, Comparison, Filters, Match, Query, SearchResult
from core.errors import QueryError
from core.search.result_files import format_of

#: The engine of a catalogue for which none was chosen.
USUAL = "vl-clip"


def search(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="Words to look for.")] = "",
    image: Annotated[Path | None, typer.Option(help="A picture to look for.")] = None,
    item: Annotated[str, typer.Option(help="More like this catalogue item (its id).")] = "",
    region: Annotated[
        str, typer.Option(help="Only this part of the picture: x,y,width,height in its pixels.")
    ] = "",
    minus: Annotated[str, typer.Option(help="Words to move away from.")] = "",
    engine: Annotated[
        str | None,
        typer.Option(
            help="Engine to ask, else the catalogue's, else vl-clip; several, with commas, are "
            "compared."
        ),
    ] = None,
    catalog: Annotated[str | None, typer.Option(help="Catalogue to search.")] = None,
    department: Annotated[list[str] | None, typer.Option(help="Only these departments.")] = None,
    product_type: Annotated[list[str] | None, typer.Option(help="Only these types.")] = None,
    attribute: Annotated[
        list[str] | None, typer.Option(help="Only items with this, for example colour:red.")
    ] = None,
    price_from: Annotated[float | None, typer.Option(min=0, help="Lowest price.")] = None,
    price_to: Annotated[float | None, typer.Option(min=0, help="Highest price.")] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="Number of hits.")] = 20,
    cutoff: Annotated[bool, typer.Option(help="Hide weak matches.")] = True,
    fold: Annotated[bool, typer.Option(help="Fold near-duplicate photos.")] = True,
    words: Annotated[bool, typer.Option(help="Fuse with full-text search.")] = True,
    language: Annotated[
        str, typer.Option(help="Language of the words, for example de; found if not given.")
    ] = "",
    any_type: Annotated[
        bool, typer.Option("--any-type", help="With --item: items of other types, too.")
    ] = False,
    varied: Annotated[
        bool, typer.Option("--varied", help="Let the first hits differ from each other.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    export: Annotated[
        Path | None,
        typer.Option(help="Write the hits to a .csv, .xlsx (with thumbnails) or .json file, too."),
    ] = None,
) -> None:
    """Search a catalogue by words, a picture, both, or a known item; with one engine or several."""
    if export:
        format_of(export.name)  # report a wrong ending before the search
    studio = Studio(context.obj)
    query = Query(
        text=text,
        image=studio.read_image(image) if image else None,
        item_id=item,
        region=_region(region, bool(image or item)),
        minus=minus,
        filters=Filters(
            tuple(department or ()),
            tuple(product_type or ()),
            _attributes(attribute or []),
            price_from,
            price_to,
        ),
        k=k,
        cutoff=cutoff,
        fold_duplicates=fold,
        fulltext=words,
        language=language,
        any_type=any_type,
        varied=varied,
    )
    info = studio.catalog(catalog)
    engines = [name.strip() for name in (engine or "").split(",") if name.strip()]
    if len(engines) > 1:
        comparison = studio.compare(query, list(dict.fromkeys(engines)), info.name)
        results = comparison.results
        spelled = _compared_json if as_json else _compared_table
        print(spelled(comparison, info.name))
    else:
        result = studio.search(query, engines[0] if engines else info.engine or USUAL, info.name)
        results = (result,)
        print(_as_json(result, info.name) if as_json else _as_table(result, info.name))
    if export:
        service = studio.exporting
        picture = image.name if image else ""
        service.write(service.of_search(results, query, info.name, picture=picture), export)
        count = sum(len(result.hits) for result in results)
        print(f"Wrote {count} hits to {export}.", file=sys.stderr if as_json else None)


def _compared_json(comparison: Comparison, catalog: str) -> str:
    table = {
        "catalog": catalog,
        "engines": {result.engine: _as_dict(result, catalog) for result in comparison.results},
        "overlap": [
            {"first": first, "second": second, "overlap": overlap}
            for (first, second), overlap in comparison.overlap.items()
        ],
    }
    return json.dumps(table, ensure_ascii=False, indent=2)


def _compared_table(comparison: Comparison, catalog: str) -> str:
    """Return the hits of each engine below each other, and how far the engines agree."""
    tables = [f"{result.engine}:\n{_as_table(result, catalog)}" for result in comparison.results]
    shared = [
        f"{first} and {second} share {percent(overlap)} of their hits."
        for (first, second), overlap in comparison.overlap.items()
    ]
    return "\n\n".join([*tables, "\n".join(shared)])


def _attributes(spelled: list[str]) -> tuple[tuple[str, str], ...]:
    pairs = [text.partition(":") for text in spelled]
    wrong = next((text for text, (name, _, value) in zip(spelled, pairs, strict=True)
                  if not name or not value), None)  # fmt: skip
    if wrong is not None:
        raise QueryError(
            f"--attribute takes NAME:VALUE, for example colour:red; got “{wrong[:60]}”."
        )
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)


def _region(spelled: str, picture: bool) -> Box | None:
    if not spelled:
        return None
    if not picture:
        raise QueryError("A region is a part of a picture: give --image or --item with it.")
    box = Box.read(spelled)
    if box is None:
        raise QueryError(
            f"“{spelled[:60]}” is no region. Spell it x,y,width,height in pixels, "
            "for example 40,60,200,180."
        )
    return box


def _as_json(result: SearchResult, catalog: str) -> str:
    return json.dumps(_as_dict(result, catalog), ensure_ascii=False, indent=2)


def _as_dict(result: SearchResult, catalog: str) -> dict[str, object]:
    return {
        "catalog": catalog,
        "engine": result.engine,
        "fingerprint": result.fingerprint,
        "encode_ms": round(result.encode_ms, 1),
        "search_ms": round(result.search_ms, 1),
        "cut": result.cut,
        "language": result.language,
        "close": result.close,
        "verdict": result.verdict,
        "unwanted": result.unwanted,
        "off_colour": result.off_colour,
        "hits": [
            {
                "rank": hit.rank,
                "item_id": hit.item.item_id,
                "title": hit.item.title,
                "product_type": hit.item.product_type,
                "department": hit.item.department,
                "score": hit.score,
                "cosine": hit.cosine,
                "probability": hit.probability,
                "photo_match": _strength(hit.photo),
                "words_match": _strength(hit.words),
                "reasons": list(hit.reasons),
                "duplicates": list(hit.duplicates),
            }
            for hit in result.hits
        ],
    }


def _strength(match: Match | None) -> str | None:
    return match.strength.value if match is not None else None


def _as_table(result: SearchResult, catalog: str) -> str:
    notes = [note for note in (result.verdict, result.off_colour) if note]
    if result.unwanted:
        notes.append(f"Left out, as your words say: {result.unwanted}.")
    if not result.hits:
        none = "" if notes else "Nothing matches. "
        return " ".join([*notes, f"{none}Try fewer words, no filters, or --no-cutoff."])
    width = max(len(hit.item.item_id) for hit in result.hits)
    lines = [
        f"{hit.rank:>4}  {hit.item.item_id:<{width}}  {hit.score:.4f}  "
        f"{hit.item.title[:70]}" + (f"  [{'; '.join(hit.reasons)}]" if hit.reasons else "")
        for hit in result.hits
    ]
    took = result.encode_ms + result.search_ms
    return "\n".join(
        [*notes, *lines, f"{len(result.hits)} hits in {catalog}, {result.engine}, {took:.0f} ms"]
    )
