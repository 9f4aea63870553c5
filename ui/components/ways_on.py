"""Links that lead on from a page with nothing to show."""

from __future__ import annotations

from urllib.parse import urlencode

from core.app.studio import Studio
from core.domain import CatalogInfo
from core.errors import StudioError

#: Text and address of each link.
Links = tuple[tuple[str, str], ...]


def ways_on(studio: Studio, catalog: str = "", *, items: bool = False) -> Links:
    """Return links to explore a catalogue, or the default one, and to all catalogues.

    Args:
        studio: The façade.
        catalog: Name as in the link that leads nowhere; it may name none.
        items: The page shows one item, so offer to choose another one.
    """
    info = _catalog(studio, catalog) or _catalog(studio, "")
    to_all = (("See all catalogues", "/catalog"),)
    if info is None:
        return to_all
    query = urlencode({"catalog": info.name})
    another = (("Choose another item", f"/inspect?{query}"),) if items else ()
    return (*another, (f"Explore “{info.title}”", f"/explore?{query}"), *to_all)


def _catalog(studio: Studio, name: str) -> CatalogInfo | None:
    try:
        return studio.catalog(name or None)
    except StudioError:
        return None
