"""The real app on a small shop, served over real HTTP, with one person per role."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from core.people import Role
from tests.ui.security.served import served, shop_in
from tests.ui.shop import Shop

PASSWORD = "long enough"


def with_people(shop: Shop) -> Shop:
    """Add one person per role to the shop, each named like the role."""
    for role in Role:
        shop.people.add(role.value, role, PASSWORD)
    return shop


def client(url: str, **options: Any) -> httpx.Client:
    """Make a browser without a screen, which follows no redirects."""
    return httpx.Client(base_url=url, timeout=60, **options)


def sign_in(http: httpx.Client, name: str, password: str = PASSWORD) -> httpx.Response:
    """Send the sign-in form as a program does."""
    return http.post("/login", data={"username": name, "password": password})


@pytest.fixture(scope="package", autouse=True)
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("temporary")))
        yield


@pytest.fixture(scope="package")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a studio where everybody signs in."""
    with served(with_people(shop_in(tmp_path_factory.mktemp("guarded")))) as url:
        yield url


@pytest.fixture(scope="package")
def open_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a studio without users: everybody is its owner."""
    with served(shop_in(tmp_path_factory.mktemp("open"))) as url:
        yield url
