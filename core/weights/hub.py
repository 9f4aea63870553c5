"""Fetch weights and configuration files from a Hugging Face Hub repository, or its local cache."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import WeightsUnavailable
from core.weights.sources import HubSource
from core.weights.weight_files import bytes_below, is_disk_full, sha256_file

#: Seconds between two reports of a download.
_EVERY = 0.5


def fetch_hub(
    source: HubSource,
    title: str,
    target: Path,
    *,
    endpoint: str | None = None,
    report: Callable[[int], None] = lambda done: None,
) -> str:
    """Download the repository's weight file and extras into the folder ``target``.

    Where the hub can't be reached, the files are taken from Hugging Face's own cache on this
    machine, if they are there.

    Args:
        source: What to fetch.
        title: Name of the model, for people.
        target: An existing folder; an interrupted download in it is resumed.
        endpoint: URL of another hub than the user's default (``HF_ENDPOINT``).
        report: Called with the number of bytes that are there, while it downloads.

    Returns:
        The fetched commit.

    Raises:
        WeightsUnavailable: The hub can't be reached, refuses, or does not have the files.
    """
    try:
        with _watched(target, report):
            revision = _download(source, title, target, endpoint)
    except WeightsUnavailable:
        raise
    except Exception as error:
        # The hub's client raises errors of the HTTP library below it; the user can do the same
        # about all of them, except for a full disk.
        if isinstance(error, OSError) and is_disk_full(error):
            raise
        revision = _from_cache(source, target)
        if not revision:
            raise WeightsUnavailable(_refused(source, title, error)) from None
    shutil.rmtree(target / ".cache", ignore_errors=True)
    _check(source, title, target)
    return revision


def _download(source: HubSource, title: str, target: Path, endpoint: str | None) -> str:
    # Imported here because the compact profile does not need it.
    from huggingface_hub import HfApi, snapshot_download

    info = HfApi(endpoint=endpoint).model_info(source.repo, revision=source.revision, timeout=20)
    names = {sibling.rfilename for sibling in info.siblings or ()}
    weights = next((name for name in source.weights if name in names), None)
    if weights is None:
        raise WeightsUnavailable(
            f"{title}: {source} has none of the files {', '.join(source.weights)}."
        )
    snapshot_download(
        source.repo,
        revision=info.sha,
        allow_patterns=[weights, *source.extras],
        local_dir=target,
        endpoint=endpoint,
    )
    return info.sha or "unknown"


def _from_cache(source: HubSource, target: Path) -> str:
    """Copy the files from Hugging Face's cache; return their commit, empty if they aren't there."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import CachedRepoTreeNotFoundError, LocalEntryNotFoundError

    try:
        folder = Path(
            snapshot_download(source.repo, revision=source.revision, local_files_only=True)
        )
    except (LocalEntryNotFoundError, CachedRepoTreeNotFoundError, OSError, ValueError):
        return ""
    weights = next((name for name in source.weights if (folder / name).is_file()), None)
    if weights is None:
        return ""
    extras = [path for pattern in source.extras for path in sorted(folder.glob(pattern))]
    for path in (folder / weights, *extras):
        copy = target / path.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    return folder.name


def _check(source: HubSource, title: str, target: Path) -> None:
    """Check hash and completeness of the files; raises ``WeightsUnavailable``."""
    weights = next((name for name in source.weights if (target / name).is_file()), "")
    if source.sha256 and sha256_file(target / weights) != source.sha256:
        raise WeightsUnavailable(
            f"{title}: {weights} of {source} is not the published file, so it was not used."
        )
    for names in source.needs:
        if not any(next(target.glob(name), None) for name in names):
            raise WeightsUnavailable(
                f"{title}: {source} has no {' or '.join(names)}, without which the model would "
                "read words or pictures wrongly; so it was not used."
            )


@contextmanager
def _watched(folder: Path, report: Callable[[int], None]) -> Iterator[None]:
    """Report the size of a folder, in bytes, until the block ends."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_EVERY):
            report(bytes_below(folder))

    thread = threading.Thread(target=watch, name="download", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _refused(source: HubSource, title: str, error: Exception) -> str:
    """Return the error sentence for what the hub did not deliver."""
    status = getattr(getattr(error, "response", None), "status_code", 0)
    if status in (401, 403):
        return (
            f"{title} could not be fetched: the hub refused {source} ({status}). If it is gated or "
            f"private, accept its terms at https://huggingface.co/{source.repo} and set HF_TOKEN "
            "to a token that may read it."
        )
    if status == 404:
        return f"{title} could not be fetched: the hub has no {source} any more (404)."
    return unreachable(title, str(source), error)


def unreachable(title: str, tried: str, error: Exception) -> str:
    """Return the error sentence for a model that the hub did not deliver."""
    return (
        f"{title} could not be fetched: {tried} was tried ({type(error).__name__}); connect to the "
        "Hugging Face Hub and try again, put the files into VLCLIP_WEIGHTS_DIR, or use the compact "
        "profile (--profile compact), which needs no hub."
    )
