"""Bind the recorded answers of a language model to the demo's listings and photos.

    python scripts/bind_recordings.py DIR

``DIR`` is a data directory in which the demo was read. The answers in
``demo_picks/recordings.jsonl`` were given by a multimodal language model that looked at each photo
and had the agent's own prompts and the listing as the agent gets it; it played all three roles.
Here they go through the agent's own loop, with its checks, into ``data/demo/recordings.jsonl``.
A listing that has changed since is written by the rules until it is recorded anew; answers that
were given on another day than the first ones have their own ``recorded``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.app.library import DEMO, Library  # noqa: E402
from core.domain import Item  # noqa: E402
from core.language.answers import Draft, DraftReply, Verdict, VerdictReply  # noqa: E402
from core.language.prompts import Prompts, load_prompts  # noqa: E402
from core.language.question import Question  # noqa: E402
from core.language.refinement_loop import Loop, Outcome, drive  # noqa: E402
from core.language.rewriters import RECORDING  # noqa: E402
from core.ports.keys import inputs_key  # noqa: E402
from core.settings import SHIPPED, load_settings  # noqa: E402

ANSWERS = ROOT / "scripts" / "demo_picks" / "recordings.jsonl"
ROUNDS = 5
HEAD = {"model": "Claude (Anthropic)", "recorded": "2026-11-28"}


def main(data_dir: Path) -> None:
    """Write ``data/demo/recordings.jsonl``."""
    settings = load_settings(data_dir=data_dir)
    prompts = load_prompts(settings.shipped / "prompts")
    answers = [json.loads(line) for line in ANSWERS.read_text("utf-8").splitlines()]
    records = Library(settings).get(DEMO).store.items.records({a["item_id"] for a in answers})
    lines: list[dict[str, Any]] = [HEAD]
    for given in answers:
        record = records.get(given["item_id"])
        if record is None:
            print(f"{given['item_id']}: not in the catalogue")
            continue
        outcome = play(record.item, given, prompts)
        if outcome.problem:
            print(f"{given['item_id']}: {outcome.problem}")
        rounds = [asdict(entry) for entry in outcome.rounds]
        bound = {"inputs": inputs_key(record.item), "item_id": given["item_id"], "rounds": rounds}
        day = {"recorded": given["recorded"]} if "recorded" in given else {}
        lines.append({**bound, **day})
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (SHIPPED / RECORDING).write_text(text, encoding="utf-8")
    print(f"{len(lines) - 1} recorded rewrites")


def play(item: Item, given: dict[str, Any], prompts: Prompts) -> Outcome:
    """Run the agent's loop over an item with the recorded answers."""
    drafts: Iterator[str] = iter(given["drafts"])
    verdicts: Iterator[dict[str, Any]] = iter(given["verdicts"])

    def answer(question: Question[Any]) -> DraftReply | VerdictReply:
        if question.form is DraftReply:
            return DraftReply(answer=Draft(description=next(drafts)))
        return VerdictReply(answer=Verdict(**next(verdicts)))

    return drive(Loop(prompts, item, None, ROUNDS).steps(), answer)


if __name__ == "__main__":
    typer.run(main)
