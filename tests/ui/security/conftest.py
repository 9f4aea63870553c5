"""A served shop where people sign in, and one where everybody is the owner."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.people import Role
from tests.ui.security.judged_shop import Judged, served_judged
from tests.ui.security.served import Visitor, served, shop_in, with_people


@pytest.fixture(scope="package", autouse=True)
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Every app of these tests keeps uploads below one folder of theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("temporary")))
        yield


@pytest.fixture(scope="package")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a studio where everybody signs in."""
    folder: Path = tmp_path_factory.mktemp("guarded")
    with served(with_people(shop_in(folder))) as url:
        yield url


@pytest.fixture(scope="package")
def open_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a studio without users: everybody is its owner."""
    with served(shop_in(tmp_path_factory.mktemp("open"))) as url:
        yield url


@pytest.fixture
def merchandiser(guarded: str) -> Visitor:
    """Somebody who may use every input of the pages."""
    return Visitor(guarded, Role.MERCHANDISER)


@pytest.fixture(scope="package")
def served_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    """A shop for the tests of blindness; ``judged`` begins anew with it."""
    with served_judged(tmp_path_factory.mktemp("blind")) as judged:
        yield judged


@pytest.fixture
def judged(served_shop: Judged, tmp_path: Path) -> Judged:
    """A served shop with a set that nobody has judged."""
    served_shop.start(tmp_path)
    return served_shop
