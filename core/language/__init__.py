"""From a listing's words (and photo) to one short visual sentence."""

from core.language.rules import RuleRewriter
from core.ports.rewriter import Rewriter

__all__ = ["Rewriter", "RuleRewriter"]
