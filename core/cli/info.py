"""``info``: what is installed, configured, available and indexed."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import typer

from core.app.studio import Studio
from core.base.counts import counted
from core.embedding.device import idle_gpu
from core.errors import NO_CATALOG_YET
from core.settings import Settings

_PACKAGES = (
    "gradio", "torch", "open_clip_torch", "transformers", "segment-anything", "anthropic",
    "lancedb", "pandas",
)  # fmt: skip


def info(context: typer.Context) -> None:
    """Show versions, settings, engines and catalogues."""
    settings: Settings = context.obj
    studio = Studio(settings)
    print(f"Python {platform.python_version()} on {platform.machine()}")
    print("Packages: " + ", ".join(f"{name} {_version(name)}" for name in _PACKAGES))
    print(f"Profile: {settings.profile}; data: {settings.bucket or settings.data_dir}")
    if settings.bucket:
        print(f"Copies and uploads of this server: {settings.data_dir}")
    print(f"Weights cache: {settings.cache_dir}")
    if problem := idle_gpu():
        print(problem)
    print("Anthropic key: " + ("set" if settings.anthropic_api_key else "not set"))
    for status in studio.engines():
        state = "available" if status.available else f"not available: {status.reason}"
        print(f"Engine {status.engine.name}: {status.engine.title}, {state}")
    catalogs = studio.catalogs()
    for catalog in catalogs:
        searchable = ", ".join(f"{name} {count}" for name, count in catalog.searchable.items())
        print(
            f"Catalogue {catalog.name}: {counted(catalog.items, 'item')} "
            f"(searchable: {searchable or 'none'}), {counted(catalog.quarantined, 'row')} left out"
        )
        for engine, index in catalog.indices.items():
            print(f"  Search with {engine}: {index.summary}")
        if catalog.problem:
            print(f"  Damaged: {catalog.problem}")
    if not catalogs:
        print(NO_CATALOG_YET)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"
