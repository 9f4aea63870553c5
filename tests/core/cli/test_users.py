"""``users`` as it is typed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core.access.actions import Action, Role, rights
from core.people import People
from tests.command import Ended, command

ROOT = Path(__file__).parents[3]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VLCLIP_NEW_PASSWORD", "long enough")
    return tmp_path


def users(data: Path, *words: str) -> Ended:
    return command("users", *words, "--data-dir", data)


def test_people_are_added_listed_and_removed(data: Path) -> None:
    done = users(data, "add", "ada", "--role", "admin")
    assert (done.returncode, done.stderr) == (0, "")
    assert "ada may sign in as admin." in done.stdout
    assert "everybody has to sign in" in done.stdout
    users(data, "add", "bob")
    assert users(data, "list").stdout == "ada: admin\nbob: annotator\n"
    assert People(data / "users.json").check("bob", "long enough")
    assert "can't sign in any more" in users(data, "remove", "bob").stdout
    assert users(data, "list").stdout == "ada: admin\n"


def test_the_last_admin_needs_a_word_more(data: Path) -> None:
    users(data, "add", "ada", "--role", "admin")
    for words in (("remove", "ada"), ("add", "ada", "--role", "viewer")):
        refused = users(data, *words)
        assert refused.returncode == 2
        assert "“ada” is the last admin" in refused.stderr
        assert "--leave-no-admin" in refused.stderr
    assert "Nobody is an admin" in users(
        data, "add", "ada", "--role", "viewer", "--leave-no-admin"
    ).stdout  # fmt: skip
    gone = users(data, "remove", "ada")
    assert "whoever reaches the studio may do everything" in gone.stdout


def test_a_named_file_is_made_and_a_damaged_one_is_said(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLCLIP_USERS_FILE", str(data / "people.json"))
    assert users(data, "list").returncode == 2
    assert users(data, "add", "ada", "--role", "admin").returncode == 0
    (data / "people.json").write_text("{")
    for words in (("list",), ("add", "bob"), ("remove", "ada")):
        done = users(data, *words)
        assert done.returncode == 2
        assert "damaged" in done.stderr


def test_the_help_says_who_may_do_what(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "4000")
    output = " ".join(users(data, "add", "--help").stdout.split())
    for role in Role:
        assert f"{role}: {rights(role)}." in output
    assert len(Action) == sum(output.count(action.words) for action in Action)


def test_adding_a_user_imports_no_model(data: Path) -> None:
    code = (
        "import sys\nimport app\n"
        f"sys.argv = ['app.py', 'users', 'add', 'ada', '--data-dir', {str(data)!r}]\n"
        "try:\n    app.main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "print(sorted({'torch', 'lancedb', 'gradio', 'pandas', 'scipy'} & sys.modules.keys()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_all_commands_are_there_when_none_is_named() -> None:
    output = command("--help").stdout
    for name in ("index", "search", "users", "weights", "judgments", "serve"):
        assert f" {name} " in output
