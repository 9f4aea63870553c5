"""Data of one view of a search page, read once and passed on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.app.studio import Studio
from core.domain import CatalogInfo, EngineStatus
from core.errors import StudioError
from ui.components.query import SearchForm, choose_engines, ready_first


@dataclass(frozen=True, slots=True)
class PageView:
    """The catalogue of a view, and every engine.

    Attributes:
        catalog: The catalogue; ``None`` where there is none of that name.
        problem: Why there is none, as a sentence.
        statuses: All engines.
    """

    catalog: CatalogInfo | None
    problem: str
    statuses: tuple[EngineStatus, ...]

    @classmethod
    def of(cls, studio: Studio, catalog: str) -> PageView:
        """Read a catalogue (the default one if the name is empty) and the engines."""
        try:
            return cls(studio.catalog(catalog or None), "", studio.engines())
        except StudioError as error:
            return cls(None, str(error), studio.engines())

    @property
    def available(self) -> list[tuple[str, str]]:
        """Titles and names of the engines that can run here."""
        return [(s.engine.title, s.engine.name) for s in self.statuses if s.available]


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """The choice of engines for a search.

    Attributes:
        default: Engines for a search that names none, if they can run.
        several: Several engines answer at once.
    """

    default: tuple[str, ...]
    several: bool

    def of(self, form: SearchForm, view: PageView) -> tuple[str, ...]:
        """Return the names of the engines for a search."""
        default = self.default
        if not self.several:
            default = ready_first(default, view.catalog)
            if view.catalog and view.catalog.engine:
                default = (view.catalog.engine, *default)
        chosen = choose_engines(form.engines, view.statuses, default)
        return chosen if self.several else chosen[:1]

    def plain(self, form: SearchForm, view: PageView) -> SearchForm:
        """Return the search for its link: without default engines, with the catalogue's name."""
        named = form.engines != self.of(replace(form, engines=()), view)
        catalog = view.catalog.name if view.catalog else form.catalog
        return replace(form, engines=form.engines if named else (), catalog=catalog)
