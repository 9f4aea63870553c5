from __future__ import annotations

from pathlib import Path

import pytest

from core.domain import CatalogInfo, Progress
from core.errors import CatalogError
from ui.pages.catalog import keep_upload, overview_html, parse_mapping


def test_mapping() -> None:
    assert parse_mapping(" title = name, image=photo ,") == {"title": "name", "image": "photo"}
    assert parse_mapping("") == {}
    with pytest.raises(CatalogError, match="FIELD=COLUMN"):
        parse_mapping("title")


def test_uploads_are_kept_side_by_side(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("items.csv", "a.jpg"):
        (tmp_path / "in" / name).write_text(name)
    kept = keep_upload(
        tmp_path / "up", tmp_path / "in" / "items.csv", [str(tmp_path / "in" / "a.jpg")]
    )
    assert kept.read_text() == "items.csv"
    assert (kept.parent / "a.jpg").read_text() == "a.jpg"


def test_overview_escapes_and_shows_a_running_job() -> None:
    info = CatalogInfo("a", "<script>alert(1)</script>", 5, {"clip": 3}, 2, ("home",), ("chair",))
    html = overview_html((info,), {"a": Progress("embedding", 3, 5, "Working.", running=True)})
    assert "<script>" not in html
    assert "width: 60.0%" in html
    assert "Nothing is indexed" in overview_html((), {})
