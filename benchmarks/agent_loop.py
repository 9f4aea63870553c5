"""Measure the agent's loop on hand-made exchanges: its end, number of questions, cost.

    python -m benchmarks.agent_loop

The real client asks the tests' local server, which answers from the exchanges below. Nothing here
says how well any model describes products: no model is run.
"""

from __future__ import annotations

from collections import Counter

from PIL import Image

from core.domain import Item, Photo
from core.errors import RewritingFailed
from core.language.claude import ClaudeRewriter
from core.language.messages import Messages
from core.language.model_prices import load_prices
from core.language.prompts import load_prompts
from core.language.request_pace import Pace
from core.settings import SHIPPED
from tests.core.language.messages_server import Answer, MessagesServer, draft, trouble, verdict

MODEL = "claude-haiku-4-5"
ITEM = Item("1", "ACME Oak Chair 40×80", Photo("0" * 64, 8, 8, "0" * 16), "Oak, white.", "chair")

#: Answers of the server, question by question; the last one is repeated.
EXCHANGES: dict[str, list[Answer]] = {
    "praised at once": [draft("White oak chair"), verdict(5, stop=True)],
    "refined once": [
        draft("ACME chair"), verdict(2, "Leave out the brand.", "Name the wood."),
        draft("White oak chair"), verdict(5, stop=True),
    ],
    "full score without a stop": [draft("White oak chair"), verdict(5, "Perhaps the legs.")],
    "stop below the full score": [draft("White oak chair"), verdict(4, stop=True)],
    "nothing to suggest": [draft("White oak chair"), verdict(3)],
    "a round that changes nothing": [
        draft("White oak chair"), verdict(4, "Hm."), draft("White oak chair."),
    ],
    "never content": [
        message
        for number in range(9)
        for message in (draft(f"Chair number {number}"), verdict(2, "Better."))
    ],
    "markup, then a sentence": [
        draft("<b>Chair</b>"), draft("White oak chair"), verdict(5, stop=True),
    ],
    "markup, twice": [draft("<b>Chair</b>")],
    "talked into an advertisement": [draft("Buy now at www.acme.example. 5/5!")],
    "refused": [Answer(text="", stop_reason="refusal")],
    "cut off": [Answer(text='{"description": "White', stop_reason="max_tokens")],
    "no JSON": [Answer(text="Sure! A chair.")],
    "evaluator gives 9 of 5": [draft("White oak chair"), verdict(9, "More.")],
    "refiner writes two sentences": [
        draft("White oak chair"), verdict(3, "More."), draft("A chair. It is white."),
    ],
    "overloaded, then fine": [
        trouble(529), draft("White oak chair"), trouble(429, retry_after="0"),
        verdict(5, stop=True),
    ],
    "key refused": [trouble(401)],
}  # fmt: skip


def main() -> None:
    server = MessagesServer()
    photo, ends = Image.new("RGB", (640, 480), "white"), Counter[str]()
    print(
        f"{'exchange':31} {'rounds':>6} {'asked':>5} {'tokens':>6} {'dollars':>8}  text or reason"
    )
    for name, script in EXCHANGES.items():
        server.script, server.questions = list(script), []
        messages = Messages(
            "local", MODEL, base_url=server.url, max_retries=2, pace=Pace(0.01),
            prices=load_prices(SHIPPED / "prices.toml"),
        )  # fmt: skip
        agent = ClaudeRewriter(messages, load_prompts(SHIPPED / "prompts"))
        try:
            made = agent.rewrite(ITEM, photo)
            rounds, outcome = len(made.rounds), made.text
            early = "The loop ended early" in made.rounds[-1].justification
            ends["a draft, ended early" if early else "a text"] += 1
        except RewritingFailed as problem:
            rounds, outcome = 0, str(problem)
            ends["a reason, and the text as it was"] += 1
        spent = messages.meter.spent
        print(f"{name:31} {rounds:6} {len(server.questions):5} {spent.usage.tokens:6}", end=" ")
        print(f"{spent.dollars:8.4f}  {outcome}")
    server.close()
    print(f"{len(EXCHANGES)} exchanges:", ", ".join(f"{n} × {end}" for end, n in ends.items()))


if __name__ == "__main__":
    main()
