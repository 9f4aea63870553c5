"""Pairs in hand."""

from __future__ import annotations

import sqlite3

import pytest

from core.base.locks import file_lock
from core.errors import JudgmentError
from core.judging import leases as module
from core.judging.leases import LEASE_SECONDS, Leases


def test_giving_back_frees_one_s_own_pairs_only(tmp_path):
    leases = Leases(tmp_path / "leases.sqlite")
    pair, task = ("q", "item"), ("q", "item", 0)
    with leases.dealing("set") as deal:
        deal.take("ada", "tab", [task])
        deal.take("bob", "tab", [task])
        deal.release("ada", [task])
        assert deal.held("ada", "tab").holders == {pair: {"bob"}}


def test_sets_hold_their_pairs_apart(tmp_path):
    leases = Leases(tmp_path / "leases.sqlite")
    with leases.dealing("one") as deal:
        deal.take("ada", "tab", [("q", "item", 0)])
    with leases.dealing("two") as deal:
        assert deal.held("ada", "tab").holders == {}
        deal.release("ada", [("q", "item", 0)])
    with leases.dealing("one") as deal:
        assert deal.held("ada", "tab").holders == {("q", "item"): {"ada"}}


def test_a_lease_ends_after_its_time_and_is_taken_anew(tmp_path, monkeypatch):
    leases, now = Leases(tmp_path / "leases.sqlite"), 1000.0
    monkeypatch.setattr(module.time, "time", lambda: now)
    with leases.dealing("set") as deal:
        deal.take("ada", "tab", [("q", "a", 0), ("q", "b", 0)])
    now += LEASE_SECONDS
    with leases.dealing("set") as deal:
        assert deal.held("ada", "tab").holders == {("q", "a"): {"ada"}, ("q", "b"): {"ada"}}
        deal.take("ada", "tab", [("q", "b", 0)])
    now += 1
    with leases.dealing("set") as deal:
        assert deal.held("ada", "tab").holders == {("q", "b"): {"ada"}}


def test_a_fault_while_dealing_takes_no_lease(tmp_path):
    leases = Leases(tmp_path / "leases.sqlite")
    with pytest.raises(TypeError), leases.dealing("set") as deal:
        deal.take("ada", "tab", [("q", "a", 0), 5])
    with leases.dealing("set") as deal:
        assert deal.held("ada", "tab").holders == {}


def test_a_file_that_is_no_database_and_a_busy_one_are_said(tmp_path, monkeypatch):
    path = tmp_path / "leases.sqlite"
    path.write_text("no database " * 50)
    broken = Leases(path).dealing("set")
    with pytest.raises(JudgmentError, match="The queue can't be used: file is not a database"):
        broken.__enter__()
    monkeypatch.setattr(module, "WRITE", 0.01)
    leases = Leases(tmp_path / "other.sqlite")
    with file_lock(tmp_path / "other.lock", 1):
        busy = leases.dealing("set")
        with pytest.raises(JudgmentError, match="Others are writing"):
            busy.__enter__()


def test_other_programs_that_read_the_leases_stop_no_deal(tmp_path):
    leases = Leases(tmp_path / "leases.sqlite")
    with leases.dealing("set") as deal:
        deal.take("ada", "tab", [("q", "a", 0)])
    reader = sqlite3.connect(tmp_path / "leases.sqlite")
    assert reader.execute("select annotator from tab_leases").fetchall() == [("ada",)]
    with leases.dealing("set") as deal:
        deal.release("ada", [("q", "a", 0)])
        assert deal.held("ada", "tab").holders == {}
    reader.close()


def test_one_person_reserves_so_many_pairs_of_a_set_and_the_oldest_end(tmp_path, monkeypatch):
    leases, now = Leases(tmp_path / "leases.sqlite"), 1000.0
    monkeypatch.setattr(module.time, "time", lambda: now)
    monkeypatch.setattr(module, "MOST_LEASES", 4)
    with leases.dealing("other") as deal:
        deal.take("ada", "one", [("q", "a", 0)])
    with leases.dealing("set") as deal:
        deal.take("bob", "one", [("q", "z", 0)])
        deal.take("ada", "one", [("q", name, 0) for name in "abc"])
        now += 1
        deal.take("ada", "two", [("q", name, 0) for name in "ade"])
        held = {item for (_, item), who in deal.held("ada", "").holders.items() if "ada" in who}
        assert len(held) == 4
        assert held >= set("ade")
        assert ("q", "z") in deal.held("ada", "").holders
    with leases.dealing("other") as deal:
        assert deal.held("ada", "").holders == {("q", "a"): {"ada"}}


def test_what_one_person_has_in_another_tab_is_told_also_of_repeats(tmp_path):
    leases = Leases(tmp_path / "leases.sqlite")
    with leases.dealing("set") as deal:
        deal.take("ada", "one", [("q", "a", 0), ("q", "b", 1)])
        deal.take("bob", "two", [("q", "c", 0)])
        assert deal.held("ada", "one").elsewhere == frozenset()
        second_tab = deal.held("ada", "two")
        assert second_tab.elsewhere == {("q", "a", 0), ("q", "b", 1)}
        assert second_tab.holders == {
            ("q", "a"): {"ada"},
            ("q", "c"): {"bob"},
        }
        deal.release("ada", [("q", "a", 0)], "two")  # not its own
        deal.release("ada", [("q", "b", 1)], "one")
        assert deal.held("ada", "two").elsewhere == {("q", "a", 0)}
