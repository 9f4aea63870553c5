"""The default catalogue: used where a person names none."""

from __future__ import annotations

from core.base.shared_files import latest, share
from core.errors import CatalogError
from core.settings import Settings

#: Name of the file in the data directory that holds the choice.
NAME = "default-catalog"


class DefaultCatalog:
    """The setting ``catalog``, else the choice that is stored in the data directory.

    The choice is stored when the first catalogue is made, and changes only when somebody changes
    it: links without a catalogue go on meaning the same one.
    """

    def __init__(self, settings: Settings) -> None:
        self._setting = settings.catalog
        self._path = settings.data_dir / NAME

    def read(self) -> str:
        """Return the name; empty where nothing is set or chosen."""
        return self._setting or self.stored()

    def stored(self) -> str:
        """Return the choice of the data directory; empty where there is none."""
        try:
            return latest(self._path).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return ""

    def choose(self, name: str) -> None:
        """Store a choice.

        Raises:
            CatalogError: The setting says another catalogue, so the choice would have no effect.
        """
        if self._setting and self._setting != name:
            raise CatalogError(
                f"The setting VLCLIP_CATALOG says that “{self._setting}” is the default "
                "catalogue. Change it there."
            )
        self._path.parent.mkdir(parents=True, exist_ok=True)
        share(self._path, f"{name}\n")
