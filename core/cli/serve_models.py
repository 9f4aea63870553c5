"""``serve-models``: embed the queries of several servers in one pool of models."""

from __future__ import annotations

import threading
from functools import partial
from typing import Annotated

import typer

from core.base import ray_serve
from core.base.ray_cluster import RAY, RayCluster
from core.errors import SettingsError
from core.settings import LOOPBACK, Settings

_OPEN_ADDRESS = (
    "Other machines can reach {}: set VLCLIP_MODELS_TOKEN to 20 characters or more, here and on "
    "the servers that use the pool."
)


def serve_models(
    context: typer.Context,
    address: Annotated[
        str, typer.Option(help="Address and port to listen on.", metavar="HOST:PORT")
    ] = "127.0.0.1:7870",
    processes: Annotated[
        int, typer.Option(min=1, help="Processes with the models; each takes a processor core.")
    ] = 1,
) -> None:
    """Answer the queries of servers whose VLCLIP_MODELS names this address, until stopped."""
    settings: Settings = context.obj
    host, port = _host_and_port(address)
    if host not in LOOPBACK and settings.models_token is None:
        raise SettingsError(_OPEN_ADDRESS.format(host))
    ray_serve.check_installed()
    own = settings.model_copy(
        update={
            "anthropic_api_key": None, "events_token": None, "metrics_token": None, "models": "",
            "data_dir": settings.data_dir.absolute(), "cache_dir": settings.cache_dir.absolute(),
            "threads": settings.threads or 1,
        }
    )  # fmt: skip
    with RayCluster(RAY, processes):
        # Imported once Ray has started its processes: LanceDB, which comes with it, warns of forks.
        from core.app.model_service import ModelService

        ray_serve.start(partial(ModelService.of, own), host, port, processes)
        print(f"Servers use these models with VLCLIP_MODELS=http://{address}", flush=True)
        threading.Event().wait()


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise SettingsError(f"--address takes HOST:PORT; got “{address[:100]}”.")
    return host, int(port)
