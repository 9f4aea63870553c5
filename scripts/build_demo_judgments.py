"""Write the demo's judgment set, ``data/demo/judgments``, from ``demo_picks/judgments``.

    python scripts/build_demo_judgments.py

``pool.csv`` has the pairs, ``a.csv`` and ``b.csv`` what two graders gave each of them, alone;
``decided.csv`` what they decided where they differed, and why; ``set.toml`` what people read of it.
The queries are those of ``demo_picks/queries.csv``; ``build_demo.py`` cuts out their pictures.
"""

from __future__ import annotations

import csv
import shutil
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import typer

ROOT = Path(__file__).resolve().parent.parent
#: Query id and item id.
Key = tuple[str, str]
Row = dict[str, str]


def main() -> None:
    """Check the picks and write the set."""
    try:
        build(ROOT / "scripts" / "demo_picks", ROOT / "data" / "demo")
    except ValueError as error:
        raise SystemExit(str(error)) from None


def build(picks: Path, demo: Path) -> None:
    """Write the set's files below the demo's folder.

    Raises:
        ValueError: Something does not fit; the text lists all of it, and nothing is written.
    """
    source, target = picks / "judgments", demo / "judgments"
    facts = tomllib.loads((source / "set.toml").read_text("utf-8"))
    queries = {row["query_id"]: _query(row) for row in _rows(picks / "queries.csv")}
    items = {row["item_id"] for row in _rows(demo / "items.csv") if row["title"]}
    pool = {_key(row) for row in _rows(source / "pool.csv")}
    files = {name: _rows(source / f"{name}.csv") for name in ("a", "b")}
    decided = source / "decided.csv"  # not there while nothing is decided
    files["decided"] = _rows(decided) if decided.exists() else []
    scale = {str(grade["value"]) for grade in facts["scale"]}
    problems = [*_pool_problems(pool, queries, items), *_grade_problems(files, pool, scale)]
    for query in queries.values():
        if query["picture"] and not (target / query["picture"]).is_file():
            problems.append(f"the picture of {query['query_id']} is missing: run build_demo.py")
    if problems:
        raise ValueError("The judgments do not fit together:\n" + "\n".join(problems))
    raters = (*facts["graders"], facts["decider"])
    by_rater = [{_key(row): row for row in rows} for rows in files.values()]
    order = {query_id: number for number, query_id in enumerate(queries)}
    _write(target / "queries.csv", ("query_id", "text", "item_id", "picture"), queries.values())
    _write(
        target / "labels.csv",
        ("query_id", "item_id", "grader", "grade", "note"),
        (
            {**rows[key], "note": rows[key].get("note", ""), "grader": rater}
            for key in sorted(pool, key=lambda key: (order[key[0]], key))
            for rater, rows in zip(raters, by_rater, strict=True)
            if key in rows
        ),
    )
    shutil.copy(source / "set.toml", target / "set.toml")


def _query(row: Row) -> Row:
    picture = f"pictures/{row['query_id']}.jpg" if row["photo"] else ""
    return {name: row[name] for name in ("query_id", "text", "item_id")} | {"picture": picture}


def _pool_problems(pool: set[Key], queries: Mapping[str, Row], items: set[str]) -> Iterator[str]:
    judged = {query_id for query_id, _ in pool}
    asked = {query["item_id"] for query in queries.values()} - {""}
    shown = asked | {item_id for _, item_id in pool}
    yield from (f"there is no query {name}" for name in sorted(judged - queries.keys()))
    yield from (f"there is no item {name}" for name in sorted(shown - items))
    yield from (f"the query {name} has no pair" for name in sorted(queries.keys() - judged))


def _grade_problems(
    files: Mapping[str, Sequence[Row]], pool: set[Key], scale: set[str]
) -> Iterator[str]:
    grades: dict[str, dict[Key, str]] = {}
    for name, rows in files.items():
        given = grades[name] = {}
        for row in rows:
            key, pair = _key(row), " ".join(_key(row))
            if key in given:
                yield f"{pair}: twice in {name}.csv"
            if key not in pool:
                yield f"{pair}: in {name}.csv, but not in the pool"
            if row["grade"] not in scale:
                yield f"{pair}: the grade “{row['grade']}” is not on the scale ({name}.csv)"
            if name == "decided" and not row["note"].strip():
                yield f"{pair}: decided without a reason"
            given[key] = row["grade"]
    for key in sorted(pool):
        missing = [name for name in ("a", "b") if key not in grades[name]]
        yield from (f"{' '.join(key)}: not graded in {name}.csv" for name in missing)
        differs = not missing and grades["a"][key] != grades["b"][key]
        if differs and grades["decided"] and key not in grades["decided"]:
            yield f"{' '.join(key)}: not decided"


def _key(row: Row) -> Key:
    return row["query_id"], row["item_id"]


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _write(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    typer.run(main)
