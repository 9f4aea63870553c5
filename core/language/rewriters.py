"""Registry of rewriters for indexing, and the builders of the rewriting agent."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from core.errors import SettingsError
from core.language.photo_reader import PhotoReader
from core.language.recorded import RecordedRewriter
from core.language.rules import RuleRewriter
from core.ports.encoder import Encoder
from core.ports.rewriter import Rewriter
from core.settings import Settings

if TYPE_CHECKING:
    from core.language.calls import CallLog
    from core.language.claude import ClaudeRewriter
    from core.language.messages import Messages


#: Rewrites of the demo's listings that a language model wrote, by listing and photo.
RECORDING = "demo/recordings.jsonl"


def build_rewriter(settings: Settings, encoder: Encoder | None = None) -> Rewriter:
    """Build the rewriter of the settings' profile, which indexing uses.

    Args:
        settings: Profile and shipped files.
        encoder: The compact encoder; without it no rewriter looks at photos.

    Raises:
        SettingsError: The profile names an unknown rewriter, or a shipped file is broken.
    """
    name = settings.recipe.rewriter
    if name not in REWRITERS:
        raise SettingsError(
            f"The profile asks for the rewriter “{name[:40]}”; there are {', '.join(REWRITERS)}."
        )
    rewriter, recording = REWRITERS[name](settings, encoder), settings.shipped / RECORDING
    return RecordedRewriter(recording, rewriter) if recording.exists() else rewriter


def build_rules(settings: Settings, encoder: Encoder | None = None) -> RuleRewriter:
    """Build the offline rules, which need no network; with an encoder they look at photos, too.

    Raises:
        SettingsError: A shipped vocabulary is broken.
    """
    folder = settings.shipped / "vocabularies"
    if encoder is None:
        return RuleRewriter(folder)
    return RuleRewriter(folder, PhotoReader(encoder, folder / "sight.toml", settings.crop_padding))


#: Rewriters that a profile may name. To add one, write a module and a line here.
REWRITERS: dict[str, Callable[[Settings, Encoder | None], Rewriter]] = {"rules": build_rules}


def build_messages(settings: Settings, log: CallLog | None = None) -> Messages:
    """Build the client of the Messages API.

    Raises:
        SettingsError: It is not asked for, or there is no (plausible) key.
    """
    if settings.rewriter != "claude":
        raise SettingsError(
            "The rewriting agent is off. Set VLCLIP_REWRITER=claude and ANTHROPIC_API_KEY to use "
            "it; until then the offline rules write."
        )
    secret = settings.anthropic_api_key
    key = secret.get_secret_value().strip() if secret else ""
    if not key:
        raise SettingsError(
            "The rewriter “claude” needs a key: set ANTHROPIC_API_KEY, or VLCLIP_REWRITER=rules."
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise SettingsError("ANTHROPIC_API_KEY has characters in it that no key has.")
    from core.language.messages import Messages  # the SDK is loaded only when it is needed
    from core.language.model_prices import load_prices

    return Messages(
        key,
        settings.rewrite_model,
        timeout=settings.rewrite_timeout,
        effort=settings.rewrite_effort,
        log=log,
        prices=load_prices(settings.shipped / "prices.toml"),
    )


def build_agent(settings: Settings, log: CallLog | None = None) -> ClaudeRewriter:
    """Build the agent; raises as :func:`build_messages` does."""
    messages = build_messages(settings, log)
    from core.language.claude import ClaudeRewriter
    from core.language.prompts import load_prompts

    return ClaudeRewriter(
        messages, load_prompts(settings.shipped / "prompts"), settings.rewrite_rounds
    )
