"""A small indexed catalogue and the agent over it, against the local Messages API server."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.app.agent_jobs import AgentJobs
from core.app.item_texts import ItemTexts
from core.app.library import Catalog, Library
from core.app.rewriting import RewritingService
from core.domain.usage import Spent
from core.language.claude import ClaudeRewriter
from core.language.messages import Messages
from core.language.model_prices import Price, Prices
from core.language.prompts import load_prompt, load_prompts
from core.language.request_pace import Pace
from core.language.visual_judge import VisualJudge
from core.pipeline.indexer import run_index
from core.ports.engines import IndexingModels
from core.settings import SHIPPED, Settings
from core.store.ledger import Ledger
from tests.core.language.messages_server import Answer, MessagesServer, draft, verdict
from tests.core.pipeline.small import bench, rows_of, write_catalog

KEY = "sk-ant-api03-very-secret-0123456789"
PRICES = Prices({"claude-test": Price(1.0, 5.0, 1.25, 0.1)}, batch=0.5)
ITEMS = 6

#: “Red chair” in thirty languages.
LANGUAGES = (
    "Roter Stuhl", "Chaise rouge", "Silla roja", "Sedia rossa", "Cadeira vermelha", "Rode stoel",
    "Röd stol", "Rød stol", "Punainen tuoli", "Czerwone krzesło", "Červená židle", "Piros szék",
    "Scaun roșu", "Crvena stolica", "Червен стол", "Красный стул", "Червоний стілець",
    "Κόκκινη καρέκλα", "Kırmızı sandalye", "كرسي أحمر", "כיסא אדום", "صندلی قرمز", "लाल कुर्सी",
    "লাল চেয়ার", "சிவப்பு நாற்காலி", "เก้าอี้สีแดง", "Ghế đỏ", "红色椅子", "赤い椅子", "빨간 의자",
)  # fmt: skip


def index_shop(data_dir: Path) -> None:
    """Index six items under the name ``shop``."""
    source = write_catalog(data_dir / "source", ITEMS)
    opened = Library(Settings(data_dir=data_dir)).create("shop")
    run_index(opened.store, opened.images, bench().models, rows_of(source, opened.images))


class Models:
    """What the use cases need of a ``ModelPool``."""

    def __init__(self, data_dir: Path, server: MessagesServer, retries: int = 0) -> None:
        self.ledger = Ledger(data_dir)
        self.server, self.retries = server, retries
        self.bench = bench()
        self.agent = ClaudeRewriter(self.messages(), load_prompts(SHIPPED / "prompts"), 3)
        self.judge = VisualJudge(
            self.messages(), load_prompt(SHIPPED / "prompts", "judge"), self.ledger
        )

    def messages(self) -> Messages:
        return Messages(
            KEY, "claude-test", base_url=self.server.url, timeout=20, max_retries=self.retries,
            log=self.ledger, prices=PRICES, pace=Pace(0.01),
        )  # fmt: skip

    def for_indexing(self, engines: object = None) -> IndexingModels:
        return self.bench.models


class Shop:
    """Use cases over a copy of an indexed catalogue; made again, it is another process."""

    def __init__(self, data_dir: Path, server: MessagesServer, retries: int = 0) -> None:
        settings = Settings(data_dir=data_dir)
        self.data_dir, self.server = data_dir, server
        self.library = Library(settings)
        self.models = Models(data_dir, server, retries)
        self.rewriting = RewritingService(self.library, self.models, settings)  # type: ignore[arg-type]
        vocabularies = settings.shipped / "vocabularies"
        self.item_texts = ItemTexts(self.library, self.models, vocabularies)  # type: ignore[arg-type]
        self.agent = AgentJobs(self.rewriting)

    @property
    def catalog(self) -> Catalog:
        return self.library.get("shop")

    def again(self) -> Shop:
        """Open the same directory, as a new process would see it."""
        return Shop(self.data_dir, self.server, self.models.retries)

    def texts(self) -> dict[str, str]:
        return {key: record.rewrite for key, record in self.catalog.store.items.records().items()}


def copy_shop(indexed: Path, target: Path, server: MessagesServer) -> Shop:
    shutil.copytree(indexed, target)
    return Shop(target, server)


def asked(shop: Shop) -> Counter[str]:
    """Count how often each question was handed in with a batch."""
    batches = shop.server.batches.values()
    return Counter(request["custom_id"] for batch in batches for request in batch["requests"])


def rounded(spent: Spent) -> Spent:
    """Round dollars, which differ in their last digits with the order in which they are added."""
    return replace(spent, dollars=round(spent.dollars, 9))


def words(question: dict[str, Any]) -> str:
    blocks = question["messages"][0]["content"]
    return "\n".join(block["text"] for block in blocks if block["type"] == "text")


def role(question: dict[str, Any]) -> str:
    """Return the form in which the question's role answers."""
    if question["output_config"]["format"]["schema"]["title"] == "GradeForm":
        return "GradeForm"
    return "Verdict" if "You are the evaluator" in words(question) else "Draft"


def title(question: dict[str, Any]) -> str:
    return re.search(r"<title>(.*?)</title>", words(question)).group(1)


def good_answer(question: dict[str, Any]) -> Answer:
    """Answer with a draft that has the title in it, refine it once, then praise it."""
    if role(question) == "Draft":
        better = "Suggestions:" in words(question)
        return draft(f"Seen {'better ' if better else ''}{title(question)}")
    if role(question) == "GradeForm":
        return Answer({"reason": "It fits.", "grade": 3})
    if "better" in words(question):
        return verdict(5, stop=True, why="All there.")
    return verdict(3, "Look closer.")


def log_of(data_dir: Path) -> str:
    """Everything in the files of a data directory, as text (to look for secrets in it)."""
    files = (path for path in data_dir.rglob("*") if path.is_file())
    return "".join(path.read_bytes().decode("latin-1") for path in files)


__all__ = ["ITEMS", "KEY", "Shop", "copy_shop", "good_answer", "index_shop", "json", "log_of"]
