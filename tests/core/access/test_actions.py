from __future__ import annotations

from pathlib import Path

from core.access.actions import Action, Role, rights, summary, table

ROOT = Path(__file__).parents[3]


def test_each_role_may_do_what_the_ones_before_it_may() -> None:
    assert list(Role) == [Role.VIEWER, Role.ANNOTATOR, Role.MERCHANDISER, Role.ADMIN]
    assert Role.ADMIN.includes(Role.VIEWER)
    assert Role.VIEWER.includes(Role.VIEWER)
    assert not Role.ANNOTATOR.includes(Role.MERCHANDISER)


def test_actions_are_objects_of_their_own_and_every_role_adds_some() -> None:
    assert len(Action) == len({action.words for action in Action})
    assert Action.LEAD is not Action.DECIDE
    assert all(rights(role) for role in Role)


def test_who_indexes_trains_and_deletes() -> None:
    assert {a for a in Action if a.role is Role.ADMIN} == {
        Action.INDEX, Action.MANAGE, Action.TRAIN, Action.DELETE,
    }  # fmt: skip


def test_the_documentation_carries_the_table() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    assert any(f"\n{table()}\n" in page.read_text(encoding="utf-8") for page in pages)


def test_the_summary_names_every_role_and_right() -> None:
    assert all(f"{role}: " in summary() for role in Role)
    assert all(action.words in summary() for action in Action)
