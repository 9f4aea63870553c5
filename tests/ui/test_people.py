from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from fastapi import Request

from core.errors import StudioError
from core.people import People, Role
from tests.ui.shop import Shop
from ui.app import build_pages
from ui.people import SignIn, person, signed_in

#: Handlers that only look (and Inspect's ``act``, see below). The rest says which role it takes.
OPEN = {
    "act", "change_catalog", "change_picture", "ended", "explain", "follow", "hide_notice", "load",
    "look",
    "open_page", "refresh", "search", "show", "tasks_of", "tick", "view",
}  # fmt: skip


def test_the_signed_in_user_wins_over_the_typed_name() -> None:
    request: Any = SimpleNamespace(username="ada")
    assert person(request, "bob") == "ada"
    assert person(None, " bob ") == "bob"
    for name in ("", "<b>", "x" * 61, "a\nb"):
        with pytest.raises(StudioError, match="name has"):
            person(None, name)


def test_every_handler_that_changes_something_asks_for_a_role(shop: Shop) -> None:
    open_ones = {
        fn.fn.__name__
        for fn in build_pages(shop).fns.values()
        if fn.fn is not None and not isinstance(getattr(fn.fn, "role", None), Role)
    }
    assert open_ones == OPEN


def test_a_viewer_looks_on_inspect_and_corrects_nothing(shop: Shop, tmp_path: Any) -> None:
    shop.people = People(tmp_path / "users.json")
    shop.people.add("vera", Role.VIEWER, "long enough")
    act = next(
        fn.fn
        for fn in build_pages(shop).fns.values()
        if getattr(fn.fn, "__module__", "") == "ui.pages.inspect" and fn.name == "act"
    )
    request: Any = SimpleNamespace(username="vera")
    event: Any = SimpleNamespace(action="whole", value="")
    with pytest.raises(gr.Error, match="needs the role merchandiser"):
        act(event, "c", "demo", "", "vera", request)
    assert shop.looks.done == []


def test_a_spaces_sign_in_names_the_person(shop: Shop, tmp_path: Any) -> None:
    shop.people = People(tmp_path / "users.json", space=True)
    door = SignIn(shop)

    def request(**info: Any) -> Request:
        session = {"oauth_info": {"userinfo": {"preferred_username": "ada"}, **info}}
        return Request({"type": "http", "headers": [], "session": session, "state": {}})

    assert door.user(request()) == signed_in(request()) == "ada"
    assert door.user(request(expires_at=1)) == ""
    assert door.user(request(userinfo={"preferred_username": "<b>"})) == ""
    assert door.user(Request({"type": "http", "headers": []})) == ""
    assert door.options() == {"auth_dependency": door.user}


def test_judging_a_list_takes_a_merchandiser(shop: Shop, tmp_path: Any) -> None:
    shop.people = People(tmp_path / "users.json")
    shop.people.add("ann", Role.ANNOTATOR, "long enough")
    roles = {fn.name: getattr(fn.fn, "role", None) for fn in build_pages(shop).fns.values()}
    for name in ("judge_list", "judge_missing", "first_page", "next_page", "make", "take_in"):
        assert roles[name] is Role.MERCHANDISER, name
