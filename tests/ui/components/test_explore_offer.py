"""The switch that asks visitors of Explore: for whom, and for which experiments."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from gradio.context import LocalContext

from core.experiments.model import Experiment, ExperimentKind, ExperimentStatus, Variant
from core.people import Role
from tests.ui.security.served import shop_in
from ui.checked_blocks import CheckedBlocks
from ui.components.explore_offer import ASK, STOP_ASKING, explore_offer

MIX = Experiment(
    "mix", "Mix", "demo", ExperimentKind.INTERLEAVING,
    (Variant("before", "clip"), Variant("after", "vl-clip")), salt="mix",
)  # fmt: skip


def test_it_shows_for_interleaving_that_is_not_over(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    with CheckedBlocks():
        offer = explore_offer(shop, gr.State(""))
    assert offer.update(None, MIX)["visible"]
    assert offer.update(None, MIX)["value"] == ASK
    assert offer.update(None, replace(MIX, on_explore=True))["value"] == STOP_ASKING
    hidden = (
        None, replace(MIX, kind=ExperimentKind.AB), replace(MIX, catalog=""),
        replace(MIX, variants=(Variant("a"), Variant("b"))), replace(MIX, simulated=True),
        replace(MIX, status=ExperimentStatus.STOPPED),
    )  # fmt: skip
    assert [offer.update(None, experiment)["visible"] for experiment in hidden] == [False] * 6


@pytest.mark.parametrize(("role", "may"), [(Role.VIEWER, False), (Role.MERCHANDISER, True)])
def test_merchandisers_switch_it(tmp_path: Path, role: Role, may: bool) -> None:
    shop = shop_in(tmp_path)
    shop.people.add("ada", Role.ADMIN, "long enough")
    shop.people.add("bob", role, "long enough")
    shop.experiments.create(MIX)
    with CheckedBlocks() as page:
        offer = explore_offer(shop, gr.State("mix"))
    request: Any = SimpleNamespace(username="bob")
    assert offer.update(request, MIX)["visible"] is may
    (switch,) = [fn.fn for fn in page.fns.values() if fn.name == "switch_offer"]

    token = LocalContext.request.set(request)
    try:
        if may:
            assert switch("mix", request)["value"] == STOP_ASKING
            assert switch("mix", request)["value"] == ASK
        else:
            with pytest.raises(gr.Error, match="needs the role merchandiser"):
                switch("mix", request)
    finally:
        LocalContext.request.reset(token)
    assert not shop.experiments.get("mix").on_explore
