from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from fastapi import Request
from gradio.context import LocalContext

from core.errors import CatalogError, StudioError
from core.people import Action, People, Role
from tests.ui.shop import Shop
from ui.rights import person, require_owner, signed_in
from ui.signin.sign_in import SignIn
from ui.web_app import build_pages

#: Handlers that only look (and Inspect's ``act``, see below). The rest says which role it takes.
OPEN = {
    "act", "another_file", "cancel", "change_catalog", "change_picture", "ended", "explain",
    "export", "follow", "hide_notice", "load", "look", "note_tab", "open_form",
    "open_notice", "open_page", "refine",
    "refresh", "search", "show", "show_kind", "start_own", "threshold", "tick", "to_resume",
    "view",
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
        if fn.fn is not None and not isinstance(getattr(fn.fn, "action", None), Action)
    }
    assert open_ones == OPEN


def test_an_annotator_votes_blind_and_never_reads_the_result(shop: Shop, tmp_path: Any) -> None:
    shop.people = People(tmp_path / "users.json")
    shop.people.add("ann", Role.ANNOTATOR, "long enough")
    handlers = {
        fn.name: fn.fn
        for fn in build_pages(shop).fns.values()
        if getattr(fn.fn, "__module__", "") == "ui.components.blind_vote"
    }
    assert handlers["begin"].action is handlers["vote"].action is Action.JUDGE
    request: Any = SimpleNamespace(username="ann")
    token = LocalContext.request.set(request)
    try:
        with pytest.raises(gr.Error, match="needs the role merchandiser"):
            handlers["tell"](["clip", "vl-clip"], "ann", "demo", request)
    finally:  # else tests after this one would be asked by it
        LocalContext.request.reset(token)


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
    assert door.gradio_user(request()) == "ada"
    assert door.gradio_user(Request({"type": "http", "headers": []})) == ""  # visitors may look


def test_judging_a_list_takes_a_merchandiser(shop: Shop, tmp_path: Any) -> None:
    shop.people = People(tmp_path / "users.json")
    shop.people.add("ann", Role.ANNOTATOR, "long enough")
    actions = {fn.name: getattr(fn.fn, "action", None) for fn in build_pages(shop).fns.values()}
    for name in ("judge_list", "judge_missing", "first_page", "next_page", "make", "take_in"):
        assert actions[name] is Action.LEAD, name


def test_indexing_training_and_deleting_take_an_admin(shop: Shop) -> None:
    actions = {fn.name: getattr(fn.fn, "action", None) for fn in build_pages(shop).fns.values()}
    for name, action in (
        ("index_demo", Action.INDEX),
        ("start", Action.TRAIN), ("take", Action.TRAIN), ("stop_run", Action.TRAIN),
        ("discard", Action.DELETE), ("remove", Action.DELETE), ("delete", Action.DELETE),
    ):  # fmt: skip
        assert actions[name] is action, name
        assert action.role is Role.ADMIN


def test_experiments_are_run_by_a_merchandiser(shop: Shop) -> None:
    actions = {fn.name: getattr(fn.fn, "action", None) for fn in build_pages(shop).fns.values()}
    for name in ("plan", "create", "start", "stop"):
        assert actions[f"{name}_experiment"] is Action.EXPERIMENT, name
    assert actions["simulate_week"] is Action.EXPERIMENT
    assert Action.EXPERIMENT.role is Role.MERCHANDISER


def asked_from(client: str, **headers: str) -> Any:
    sent = {"host": "127.0.0.1:7860"} | {k.replace("_", "-"): v for k, v in headers.items()}
    return SimpleNamespace(headers=sent, client=SimpleNamespace(host=client))


def test_catalogues_are_added_by_the_owner_at_the_machine(shop: Shop, tmp_path: Any) -> None:
    shop.people = People(tmp_path / "users.json")
    for good in (asked_from("127.0.0.1"), asked_from("::1", host="[::1]:7860"),
                 asked_from("127.0.0.1", host="localhost")):  # fmt: skip
        require_owner(shop, good)
    for other in (
        asked_from("192.0.2.1"), asked_from("127.0.0.1", host="studio.example"),
        asked_from("127.0.0.1", x_forwarded_for="192.0.2.1"), asked_from("127.0.0.1", via="1.1 x"),
        asked_from("127.0.0.1", host="127.0.0.1.evil.example"),
    ):  # fmt: skip
        with pytest.raises(CatalogError, match="owner's alone"):
            require_owner(shop, other)
    shop.settings = shop.settings.model_copy(update={"host": "0.0.0.0"})
    with pytest.raises(CatalogError):
        require_owner(shop, asked_from("127.0.0.1"))


def test_with_a_sign_in_nobody_names_a_folder_of_the_server(shop: Shop, tmp_path: Any) -> None:
    for people in (
        People(tmp_path / "none.json", "X-User"), People(tmp_path / "none.json", space=True),
        People(tmp_path / "users.json"),
    ):  # fmt: skip
        people.add("root", Role.ADMIN, "long enough")
        shop.people = people
        with pytest.raises(CatalogError):
            require_owner(shop, asked_from("127.0.0.1"))
