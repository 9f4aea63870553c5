from __future__ import annotations

from pathlib import Path

import pytest

from core.judging.importing import plan
from core.judging.judgment_queue import JudgmentQueue
from core.store.database import open_database
from ui.components.judging_files import needs_look
from ui.render import render


@pytest.mark.parametrize(
    ("labels", "written", "wanted"),
    [("ES", "", True), ("ES", "e=3, s=2", False), ("31", "", False), ("10", "", False)],
)
def test_a_guessed_mapping_is_shown_before_labels_are_stored(
    tmp_path: Path, labels: str, written: str, wanted: bool
) -> None:
    file = tmp_path / "labels.csv"
    rows = "".join(f"lamp,l{number},{label}\n" for number, label in enumerate(labels))
    file.write_text("query,docid,rating\n" + rows)
    planned = plan(
        JudgmentQueue(open_database(tmp_path / "d")), file, lambda ids: ids, mapping=written
    )
    assert needs_look(planned, written) is wanted
    html = render("annotate_import.html", plan=planned, taken=None, catalog="shop")
    assert "How the labels become grades" in html
    assert "Dry run: nothing was stored." in html
