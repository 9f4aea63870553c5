"""Compute what large catalogues take from measured rates, and write the table of docs/scale.md.

python scripts/scale_table.py          # writes the table
python scripts/scale_table.py --check  # exit code 1 if it is out of date
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "scale.md"
BEGIN, END = "<!-- table: scripts/scale_table.py -->", "<!-- end of table -->"
SIZES = (1_000_000, 10_000_000, 50_000_000)
#: Machines with two cores that index at the same time.
MACHINES = (1, 100)
#: Engines whose vectors are stored: with and without the paper's method.
ENGINES = 2


@dataclass(frozen=True)
class Plan:
    """What a catalogue takes.

    Attributes:
        read_hours: Reading the rows of the file, on one core.
        plain_hours: Photos, grounding, texts and vectors where each photo shows the product alone;
            machine hours.
        cluttered_hours: The same where each photo shows much more; machine hours.
        index_hours: Building one engine's index on one machine, as long as it takes per row for
            1,000,000 rows.
        picture_gb: Stored pictures with thumbnails.
        table_gb: Items, groundings, rewrites and the vectors of both engines.
    """

    read_hours: float
    plain_hours: float
    cluttered_hours: float
    index_hours: float
    picture_gb: float
    table_gb: float


def rates() -> dict[str, float]:
    """Return the measured rates: those of large catalogues, and those that Home shows."""
    files = (ROOT / "data" / "costs.toml", ROOT / "benchmarks" / "scale.toml")
    entries = {k: v for file in files for k, v in tomllib.loads(file.read_text("utf-8")).items()}
    return {name: entry["value"] for name, entry in entries.items() if isinstance(entry, dict)}


def plan(items: int, rate: Mapping[str, float]) -> Plan:
    """Compute what a catalogue of so many items takes; every figure grows with their number."""
    return Plan(
        read_hours=items / rate["reading_rows_per_second"] / 3600,
        plain_hours=items * rate["plain_photo_seconds"] / 3600,
        cluttered_hours=items * rate["cluttered_photo_seconds"] / 3600,
        index_hours=items / 1_000_000 * rate["index_seconds_per_1000000"] / 3600,
        picture_gb=items * rate["picture_bytes"] / 1e9,
        table_gb=items * (rate["table_bytes"] + ENGINES * rate["vector_bytes"]) / 1e9,
    )


def table(rate: Mapping[str, float]) -> str:
    """Return the table as Markdown."""
    plans = [plan(items, rate) for items in SIZES]
    rows = [("", *(f"{items // 1_000_000} million" for items in SIZES))]
    rows.append(("reading the file, one core", *(_time(p.read_hours) for p in plans)))
    for machines in MACHINES:
        on = "one machine" if machines == 1 else f"{machines} machines"
        rows += [
            (f"plain photos, {on}", *(_time(p.plain_hours / machines) for p in plans)),
            (f"cluttered photos, {on}", *(_time(p.cluttered_hours / machines) for p in plans)),
        ]
    rows += [
        ("machine hours, plain to cluttered",
         *(f"{p.plain_hours:,.0f} to {p.cluttered_hours:,.0f}" for p in plans)),
        ("index of one engine, one machine", *(_time(p.index_hours) for p in plans)),
        ("pictures", *(f"{p.picture_gb:,.0f} GB" for p in plans)),
        ("tables with two engines' vectors", *(f"{p.table_gb:,.0f} GB" for p in plans)),
    ]  # fmt: skip
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|---|" + "---:|" * len(SIZES), *lines[1:]])


def _time(hours: float) -> str:
    if hours < 1:
        return f"{hours * 60:.0f} min"
    return f"{hours:,.1f} h" if hours < 48 else f"{hours / 24:,.1f} days"


def page(text: str) -> str:
    """Return the page with the table of now."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table(rates())}\n{END}{after}"


def main() -> None:
    """Write or check the page."""
    text = PAGE.read_text("utf-8")
    if "--check" in sys.argv[1:]:
        sys.exit(page(text) != text and f"{PAGE.name} is out of date: python {sys.argv[0]}")
    PAGE.write_text(page(text), "utf-8")


if __name__ == "__main__":
    main()
