from types import SimpleNamespace
from typing import Any

import pytest

from core.errors import StudioError
from ui.people import person


def test_the_signed_in_user_wins_over_the_typed_name() -> None:
    request: Any = SimpleNamespace(username="ada")
    assert person(request, "bob") == "ada"
    assert person(None, " bob ") == "bob"
    for name in ("", "<b>", "x" * 61, "a\nb"):
        with pytest.raises(StudioError, match="name has"):
            person(None, name)
