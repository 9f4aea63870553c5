"""What the tests of shops' files look at in a preview."""

from __future__ import annotations

from core.domain.file_preview import FilePreview, SampleItem


def photos(sample: SampleItem) -> list[str]:
    """Return the names of a sample's photos, without their folders."""
    return [place.rpartition("/")[2] for place in sample.photos]


def by_id(preview: FilePreview) -> dict[str, SampleItem]:
    """Return a preview's samples by item id."""
    return {sample.item_id: sample for sample in preview.samples}
