"""The files of a compact text tower, as its runtimes read them; without PyTorch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from safetensors import safe_open
from tokenizers import Tokenizer

from core.errors import WeightsUnavailable

#: Roles of the text towers: that of search, and that of grounder and rewriter.
TEXT_ROLE, GROUNDING_ROLE = "text-tower", "grounding-words"
#: The files of a tower, in the order in which its fingerprint reads them.
FILES = ("config.json", "tokenizer.json", "model.safetensors")


@dataclass(frozen=True, slots=True)
class TowerConfig:
    """The fields of ``config.json`` besides the backbone's own sizes.

    Attributes:
        dim: Length of a vector.
        hidden: Width of the projection's non-linear branch; 0 for a linear projection.
        max_tokens: Longest text, tokens; longer texts are cut.
    """

    dim: int = 512
    hidden: int = 0
    max_tokens: int = 64


def prepared(tokenizer: Tokenizer, config: TowerConfig) -> Tokenizer:
    """Set a tokenizer up for a tower: it cuts long texts and pads none."""
    tokenizer.no_padding()
    tokenizer.enable_truncation(config.max_tokens)
    return tokenizer


def tokenized(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """Return token ids per text; accepts any Unicode text."""
    # Lone surrogates can be in a Python string but not in UTF-8, which the tokenizer needs.
    clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
    return [encoding.ids for encoding in tokenizer.encode_batch(clean)]


def hash_files(folder: Path) -> str:
    """Return a tower's fingerprint: SHA-256 over its files."""
    digest = hashlib.sha256()
    for name in FILES:
        digest.update(hashlib.sha256((folder / name).read_bytes()).digest())
    return digest.hexdigest()


def fingerprint_of(folder: Path) -> str:
    """Return a tower's fingerprint without loading the tower.

    Raises:
        WeightsUnavailable: A file is missing, incomplete or of another kind.
    """
    try:
        TowerConfig(**json.loads((folder / "config.json").read_text("utf-8"))["tower"])
        with safe_open(str(folder / "model.safetensors"), "numpy"):
            pass  # its header names the length that the file must have
        return hash_files(folder)
    except Exception as error:
        raise unreadable("The text tower", folder, error) from error


def unreadable(model: str, folder: Path, error: Exception) -> WeightsUnavailable:
    """Return the error for a model whose folder can't be read."""
    reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
    return WeightsUnavailable(
        f"{model} in {folder} can't be read ({reason}). "
        "Restore the folder from the project, or train it again (see its README.md)."
    )
