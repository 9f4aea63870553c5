"""Any ``open_clip`` model: a name with a pretrained tag, ``hf-hub:owner/name``, ``local-dir:path``.

Preprocessing, tokenizer and context length come with the model. A model without weights is an
error here; ``open_clip`` itself would use random ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from core.embedding.loader import LOCAL_DIR, Recipe
from core.embedding.preprocess import to_rgb
from core.embedding.tokenizer_check import check_tokenizer, vocabulary_of
from core.embedding.torch_encoder import LoadedModel, TorchEncoder
from core.errors import WeightsUnavailable
from core.ports.encoder import Encoder
from core.weights.broken import LOAD_ERRORS, explain
from core.weights.hub import unreachable

CONFIG = "open_clip_config.json"
WEIGHT_SUFFIXES = (".safetensors", ".bin", ".pth")


class OpenClipEncoder(TorchEncoder):
    """An ``open_clip`` model.

    Args:
        model: Name for ``open_clip``.
        pretrained: Its pretrained tag, for names without a schema.
        title: Name for people, in error sentences.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        precision: ``auto``, ``float32`` or ``bfloat16``.
        fit: How pictures become square (``Towers.fit``).
    """

    def __init__(
        self,
        model: str,
        pretrained: str = "",
        *,
        title: str = "",
        device: str = "auto",
        precision: str = "auto",
        fit: str = "",
    ) -> None:
        super().__init__(device, precision, fit)
        self.model, self.pretrained, self.title = model, pretrained, title or model

    def load(self) -> LoadedModel:
        """Load model, transform and tokenizer.

        Raises:
            WeightsUnavailable: The model or its weights can't be loaded, or do not match.
        """
        import open_clip

        if self.model.startswith(LOCAL_DIR):
            check_local_dir(Path(self.model.removeprefix(LOCAL_DIR)), self.title)
        try:
            model, transform = open_clip.create_model_from_pretrained(
                self.model, pretrained=self.pretrained or None, precision="fp32", device="cpu"
            )
            tokenizer: Any = open_clip.get_tokenizer(self.model)
        except LOAD_ERRORS as error:
            raise WeightsUnavailable(self._explain(error)) from None
        network: Any = model.eval().requires_grad_(False)
        inner = getattr(tokenizer, "tokenizer", None)  # of transformers, in open_clip's wrapper
        if inner is not None:
            check_tokenizer(tokenizer, len(inner), vocabulary_of(network), self.title)

        def pixels(images: Sequence[Image.Image]) -> Tensor:
            return torch.stack([transform(to_rgb(image)) for image in images])

        def tokens(texts: Sequence[str]) -> dict[str, Tensor]:
            return {"text": tokenizer(list(texts))}

        def save(folder: Path) -> None:
            save_local_dir(network, tokenizer, open_clip.get_model_config(self.model), folder)

        context = getattr(tokenizer, "context_length", "")
        return LoadedModel(
            model=network,
            dim=_dim(network),
            pixels=pixels,
            tokens=tokens,
            image_features=network.encode_image,
            text_features=lambda batch: network.encode_text(batch["text"]),
            normalisation=(
                network.visual.preprocess_cfg["mean"],
                network.visual.preprocess_cfg["std"],
            ),
            preprocessing=f"{network.visual.preprocess_cfg} {type(tokenizer).__name__} {context}",
            save=save,
        )

    def _explain(self, error: Exception) -> str:
        if self.model.startswith(LOCAL_DIR):
            folder = self.model.removeprefix(LOCAL_DIR)
            return (
                f"{self.title}: the checkpoint in {folder} does not load "
                f"({explain(folder, error)}); it must be an open_clip local-dir checkpoint."
            )
        tried = f"open_clip model {self.model}" + (f" ({self.pretrained})" * bool(self.pretrained))
        return unreachable(self.title, tried, error)


def check_local_dir(folder: Path, title: str) -> None:
    """Check that a folder is a complete ``open_clip`` checkpoint.

    Raises:
        WeightsUnavailable: The sentence names what is missing.
    """
    if not folder.is_dir():
        raise WeightsUnavailable(f"{title}: there is no checkpoint folder {folder}.")
    if not (folder / CONFIG).is_file():
        raise WeightsUnavailable(f"{title}: the checkpoint folder {folder} has no {CONFIG}.")
    if not any(path.suffix in WEIGHT_SUFFIXES for path in folder.iterdir()):
        raise WeightsUnavailable(
            f"{title}: the checkpoint folder {folder} has no weight file "
            f"({', '.join(WEIGHT_SUFFIXES)})."
        )


def save_local_dir(
    network: Any, tokenizer: Any, config: dict[str, Any] | None, folder: Path
) -> None:
    """Write a checkpoint for ``local-dir:FOLDER``: configuration, weights, tokenizer."""
    from open_clip.model import QuickGELU
    from open_clip.push_to_hf_hub import save_config_for_hf
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    stated = {name: value for name, value in (config or {}).items() if name != "quick_gelu"}
    # open_clip derives this from the name of the weights, which a folder does not have.
    if any(isinstance(part, QuickGELU) for part in network.modules()):
        stated["quick_gelu"] = True
    save_config_for_hf(network, folder / CONFIG, stated)
    state = {
        name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()
    }
    save_file(state, str(folder / "open_clip_model.safetensors"))
    if hasattr(tokenizer, "save_pretrained"):
        tokenizer.save_pretrained(str(folder))


def _dim(network: Any) -> int:
    size = network.visual.image_size
    height, width = size if isinstance(size, tuple) else (size, size)
    with torch.inference_mode():
        return int(network.encode_image(torch.zeros(1, 3, height, width)).shape[-1])


def build(recipe: Recipe) -> Encoder:
    """Build the encoder of an engine."""
    return OpenClipEncoder(
        recipe.location(LOCAL_DIR),
        recipe.towers.pretrained,
        title=recipe.engine.title,
        device=recipe.settings.device,
        precision=recipe.settings.precision,
        fit=recipe.towers.fit,
    )
