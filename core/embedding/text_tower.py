"""The compact text tower: MiniLM and a projection into the vector space of CLIP ViT-B/16."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from core.embedding.tower_files import TowerConfig, hash_files, prepared, tokenized, unreadable

if TYPE_CHECKING:  # slow to import
    from transformers import BertModel


class Projection(nn.Module):
    """A linear map, plus a GELU branch if ``hidden`` is positive (initialised to zero)."""

    def __init__(self, width: int, dim: int, hidden: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, dim)
        self.branch: nn.Module | None = None
        if hidden:
            last = nn.Linear(hidden, dim)
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
            self.branch = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), last)

    def forward(self, pooled: Tensor) -> Tensor:
        """Project ``[n, width]`` to ``[n, dim]``."""
        out: Tensor = self.linear(pooled)
        return out if self.branch is None else out + self.branch(pooled)


class TextTower(nn.Module):
    """A model that turns texts into vectors comparable with CLIP's image vectors by cosine.

    Args:
        backbone: The transformer.
        tokenizer: Its fast tokenizer.
        config: Sizes.
    """

    def __init__(self, backbone: BertModel, tokenizer: Tokenizer, config: TowerConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = backbone
        self.projection = Projection(backbone.config.hidden_size, config.dim, config.hidden)
        self.tokenizer = prepared(tokenizer, config)
        self._fingerprint = ""

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the files it was loaded from or saved to; empty before that."""
        return self._fingerprint

    @classmethod
    def from_backbone(cls, folder: Path, config: TowerConfig) -> TextTower:
        """Make an untrained tower from a MiniLM in its publisher's layout, to start training.

        Raises:
            WeightsUnavailable: A file is missing or damaged.
        """
        try:
            sizes = json.loads((folder / "config.json").read_text("utf-8"))
            state = load_file(str(folder / "model.safetensors"))
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            backbone = _bert(sizes)
            state.pop("embeddings.position_ids", None)
            weights = {k: v for k, v in state.items() if not k.startswith("pooler.")}
            backbone.load_state_dict(weights, strict=True)
        except Exception as error:
            raise unreadable("The text backbone", folder, error) from error
        return cls(backbone, tokenizer, config)

    @classmethod
    def load(cls, folder: Path) -> TextTower:
        """Load a trained tower in float32 and evaluation mode, without gradients.

        Raises:
            WeightsUnavailable: A file is missing or damaged.
        """
        try:
            stored = json.loads((folder / "config.json").read_text("utf-8"))
            config = TowerConfig(**stored["tower"])
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            tower = cls(_bert(stored["backbone"]), tokenizer, config)
            state = load_file(str(folder / "model.safetensors"))
            tower.load_state_dict({k: v.float() for k, v in state.items()}, strict=True)
            tower._fingerprint = hash_files(folder)
        except Exception as error:
            raise unreadable("The text tower", folder, error) from error
        return tower.eval().requires_grad_(False)

    def save(self, folder: Path, tokenizer_file: Path | None = None) -> None:
        """Write the tower's three files, weights in float16.

        Args:
            folder: Created if it is missing.
            tokenizer_file: Copied if given; else the tokenizer in memory is written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        stored = {"tower": asdict(self.config), "backbone": self.backbone.config.to_diff_dict()}
        text = json.dumps(stored, indent=2, sort_keys=True, default=str)
        (folder / "config.json").write_text(text + "\n", "utf-8")
        if tokenizer_file is None:
            self.tokenizer.save(str(folder / "tokenizer.json"))
        elif tokenizer_file.resolve() != (folder / "tokenizer.json").resolve():
            shutil.copyfile(tokenizer_file, folder / "tokenizer.json")
        state = {k: v.detach().cpu().half().contiguous() for k, v in self.state_dict().items()}
        save_file(state, str(folder / "model.safetensors"))
        self._fingerprint = hash_files(folder)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Embed token ids ``[n, t]`` with their mask: ``[n, dim]``, L2-normalised."""
        hidden = self.backbone(input_ids=input_ids, attention_mask=attention_mask)
        mask = attention_mask.unsqueeze(-1).to(hidden.last_hidden_state.dtype)
        pooled = (hidden.last_hidden_state * mask).sum(1) / mask.sum(1).clamp(min=1)
        return nn.functional.normalize(self.projection(pooled).float(), dim=-1)

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """Return token ids per text, cut at ``max_tokens``; accepts any Unicode text."""
        return tokenized(self.tokenizer, texts)

    @torch.inference_mode()
    def encode(self, texts: Sequence[str], batch_size: int = 64) -> npt.NDArray[np.float32]:
        """Embed texts: ``[n, dim] float32, L2-normalised``, in the given order."""
        ids = self.tokenize(texts)
        out = np.zeros((len(ids), self.config.dim), dtype=np.float32)
        order = np.argsort([len(row) for row in ids], kind="stable")  # similar lengths pad less
        device = self.projection.linear.weight.device
        for start in range(0, len(ids), batch_size):
            chosen = order[start : start + batch_size]
            batch, mask = pad([ids[i] for i in chosen])
            out[chosen] = self(batch.to(device), mask.to(device)).cpu().numpy()
        return out


def pad(ids: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Return token ids and attention mask, each ``[n, longest] int64``, padded with zeros."""
    longest = max(len(row) for row in ids)
    batch = torch.zeros(len(ids), longest, dtype=torch.long)
    mask = torch.zeros_like(batch)
    for i, row in enumerate(ids):
        batch[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = 1
    return batch, mask


def _bert(sizes: dict[str, Any]) -> BertModel:
    from transformers import BertConfig, BertModel

    config = BertConfig(**{k: v for k, v in sizes.items() if k != "transformers_version"})
    return BertModel(config, add_pooling_layer=False)
