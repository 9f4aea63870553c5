"""Look at the heads of photos, to say before indexing what is no picture."""

from __future__ import annotations

from core.base.image_decoding import check_head
from core.catalog.photos import Origin, unusable
from core.catalog.rows import Draft, Rejected
from core.errors import ImageError


def check_photos(draft: Draft, column: str) -> None:
    """Refuse a row none of whose photos can be read; what lies on the web is not fetched.

    A row of a file without photos passes.

    Args:
        draft: The row.
        column: The column of its photo.

    Raises:
        Rejected: None of its photos is a picture; the sentence is that of the first one.
    """
    reason = ""
    for origin in draft.origins:
        try:
            _check(origin)
        except ImageError as error:
            reason = reason or str(unusable(origin, error))
        else:
            return
    if not draft.origins:
        return
    raise Rejected(reason, column, draft.item_id)


def _check(origin: Origin) -> None:
    if not isinstance(origin, str):
        check_head(origin)
    elif origin.partition("?")[0].lower().endswith(".svg"):
        check_head(b"<svg")
