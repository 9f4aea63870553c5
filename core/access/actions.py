"""Roles and actions: the table of rights that pages, help and README use."""

from __future__ import annotations

from enum import Enum, StrEnum


class Role(StrEnum):
    """Role of a person; each role has all rights of the roles before it."""

    VIEWER = "viewer"
    ANNOTATOR = "annotator"
    MERCHANDISER = "merchandiser"
    ADMIN = "admin"

    def includes(self, other: Role) -> bool:
        """Return whether this role may do what the other one may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


class Action(Enum):
    """An action on a page, in a function or at an address of the studio.

    Attributes:
        role: The lowest role that may do it.
        words: The action for people, as the rest of a sentence after a role's name.
    """

    role: Role
    words: str

    LOOK = (Role.VIEWER, "searches, compares and inspects; reads catalogues and reports")
    JUDGE = (Role.ANNOTATOR, "grades pairs and votes blind")
    LEAD = (Role.MERCHANDISER, "makes, changes, imports and exports judgment sets")
    DECIDE = (Role.MERCHANDISER, "reads agreement and decides disagreements")
    CORRECT = (Role.MERCHANDISER, "corrects boxes and texts")
    REWRITE = (Role.MERCHANDISER, "starts and stops the rewriting agent")
    EVALUATE = (Role.MERCHANDISER, "measures engines")
    EXPERIMENT = (
        Role.MERCHANDISER,
        "sets up, starts, stops and simulates experiments, and exports their events",
    )
    ADD = (
        Role.MERCHANDISER,
        "adds catalogues from uploaded files, and indexes, stops, renames and removes those",
    )
    INDEX = (Role.ADMIN, "indexes every catalogue and stops indexing")
    MANAGE = (Role.ADMIN, "renames, removes and restores catalogues and chooses the default one")
    TRAIN = (Role.ADMIN, "fine-tunes engines and chooses which one answers")
    DELETE = (Role.ADMIN, "deletes labels, reports and fine-tuned engines")

    def __new__(cls, role: Role, words: str) -> Action:
        """Make each action an object of its own: several may have one role."""
        action = object.__new__(cls)
        action._value_ = len(cls.__members__)
        action.role, action.words = role, words
        return action


def rights(role: Role) -> str:
    """Return the rights that a role adds to the roles before it, in one sentence."""
    return "; ".join(action.words for action in Action if action.role is role)


def table() -> str:
    """Return the roles and what they add, as a table in Markdown (README carries it)."""
    rows = [f"| `{role}` | {rights(role)} |" for role in Role]
    return "\n".join(("| role | does what the roles above do, and |", "|---|---|", *rows))


def summary() -> str:
    """Return the roles and what they add, as one line of help."""
    return " ".join(f"{role}: {rights(role)}." for role in Role)
