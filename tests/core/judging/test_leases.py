"""Pairs in hand."""

from __future__ import annotations

from core.judging.leases import Leases


def test_giving_back_frees_one_s_own_pairs_only(tmp_path):
    leases = Leases(tmp_path / "leases.sqlite")
    pair = ("q", "item")
    with leases.dealing("set") as deal:
        deal.take("ada", [pair])
        deal.take("bob", [pair])
        deal.release("ada", [pair])
        assert deal.held() == {pair: {"bob"}}


def test_sets_hold_their_pairs_apart(tmp_path):
    leases = Leases(tmp_path / "leases.sqlite")
    with leases.dealing("one") as deal:
        deal.take("ada", [("q", "item")])
    with leases.dealing("two") as deal:
        assert deal.held() == {}
        deal.release("ada", [("q", "item")])
    with leases.dealing("one") as deal:
        assert deal.held() == {("q", "item"): {"ada"}}
