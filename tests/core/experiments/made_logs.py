"""Logs of made-up visitors with a known truth."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from core.experiments.model import Experiment, Variant

START = datetime(2026, 3, 1, tzinfo=UTC)
AB = Experiment(
    "ab", "A against B", variants=(Variant("a", "clip"), Variant("b", "vl-clip")), started=START
)
SHOWN = 5


def log(
    visitors: int = 2000,
    *,
    seed: int = 0,
    click_lift: float = 0.0,
    price_lift: float = 0.0,
    past: bool = False,
    loss: float = 0.0,
) -> pa.Table:
    """Make searches, exposures, clicks, carts and purchases of visitors in two variants.

    Args:
        visitors: Their number.
        seed: Of the random numbers.
        click_lift: How much more often visitors of “b” click.
        price_lift: How much more they pay.
        past: Whether they did something before the experiment, too.
        loss: Share of mobile visitors of “b” that the log misses.
    """
    rng = np.random.default_rng(seed)
    variant = rng.integers(0, 2, visitors)
    mobile = rng.random(visitors) < 0.5
    taste = rng.beta(2, 8, visitors)
    kept = ~((variant == 1) & mobile & (rng.random(visitors) < loss))
    rows: list[dict[str, object]] = []
    for past_days in (14, 0) if past else (0,):
        searches = rng.poisson(2, visitors) + 1
        for unit in np.flatnonzero(kept):
            base = {
                "unit": f"u{unit}",
                "experiment": "" if past_days else "ab",
                "variant": "" if past_days else "ab"[variant[unit]],
                "device": "mobile" if mobile[unit] else "desktop",
            }
            lift = 1 if past_days else 1 + click_lift * variant[unit]
            for search in range(searches[unit]):
                at = START.timestamp() + 86400 * (rng.random() * 7 - past_days) + 0.001 * search
                here = {**base, "query_id": f"{unit}-{past_days}-{search}", "session": f"s{unit}"}
                clicks = rng.random(SHOWN) < taste[unit] * lift
                bought = clicks & (rng.random(SHOWN) < 0.3)
                empty = rng.random() < 0.1
                rows.append({**here, "kind": "search", "time": at, "results": 0 if empty else 5})
                if empty:
                    continue
                rows += [{**here, "kind": "exposure", "time": at + 1, "item_id": f"i{place}",
                          "position": place + 1} for place in range(SHOWN)]  # fmt: skip
                for place in np.flatnonzero(clicks):
                    rows.append({**here, "kind": "click", "time": at + 5 + 20 * place,
                                 "item_id": f"i{place}"})  # fmt: skip
                for place in np.flatnonzero(bought):
                    price = rng.lognormal(3, 0.5) * (1 + price_lift * variant[unit])
                    sale = {**here, "time": at + 300, "item_id": f"i{place}", "amount": price}
                    rows += [{**sale, "kind": "cart"}, {**sale, "kind": "purchase",
                             "currency": "EUR"}]  # fmt: skip
    for number, row in enumerate(rows):
        row["event_id"] = f"e{number}"
        row["time"] = datetime.fromtimestamp(row["time"], UTC)  # type: ignore[arg-type]
    return pa.Table.from_pylist(
        rows,
        schema=pa.schema(
            [
                *((name, pa.string()) for name in ("event_id", "unit", "experiment", "variant",
                  "device", "query_id", "session", "kind", "item_id", "currency")),
                ("time", pa.timestamp("us", tz="UTC")), ("position", pa.int32()),
                ("results", pa.int32()), ("amount", pa.float64()),
            ]
        ),
    )  # fmt: skip
