"""The rewriter that the settings allow."""

from __future__ import annotations

from core.language.rewriter import Rewriter
from core.language.rules import RuleRewriter
from core.settings import Settings


def build_rewriter(settings: Settings) -> Rewriter:
    """The offline rules, which need no key and no network."""
    return RuleRewriter(settings.shipped / "vocabularies")
