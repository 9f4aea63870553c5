"""CLIP in the ``transformers`` format (FashionCLIP): model, tokenizer and image processor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor

from core.embedding.loader import Recipe
from core.embedding.preprocess import to_rgb
from core.embedding.tokenizer_check import check_tokenizer
from core.embedding.torch_encoder import LoadedModel, TorchEncoder
from core.errors import WeightsUnavailable
from core.ports.encoder import Encoder
from core.weights.broken import LOAD_ERRORS, explain
from core.weights.hub import unreachable


class HfClipEncoder(TorchEncoder):
    """A ``CLIPModel`` in a folder (or of a hub repository).

    Args:
        model: Folder or ``owner/name``.
        title: Name for people, in error sentences.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        precision: ``auto``, ``float32`` or ``bfloat16``.
        fit: How pictures become square (``Towers.fit``).
    """

    def __init__(
        self,
        model: str,
        *,
        title: str = "",
        device: str = "auto",
        precision: str = "auto",
        fit: str = "",
    ) -> None:
        super().__init__(device, precision, fit)
        self.model, self.title = model, title or model

    def load(self) -> LoadedModel:
        """Load model, tokenizer and image processor.

        Raises:
            WeightsUnavailable: The checkpoint can't be loaded, or a weight is missing.
        """
        from transformers import CLIPImageProcessor, CLIPModel, CLIPTokenizer

        try:
            # Returns a pair because of output_loading_info; the library's types lack this.
            loading: Any = CLIPModel.from_pretrained(
                self.model, use_safetensors=True, output_loading_info=True
            )
            tokenizer: Any = CLIPTokenizer.from_pretrained(self.model)
            processor: Any = CLIPImageProcessor.from_pretrained(self.model)
        except LOAD_ERRORS as error:
            if Path(self.model).is_dir():
                raise WeightsUnavailable(
                    f"{self.title}: the checkpoint in {self.model} does not load "
                    f"({explain(self.model, error)}); fetch or copy it again."
                ) from None
            raise WeightsUnavailable(
                unreachable(self.title, f"CLIP checkpoint {self.model}", error)
            ) from None
        loaded, info = loading
        # transformers fills missing weights with random ones and only warns.
        if info["missing_keys"] or info.get("mismatched_keys"):
            missing = ", ".join(sorted(map(str, info["missing_keys"]))[:3])
            raise WeightsUnavailable(
                f"{self.title}: the checkpoint {self.model} is incomplete ({missing} …)."
            )
        network: Any = loaded.eval().requires_grad_(False)
        length = network.config.text_config.max_position_embeddings

        def pixels(images: Sequence[Image.Image]) -> Tensor:
            rgb = [to_rgb(image) for image in images]
            inputs: Tensor = processor(images=rgb, return_tensors="pt")["pixel_values"]
            return inputs

        def tokens(texts: Sequence[str]) -> dict[str, Tensor]:
            options = {"padding": True, "truncation": True, "max_length": length}
            batch = tokenizer(list(texts), return_tensors="pt", **options)
            return {name: batch[name] for name in ("input_ids", "attention_mask")}

        check_tokenizer(
            lambda texts: tokens(texts)["input_ids"], len(tokenizer),
            network.config.text_config.vocab_size, self.title,
        )  # fmt: skip

        def save(folder: Path) -> None:
            for part in (network, tokenizer, processor):
                part.save_pretrained(str(folder))

        return LoadedModel(
            model=network,
            dim=int(network.config.projection_dim),
            pixels=pixels,
            tokens=tokens,
            image_features=lambda batch: _features(network.get_image_features(pixel_values=batch)),
            text_features=lambda batch: _features(network.get_text_features(**batch)),
            normalisation=(processor.image_mean, processor.image_std),
            preprocessing=f"{processor.to_json_string()} {length}",
            save=save,
        )


def _features(output: Any) -> Tensor:
    """Return the projected vectors; transformers 5 returns them as ``pooler_output``."""
    return output if isinstance(output, Tensor) else output.pooler_output


def build(recipe: Recipe) -> Encoder:
    """Build the encoder of an engine."""
    return HfClipEncoder(
        recipe.location(),
        title=recipe.engine.title,
        device=recipe.settings.device,
        precision=recipe.settings.precision,
        fit=recipe.towers.fit,
    )
