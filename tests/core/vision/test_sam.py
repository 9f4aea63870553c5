from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import torch
from segment_anything import sam_model_registry
from segment_anything.build_sam import _build_sam

from core.errors import WeightsUnavailable
from core.vision.sam import load_sam


@pytest.mark.slow
def test_an_official_layout_loads_strictly(tmp_path: Path) -> None:
    torch.manual_seed(0)
    written = sam_model_registry["vit_b"]()
    torch.save(written.state_dict(), tmp_path / "sam.pth")
    loaded = load_sam(tmp_path / "sam.pth")
    key = "image_encoder.blocks.3.mlp.lin1.weight"
    assert torch.equal(loaded.state_dict()[key], written.state_dict()[key])
    assert not loaded.training


@pytest.mark.parametrize("size", ["vit_l", "vit_h"])
def test_the_model_size_is_read_from_the_file(
    size: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    width, heads = {"vit_l": (1024, 16), "vit_h": (1280, 16)}[size]
    shallow = partial(_build_sam, width, 1, heads, (0,))  # one of its 24 or 32 blocks
    monkeypatch.setitem(sam_model_registry, size, shallow)
    torch.save(shallow().state_dict(), tmp_path / "sam.pth")
    loaded = load_sam(tmp_path / "sam.pth")
    assert loaded.image_encoder.patch_embed.proj.out_channels == width


def test_another_file_raises_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "sam.pth").write_bytes(b"not a checkpoint")
    with pytest.raises(WeightsUnavailable, match="Segment Anything"):
        load_sam(tmp_path / "sam.pth")
    torch.save({"weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(WeightsUnavailable, match="Segment Anything"):
        load_sam(tmp_path / "other.pth")
