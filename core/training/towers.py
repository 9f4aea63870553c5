"""Load an engine's towers for training, and save them again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import normalize

from core.domain import Engine
from core.embedding import preprocess
from core.embedding.adapted import IMAGE_FILE
from core.embedding.compact import IMAGE_SIZE
from core.embedding.loaders import build_encoder, takes_adapter
from core.embedding.text_tower import TextTower
from core.embedding.torch_encoder import TorchEncoder
from core.errors import TrainingError
from core.settings import Settings
from core.training.learner import CompactText, Groups, Side
from core.weights import WeightStore, clip_from_onnx

#: How many of a tower's last blocks are trained: ``None`` for the whole tower, 0 for nothing.
Unlock = int | None


@dataclass(frozen=True, slots=True)
class Stack:
    """A tower's parts: its blocks from first to last, and the layers behind them."""

    whole: list[nn.Module | nn.Parameter]
    blocks: Sequence[nn.Module]
    head: list[nn.Module | nn.Parameter]

    def free(self, unlock: Unlock, which: str) -> list[nn.Parameter]:
        """Unlock and return the parameters to train; all others must be locked before.

        Raises:
            TrainingError: The tower has no such blocks.
        """
        if unlock is None:
            parts = self.whole
        elif unlock == 0:
            parts = []
        elif unlock > len(self.blocks):
            raise TrainingError(
                f"The {which} tower has {len(self.blocks)} blocks that can be unlocked one by one; "
                f"{unlock} is too many. “all” unlocks the whole tower."
            )
        else:
            parts = [*self.blocks[len(self.blocks) - unlock :], *self.head]
        values = [value for part in parts for value in _parameters(part)]
        for value in values:
            value.requires_grad_(True)
        return values


class ModelSide(Side):
    """One side of a two-tower model.

    Args:
        network: The model; both sides hold it.
        encode: What this side takes, to ``[n, d]``.
        free: Its unlocked parameters.
    """

    def __init__(
        self, network: nn.Module, encode: Callable[[Any], Tensor], free: list[nn.Parameter]
    ) -> None:
        super().__init__()
        self.network, self._encode, self._free = network, encode, free

    def forward(self, given: Any) -> Tensor:
        """Embed a batch: ``[n, d]``, L2-normalised."""
        return normalize(self._encode(given).float(), dim=-1)

    def groups(self, lr: float, lr_head: float) -> Groups:
        """Norms and biases are not decayed."""
        wide = [value for value in self._free if value.ndim > 1]
        flat = [value for value in self._free if value.ndim < 2]
        return [{"params": wide, "peak": lr}, {"params": flat, "peak": lr, "weight_decay": 0}]


class ImageSide(ModelSide):
    """The image side; the output of its locked part is computed once per picture and stored.

    Args:
        network: The model.
        tower: The image tower, where it is ``open_clip``'s vision transformer.
        encode: Pixels to ``[n, d]``.
        prepare: Pictures to the model's input.
        normalise: That input to pixels.
        free: Unlocked parameters.
        unlock: Number of unlocked blocks.
    """

    def __init__(
        self,
        network: nn.Module,
        tower: Any,
        encode: Callable[[Tensor], Tensor],
        prepare: Callable[[Sequence[Image.Image]], Tensor],
        normalise: Callable[[Tensor], Tensor],
        free: list[nn.Parameter],
        unlock: Unlock,
    ) -> None:
        before: Callable[[Tensor], Tensor] = _itself
        after: Callable[[Tensor], Tensor] = lambda pixels: encode(normalise(pixels))  # noqa: E731
        kept: type[np.floating] = np.float16
        if unlock == 0:
            before, after, kept = after, _itself, np.float32
        elif unlock is not None and is_vision_transformer(tower):
            blocks = list(tower.transformer.resblocks)
            locked, opened = blocks[: len(blocks) - unlock], blocks[len(blocks) - unlock :]
            before = lambda pixels: _through(locked, tower._embeds(normalise(pixels)))  # noqa: E731
            after = lambda tokens: _finish(tower, _through(opened, tokens))  # noqa: E731
        super().__init__(network, after, free)
        self.prepare, self._before, self._dtype = prepare, before, kept

    @torch.no_grad()
    def store(self, prepared: Tensor, bf16: bool) -> np.ndarray:
        """Return the stored form of pictures: pixels, tokens before open blocks, or vectors."""
        device = next(self.network.parameters()).device
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            features = self._before(prepared.to(device)).cpu()
        return (
            features.numpy()
            if features.dtype == torch.uint8
            else features.float().numpy().astype(self._dtype)
        )


class TowerPair(ABC):
    """The towers of an engine, fresh from its weights.

    Attributes:
        image: The image side.
        text: The text side.
        scale: Inverse temperature to start from.
        loader: Which loader reads what ``save`` writes.
    """

    image: ImageSide
    text: Side
    scale: float = 40.0
    loader: str

    @abstractmethod
    def save(self, folder: Path, scale: float) -> None:
        """Write the towers in their present state."""


class ModelPair(TowerPair):
    """Towers of an ``open_clip`` or ``CLIPModel`` checkpoint."""

    def __init__(
        self, encoder: TorchEncoder, loader: str, unlock_image: Unlock, unlock_text: Unlock
    ) -> None:
        loaded = encoder.load_fitted()
        network: Any = loaded.model
        self._loaded, self._network, self.loader = loaded, network, loader
        image, text = stacks(network)
        network.requires_grad_(False)
        self.image = ImageSide(
            network,
            getattr(network, "visual", None),
            loaded.image_features,
            loaded.pixels,
            _itself,
            image.free(unlock_image, "image"),
            unlock_image,
        )

        def words(texts: Sequence[str]) -> Tensor:
            device = network.logit_scale.device
            tokens = loaded.tokens(list(texts))
            return loaded.text_features({name: value.to(device) for name, value in tokens.items()})

        self.text = ModelSide(network, words, text.free(unlock_text, "text"))
        self.scale = float(network.logit_scale.detach().exp().clamp(max=100))

    @torch.no_grad()
    def save(self, folder: Path, scale: float) -> None:
        """Write the towers and the learnt temperature in the layout of their engine."""
        self._network.logit_scale.fill_(float(np.log(scale)))
        self._loaded.save(folder)


class CompactPair(TowerPair):
    """The compact towers: CLIP's ViT-B/16 and the studio's own text tower."""

    loader = "adapted"

    def __init__(
        self, weights: WeightStore, unlock_image: Unlock, unlock_text: Unlock, max_tokens: int
    ) -> None:
        visual = clip_from_onnx.load_visual(weights.path("clip-image")).requires_grad_(False)
        self._visual, self._origin = visual, weights.path("text-tower")
        self._tower = TextTower.load(self._origin)
        self.text = CompactText(self._tower, max_tokens, decay=0.85, unlocked=unlock_text)
        self.image = ImageSide(
            visual,
            visual,
            lambda pixels: visual(pixels),
            lambda images: torch.from_numpy(preprocess.prepare_squares(images, IMAGE_SIZE)),
            lambda batch: preprocess.normalise(batch, batch.device),
            _vision_stack(visual).free(unlock_image, "image"),
            unlock_image,
        )

    def save(self, folder: Path, scale: float) -> None:
        """Write the text tower's files and the image tower's unlocked tensors (half precision)."""
        self._tower.save(folder, self._origin / "tokenizer.json")
        changed = {
            name: value.detach().cpu().half().contiguous()
            for name, value in self._visual.named_parameters()
            if value.requires_grad
        }
        if changed:
            save_file(changed, str(folder / IMAGE_FILE))


def load_towers(
    engine: Engine,
    settings: Settings,
    weights: WeightStore,
    unlock_image: Unlock,
    unlock_text: Unlock,
    max_tokens: int = 24,
) -> TowerPair:
    """Return an engine's towers with so much of them unlocked.

    Raises:
        TrainingError: This engine's towers can't be trained, or nothing is unlocked.
        EngineUnavailable, WeightsUnavailable: They are not there.
    """
    if unlock_image == 0 and unlock_text == 0:
        raise TrainingError("Both towers are locked, so nothing can be learnt: unlock one.")
    towers = settings.towers(engine)
    if takes_adapter(towers):
        return CompactPair(weights, unlock_image, unlock_text, max_tokens)
    encoder = build_encoder(engine, settings, weights)
    if not isinstance(encoder, TorchEncoder) or towers is None:
        raise TrainingError(
            f"The engine “{engine.name}” was fine-tuned here already; start from what it grew from."
        )
    return ModelPair(encoder, towers.loader, unlock_image, unlock_text)


def is_vision_transformer(tower: Any) -> bool:
    """Tell whether it is ``open_clip``'s own, whose blocks can be run apart."""
    from open_clip.transformer import VisionTransformer

    return isinstance(tower, VisionTransformer)


def stacks(network: Any) -> tuple[Stack, Stack]:
    """Return the image tower and the text tower of a model of ``open_clip`` or ``transformers``."""
    if hasattr(network, "vision_model"):
        sides = []
        for which, tail in (("vision", "post_layernorm"), ("text", "final_layer_norm")):
            tower = getattr(network, f"{which}_model")
            out = getattr(network, "visual_projection" if which == "vision" else "text_projection")
            sides.append(
                Stack([tower, out], list(tower.encoder.layers), [getattr(tower, tail), out])
            )
        return sides[0], sides[1]
    words = network.text if hasattr(network, "text") else network
    names = ("token_embedding", "positional_embedding", "cls_emb", "transformer", "ln_final")
    parts = [getattr(words, name, None) for name in (*names, "text_projection")]
    blocks = getattr(getattr(words, "transformer", None), "resblocks", [])
    text = Stack(
        [words] if words is not network else [part for part in parts if part is not None],
        list(blocks),
        [part for part in parts[4:] if part is not None],
    )
    return _vision_stack(network.visual), text


def _vision_stack(visual: Any) -> Stack:
    if is_vision_transformer(visual):
        head = [visual.ln_post, visual.proj, *filter(None, [visual.attn_pool])]
        return Stack([visual], list(visual.transformer.resblocks), head)
    trunk = getattr(visual, "trunk", None)
    names = ("norm", "fc_norm", "attn_pool", "head_norm", "head")
    head = [part for name in names if (part := getattr(trunk, name, None)) is not None]
    return Stack(
        [visual],
        list(getattr(trunk, "blocks", [])),
        [*head, getattr(visual, "head", nn.Identity())],
    )


def _parameters(part: nn.Module | nn.Parameter) -> list[nn.Parameter]:
    return [part] if isinstance(part, nn.Parameter) else list(part.parameters())


def _itself(given: Tensor) -> Tensor:
    return given


def _through(blocks: Sequence[nn.Module], tokens: Tensor) -> Tensor:
    for block in blocks:
        tokens = block(tokens)
    return tokens


def _finish(tower: Any, tokens: Tensor) -> Tensor:
    """Pool and project tokens, as ``VisionTransformer.forward`` does behind its blocks."""
    pooled: Tensor = tower._pool(tokens)[0]
    return pooled if tower.proj is None else pooled @ tower.proj
