"""The compact text tower behind one protocol, in PyTorch or in ONNX Runtime."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Protocol

import numpy as np
from tokenizers import Tokenizer

from core.embedding import text_graph
from core.embedding.tower_files import TowerConfig, hash_files, prepared, tokenized
from core.ports.encoder import Vectors
from core.runtime.onnx_model import OnnxModel


class TextReader(Protocol):
    """A text tower that is only read with.

    Attributes:
        tokenizer: Its tokenizer.
    """

    tokenizer: Tokenizer

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the files of the tower."""
        ...

    def encode(self, texts: Sequence[str], batch_size: int = 64) -> Vectors:
        """Embed texts: ``[n, dim] float32, L2-normalised``, in the given order."""
        ...


class OnnxTextTower:
    """The tower in ONNX Runtime, in one thread; it does not import ``transformers``.

    Args:
        folder: The tower's own files.
        model: A file that ``text_graph`` built of them.
    """

    def __init__(self, folder: Path, model: OnnxModel) -> None:
        stored = json.loads((folder / "config.json").read_text("utf-8"))
        config = TowerConfig(**stored["tower"])
        self.tokenizer = prepared(Tokenizer.from_file(str(folder / "tokenizer.json")), config)
        self.fingerprint = hash_files(folder)
        self._model, self._dim = model, config.dim

    def encode(self, texts: Sequence[str], batch_size: int = 64) -> Vectors:
        """Embed texts; those of one length go together, so none is padded."""
        ids = tokenized(self.tokenizer, texts)
        out = np.zeros((len(ids), self._dim), np.float32)
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        for length, rows in groupby(order, key=lambda row: len(ids[row])):
            alike, places = list(rows), np.arange(length)
            for start in range(0, len(alike), batch_size):
                chosen = alike[start : start + batch_size]
                batch = np.array([ids[row] for row in chosen], np.int64)
                inputs = {text_graph.IDS: batch, text_graph.PLACES: places}
                (out[chosen],) = self._model.run([text_graph.VECTORS], inputs)
        return out
