"""A served studio that takes events of a shop, with a token of each kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from core.access.event_tokens import TokenKind
from core.experiments.model import Experiment, ExperimentStatus, Variant
from tests.ui.security.served import served, shop_in, with_people
from tests.ui.shop import Shop

ORIGIN = "http://shop.example"
EXPERIMENT = Experiment(
    "sofa", "Sofas", variants=(Variant("a", "clip"), Variant("b", "vl-clip")), salt="sofa",
    status=ExperimentStatus.RUNNING,
)  # fmt: skip


@dataclass(frozen=True)
class Taking:
    """A served studio."""

    shop: Shop
    url: str
    server_token: str
    page_token: str

    def post(self, body: object, path: str = "events", **more: object) -> httpx.Response:
        """Send JSON with the server's token."""
        headers = {"Authorization": f"Bearer {self.server_token}"}
        return httpx.post(f"{self.url}/api/v1/{path}", json=body, headers=headers, timeout=60)

    def stored(self) -> list[dict]:
        """Return all stored events."""
        return self.shop.experiments.log.reader().read_all().to_pylist()


@pytest.fixture(scope="package")
def taking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taking]:
    """A studio where people sign in, and shops have tokens."""
    folder = tmp_path_factory.mktemp("taking")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "temporary"))
        shop = with_people(shop_in(folder / "data", event_origins=f"{ORIGIN}, http://b.example"))
        shop.experiments.create(EXPERIMENT)
        server = shop.intake.tokens.add("server", TokenKind.SERVER)
        page = shop.intake.tokens.add("page", TokenKind.PAGE)
        with served(shop) as url:
            yield Taking(shop, url, server, page)
