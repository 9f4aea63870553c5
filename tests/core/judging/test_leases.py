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


def test_a_lease_ends_after_its_time_and_is_taken_anew(tmp_path, monkeypatch):
    leases, now = Leases(tmp_path / "leases.sqlite"), 1000.0
    monkeypatch.setattr(module.time, "time", lambda: now)
    with leases.dealing("set") as deal:
        deal.take("ada", [("q", "a"), ("q", "b")])
    now += LEASE_SECONDS
    with leases.dealing("set") as deal:
        assert deal.held() == {("q", "a"): {"ada"}, ("q", "b"): {"ada"}}
        deal.take("ada", [("q", "b")])
    now += 1
    with leases.dealing("set") as deal:
        assert deal.held() == {("q", "b"): {"ada"}}


def test_a_fault_while_dealing_takes_no_lease(tmp_path):
    leases = Leases(tmp_path / "leases.sqlite")
    with pytest.raises(TypeError), leases.dealing("set") as deal:
        deal.take("ada", [("q", "a"), 5])
    with leases.dealing("set") as deal:
        assert deal.held() == {}


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
        deal.take("ada", [("q", "a")])
    reader = sqlite3.connect(tmp_path / "leases.sqlite")
    assert reader.execute("select annotator from leases").fetchall() == [("ada",)]
    with leases.dealing("set") as deal:
        deal.release("ada", [("q", "a")])
        assert deal.held() == {}
    reader.close()
