"""How well words fit a photo is hidden from whoever may still judge a set."""

from __future__ import annotations

from core.people import Role
from tests.ui.security.judged_shop import QUERY, Judged, end_part


def test_how_well_words_fit_a_photo_is_hidden_while_a_set_is_open(judged: Judged) -> None:
    """The score of each item for a query's words makes a list much like an engine's."""
    walk, product = judged.walk(Role.ANNOTATOR), judged.shop.item("a").prompt
    asked = {"item": "c", "find": QUERY, "catalog": "demo"}

    def inspect_page() -> str:
        return "".join(walk.events(asked, ["load_1"]).values())

    def scores() -> list[bool]:
        heat = walk.call("heat", item="a", catalog="demo", phrase=QUERY)
        named = {"photo": "token", "names": [QUERY, "lamp"]}
        return ["error" not in said for said in
                (heat, walk.call("likely", **named), walk.call("things", **named))]  # fmt: skip

    assert scores() == [False] * 3
    assert "error" in walk.call("heat", item="a", catalog="demo", phrase=product)
    for control in ("data-heat", "data-draw", "Save my text", "Use the whole photo"):
        assert control not in inspect_page()
    assert "only the product itself is looked for" in inspect_page()
    assert "cosine of the two vectors" not in inspect_page()
    for link in ("Back to the product", "Similar items", "Compare engines on it", "&amp;region="):
        assert link not in inspect_page()
    judged.judge_all()
    assert scores() == [False] * 3
    end_part(walk)
    assert scores() == [True] * 3
    assert "picture" in walk.call("heat", item="a", catalog="demo", phrase=product)
    for link in ("Back to the product", "Similar items", "Compare engines on it"):
        assert link in inspect_page()
    assert "cosine of the two vectors" in inspect_page()


def test_no_engine_is_said_to_lack_an_item_because_its_vectors_are_hidden(judged: Judged) -> None:
    walk = judged.walk(Role.ANNOTATOR)
    (page,) = walk.events({"item": "c", "catalog": "demo"}, ["load_1"]).values()
    assert "What each engine sees" in page
    assert "has not indexed the item yet" not in page
