"""The pages in the header: those that a first visitor needs, and behind “More” the others."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class PageLink:
    """A page in the header.

    Attributes:
        title: Its name.
        path: Its path.
        purpose: What one does there, in a few plain words.
        is_more: Whether it stands behind “More”.
    """

    title: str
    path: str
    purpose: str
    is_more: bool = False


#: All pages in the header, in their order there.
NAVIGATION = (
    PageLink("Home", "/", "What the studio does, on one example"),
    PageLink("Explore", "/explore", "Search the catalogue"),
    PageLink("Compare", "/compare", "The same search with two engines, side by side"),
    PageLink("Evaluate", "/evaluate", "Which engine finds more, measured"),
    PageLink("Catalog", "/catalog", "Add your own products", is_more=True),
    PageLink("Inspect", "/inspect", "What an engine sees of one product", is_more=True),
    PageLink("Annotate", "/annotate", "Grade search results by hand", is_more=True),
    PageLink("Experiments", "/experiments", "Try two engines on real visitors", is_more=True),
)


def header_facts(signs_out: bool) -> dict[str, object]:
    """Return what the header's script needs.

    Args:
        signs_out: Whether the studio itself signs people out, not a proxy or hosting platform.
    """
    return {"pages": [asdict(page) for page in NAVIGATION], "signsOut": signs_out}
