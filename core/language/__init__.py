"""From a listing's words (and photo) to one short visual sentence."""

from core.language.rewriter import Rewriter
from core.language.rules import RuleRewriter

__all__ = ["Rewriter", "RuleRewriter"]
