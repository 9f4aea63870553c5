"""The rewriter that the settings ask for."""

from __future__ import annotations

from core.errors import SettingsError
from core.language.rewriter import Rewriter
from core.language.rules import RuleRewriter
from core.settings import Settings


def build_rewriter(settings: Settings) -> Rewriter:
    """The offline rules, or Claude where the settings ask for it and there is a key.

    Raises:
        SettingsError: Claude is asked for without a (plausible) key, or a shipped file is broken.
    """
    if settings.rewriter == "rules":
        return RuleRewriter(settings.shipped / "vocabularies")
    secret = settings.anthropic_api_key
    key = secret.get_secret_value().strip() if secret else ""
    if not key:
        raise SettingsError(
            "The rewriter “claude” needs a key: set ANTHROPIC_API_KEY, or VLCLIP_REWRITER=rules."
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise SettingsError("ANTHROPIC_API_KEY has characters in it that no key has.")
    from core.language.claude import ClaudeRewriter  # the SDK is loaded only when it is needed
    from core.language.messages import Messages
    from core.language.prompts import load_prompts

    return ClaudeRewriter(
        Messages(key, settings.rewrite_model),
        load_prompts(settings.shipped / "prompts"),
        settings.rewrite_rounds,
    )
