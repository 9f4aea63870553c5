"""What Home tells before somebody decides: a failure, what the studio costs, where data go."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.app.measured_costs import MeasuredCosts
from core.app.studio import Studio
from ui.components.proof import Loss, Proof, largest_loss
from ui.components.query import SearchForm
from ui.media import photo_url


@dataclass(frozen=True, slots=True)
class Limits:
    """The content of the three cards.

    Attributes:
        loss: The item that loses most; ``None`` where nothing was measured or nothing loses.
        loss_photo: Its photo.
        loss_link: Home with that item as its example.
        costs: Time and memory of the models in use; ``None`` if they were not measured.
        download_mb: Megabytes of models that are fetched once.
        writers: Sentence on who wrote the demo's texts; empty for other catalogues.
        agent_on: Whether a language model can be asked, which gets photos and listings then.
    """

    loss: Loss | None
    loss_photo: str
    loss_link: str
    costs: MeasuredCosts | None
    download_mb: int
    writers: str
    agent_on: bool


def limits(studio: Studio, form: SearchForm, proven: Proof | None, writers: str) -> Limits:
    """Return what speaks against it, what it takes and what is sent where."""
    loss = largest_loss(studio, form.catalog, proven.report) if proven else None
    return Limits(
        loss,
        photo_url(loss.item.photo, form.catalog) if loss else "",
        replace(form, text="", item=loss.item.item_id).link() if loss else "",
        studio.costs(),
        studio.download_mb(),
        writers,
        bool(studio.settings.anthropic_api_key),
    )
