"""Health, readiness and metrics over real HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core.domain import SearchResult
from tests.ui.security.served import Visitor, served, shop_in, with_people
from tests.ui.shop import Shop
from ui.monitoring import probes

TOKEN = "a token of twenty characters or more"
PROXY = {"X-Forwarded-For": "203.0.113.7", "Via": "1.1 proxy"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, str]]:
    """A studio where people sign in, without a token for metrics."""
    folder = tmp_path_factory.mktemp("probes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "temporary"))
        shop = with_people(shop_in(folder / "data"))
        with served(shop) as url:
            yield shop, url


@pytest.fixture
def with_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "temporary"))
    with served(shop_in(tmp_path / "data", metrics_token=TOKEN)) as url:
        yield url


def test_health_needs_neither_name_nor_sign_in(shop: tuple[Shop, str]) -> None:
    _, url = shop
    answer = httpx.get(f"{url}/healthz", headers={"Host": "10.2.3.4:7860", **PROXY})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    assert httpx.head(f"{url}/healthz").status_code == 200
    assert httpx.post(f"{url}/healthz").status_code == 405
    assert httpx.get(url, headers={"Host": "10.2.3.4:7860"}).status_code == 400


def test_ready_means_that_the_models_are_loaded(
    shop: tuple[Shop, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    studio, url = shop
    answer = httpx.get(f"{url}/readyz")
    assert (answer.status_code, answer.json()["error"]) == (503, "The models are being loaded.")
    assert answer.headers["retry-after"] == "5"
    monkeypatch.setattr(studio.readiness, "_load", lambda: None)
    studio.readiness.warm_up()
    answer = httpx.get(f"{url}/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


def test_a_disk_that_hangs_makes_it_not_ready_but_healthy(
    shop: tuple[Shop, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    studio, url = shop
    calls, released = [], threading.Event()

    def hanging() -> str:
        calls.append(1)
        released.wait(120)
        return ""

    monkeypatch.setattr(studio.readiness, "problem", hanging)
    monkeypatch.setattr(probes, "PATIENCE", 0.2)
    answers = [httpx.get(f"{url}/readyz") for _ in range(6)]
    assert {answer.status_code for answer in answers} == {503}
    assert len(calls) == 1, "all probes share a check that hangs"
    assert httpx.get(f"{url}/healthz").status_code == 200
    released.set()


def test_metrics_are_for_this_machine(shop: tuple[Shop, str]) -> None:
    pytest.importorskip("prometheus_client")
    studio, url = shop
    assert Visitor(url).http.get("/no-such-page").status_code in (303, 401, 404)
    studio.on_search(SearchResult("clip", "f", (), 0, 250.0, 125.0))
    studio.on_search(SearchResult("secret-summer-campaign", "f", (), 0, 1.0, 1.0))
    answer = httpx.get(f"{url}/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'vlclip_http_requests_total{group="page",status="4xx"}' in answer.text
    assert 'vlclip_search_seconds_sum{engine="clip",step="encode"} 0.25' in answer.text
    assert 'vlclip_search_seconds_count{engine="own",step="search"} 1.0' in answer.text
    assert "vlclip_jobs_running 0.0" in answer.text
    assert 'vlclip_queue_waiting{queue="words"} 0.0' in answer.text
    assert "process_resident_memory_bytes" in answer.text
    for private in ("secret-summer-campaign", "no-such-page", "merchandiser", "demo"):
        assert private not in answer.text


@pytest.mark.parametrize(
    "headers", [PROXY, {"X-Forwarded-For": "127.0.0.1"}, {"Host": "rebound.example"}]
)
def test_metrics_are_not_for_others(shop: tuple[Shop, str], headers: dict[str, str]) -> None:
    _, url = shop
    answer = httpx.get(f"{url}/metrics", headers=headers)
    assert answer.status_code == 403
    assert "VLCLIP_METRICS_TOKEN" in answer.json()["error"]


def test_with_a_token_everybody_needs_it(with_token: str) -> None:
    pytest.importorskip("prometheus_client")
    url = f"{with_token}/metrics"
    assert httpx.get(url).status_code == 401
    wrong = {"Authorization": "Bearer another token of many characters"}
    assert httpx.get(url, headers=wrong).status_code == 401
    right = {"Authorization": f"Bearer {TOKEN}"}
    assert httpx.get(url, headers={**right, "Host": "10.0.0.5:7860", **PROXY}).status_code == 200


def test_refused_requests_are_counted_too(shop: tuple[Shop, str]) -> None:
    pytest.importorskip("prometheus_client")
    _, url = shop
    refused = 'vlclip_http_requests_total{group="picture",status="4xx"} '
    assert refused not in httpx.get(f"{url}/metrics").text
    httpx.get(f"{url}/media/no-photo.svg", headers={"Host": "rebound.example"})
    assert f"{refused}1.0" in httpx.get(f"{url}/metrics").text


def test_without_the_library_metrics_say_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "temporary"))
    monkeypatch.setattr("ui.monitoring.prometheus_metrics.find_spec", lambda name: None)
    with served(shop_in(tmp_path / "data")) as url:
        assert httpx.get(f"{url}/healthz").status_code == 200
        answer = httpx.get(f"{url}/metrics")
        assert answer.status_code == 501
        assert "pip install prometheus-client" in answer.json()["error"]
