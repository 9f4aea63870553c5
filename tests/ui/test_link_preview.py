"""The preview of a link, over real HTTP: absolute addresses, and nothing before the sign-in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.ui.security.served import served, shop_in, with_people
from ui.link_preview import PICTURE

_TAG = re.compile(r'<meta (?:property|name)="([\w:]+)" content="([^"]*)"')


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a studio without users, which also answers to a public name behind a proxy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("temporary")))
        folder = tmp_path_factory.mktemp("open")
        with served(shop_in(folder, allowed_hosts="studio.example")) as address:
            yield address


def tags(url: str, path: str, **headers: str) -> dict[str, str]:
    """Return the elements of a page's preview by name; none stands there twice."""
    answer = httpx.get(url + path, headers=headers, timeout=60)
    assert answer.status_code == 200
    pairs = _TAG.findall(answer.text)
    named = [(name, text) for name, text in pairs if name.startswith(("og:", "twitter:", "desc"))]
    assert len(named) == len(dict(named)), named
    return dict(named)


@pytest.mark.parametrize("path", ["/", "/explore?q=%22%3E%3Cscript%3E", "/evaluate"])
def test_every_page_has_a_title_a_sentence_and_a_picture(url: str, path: str) -> None:
    shown = tags(url, path)
    assert shown["og:image"] == url + PICTURE
    assert shown["og:url"] == url + path.partition("?")[0]
    assert shown["og:title"].startswith("VL-CLIP Studio")
    assert "catalogue" in shown["og:description"] == shown["description"]
    assert "gradio" not in " ".join(shown.values()).lower()
    picture = httpx.get(shown["og:image"])
    assert picture.headers["content-type"] == "image/jpeg"
    assert Image.open(BytesIO(picture.content)).size == (1200, 630)


def test_the_address_is_that_of_the_proxy_and_never_a_foreign_one(url: str) -> None:
    proxied = {"X-Forwarded-Host": "studio.example", "X-Forwarded-Proto": "https"}
    shown = tags(url, "/evaluate", **proxied)
    assert shown["og:url"] == "https://studio.example/evaluate"
    assert shown["og:image"] == "https://studio.example" + PICTURE
    assert tags(url, "/", Host="studio.example")["og:image"] == "http://studio.example" + PICTURE
    assert httpx.get(url, headers={"Host": "evil.example"}, timeout=60).status_code == 400


def test_who_has_to_sign_in_first_sees_no_preview(tmp_path: Path) -> None:
    with served(with_people(shop_in(tmp_path))) as guarded:
        for path in ("/", PICTURE):
            answer = httpx.get(guarded + path, timeout=60)
            assert answer.status_code in (303, 401)
            assert "og:" not in answer.text
