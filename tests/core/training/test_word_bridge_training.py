from __future__ import annotations

from pathlib import Path

import numpy as np

from core.training.word_bridge_training import Recipe, directions, emoji_names, train_bridge


def test_names_of_single_emoji_are_paired_with_the_english_one(tmp_path: Path) -> None:
    folder = tmp_path / "usr/share/unicode/cldr/common"
    entry = '<annotation cp="{}" type="tts">{}</annotation>'
    for kind in ("annotations", "annotationsDerived"):
        (folder / kind).mkdir(parents=True)
        for language in "ar de en es fr it ja ko nl pl pt ru th tr zh".split():  # noqa: SIM905
            rows = [entry.format("🍎", f"red apple {language}"), entry.format("👋🏻", "hand")]
            rows.append('<annotation cp="🍎">fruit | red</annotation>')
            names = "".join(rows) if kind == "annotations" else ""
            (folder / kind / f"{language}.xml").write_text(f"<a>{names}</a>", "utf-8")
    named = list(emoji_names(tmp_path))
    assert len(named) == 14
    assert ("de", "red apple en", "red apple de") in named


def test_a_bridge_learns_a_turn_of_the_space() -> None:
    rng = np.random.default_rng(0)
    given = directions(rng.normal(size=(256, 16)).astype(np.float32), np.zeros(16, np.float32))
    turn = np.linalg.qr(rng.normal(size=(16, 16)))[0].astype(np.float32)
    goals = given @ turn
    recipe = Recipe(epochs=20, batch=64, lr=1e-2, drop=0.0)
    bridge = train_bridge(given, goals, recipe)
    agreement = (bridge.cross(given) * goals).sum(axis=1).mean()
    assert agreement > 0.7
