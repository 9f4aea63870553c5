"""Fetch weights and configuration files from a Hugging Face Hub repository."""

from __future__ import annotations

import shutil
from pathlib import Path

from core.errors import WeightsUnavailable
from core.weights.sources import HubSource
from core.weights.weight_files import is_disk_full, sha256_file


def fetch_hub(source: HubSource, title: str, target: Path, *, endpoint: str | None = None) -> str:
    """Download the repository's weight file and extras into the folder ``target``.

    Args:
        source: What to fetch.
        title: Name of the model, for people.
        target: An existing folder; an interrupted download in it is resumed.
        endpoint: URL of another hub than the user's default.

    Returns:
        The fetched commit.

    Raises:
        WeightsUnavailable: The hub can't be reached, or does not have the files.
    """
    # Imported here because the compact profile does not need it.
    from huggingface_hub import HfApi, snapshot_download

    try:
        info = HfApi(endpoint=endpoint).model_info(
            source.repo, revision=source.revision, timeout=20
        )
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
    except WeightsUnavailable:
        raise
    except Exception as error:
        # The hub's client raises errors of the HTTP library below it; the user can do the same
        # about all of them, except for a full disk.
        if isinstance(error, OSError) and is_disk_full(error):
            raise
        raise WeightsUnavailable(unreachable(title, str(source), error)) from None
    shutil.rmtree(target / ".cache", ignore_errors=True)
    if source.sha256 and sha256_file(target / weights) != source.sha256:
        raise WeightsUnavailable(
            f"{title}: {weights} of {source} is not the published file, so it was not used."
        )
    return info.sha or "unknown"


def unreachable(title: str, tried: str, error: Exception) -> str:
    """Return the error sentence for a model that the hub did not deliver."""
    return (
        f"{title} could not be fetched: {tried} was tried ({type(error).__name__}); connect to the "
        "Hugging Face Hub and try again, or use the compact profile (--profile compact), which "
        "needs no hub."
    )
