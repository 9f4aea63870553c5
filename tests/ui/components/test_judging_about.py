"""The demo's judgment set on the pages: who graded it, what it shows, a set of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.app.library import DEMO
from core.app.studio import Studio
from core.settings import load_settings
from tests import whole
from tests.core.catalog.shipped_judgments import LABELS, QUERIES, SET, write
from ui.checked_blocks import CheckedBlocks
from ui.components.judging_about import about_html
from ui.pages import annotate

ABOUT = 'about = "Graded by two of the <authors>.\\nEach alone."'
#: Its queries need no model of pictures.
WORDS = QUERIES.replace("q3,,,pictures/q3.jpg", "q3,lamp,,")


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """A small demo with a shipped set that is not taken in yet."""
    whole.fill(tmp_path, name=DEMO)
    studio = Studio(load_settings(data_dir=tmp_path))
    set_file = SET.replace('about = "Graded by two of the authors."', ABOUT)
    studio.demo_judgments.folder = write(tmp_path / "shipped", LABELS, set_file, WORDS)
    return studio


def test_who_graded_and_how(studio: Studio) -> None:
    studio.demo_judgments.take_in()
    html = about_html(studio, DEMO, "small")
    assert "<summary>Graded by two of the &lt;authors&gt;.</summary>" in html
    assert "Each alone." in html
    assert about_html(studio, DEMO, "another") == ""
    assert about_html(studio, "", None) == ""


def test_why_it_is_missing(studio: Studio) -> None:
    (studio.demo_judgments.folder / "labels.csv").unlink()
    studio.demo_judgments.take_in()
    other = studio.judging.queue(DEMO).sets.all()[0].set_id
    assert "labels.csv" in about_html(studio, DEMO, other)
    assert "labels.csv" in about_html(studio, DEMO, None)


def test_the_page_opens_a_set_of_one_s_own(studio: Studio) -> None:
    with CheckedBlocks() as page:
        annotate.build(studio, page)
    button = next(
        block for block in page.blocks.values() if getattr(block, "elem_id", "") == "annotate-own"
    )
    assert (button.value, button.variant) == ("Start a set of your own", "primary")
    start = next(fn.fn for fn in page.fns.values() if fn.name == "start_own")
    assert start is not None
    opened: Any = start()
    assert opened.selected == "new"


def test_the_engines_are_measured_on_it_once(studio: Studio) -> None:
    studio.demo_measures.measure_judgments()
    assert studio.evaluation.reports.ids() == (), "there is no such set yet"
    studio.demo_judgments.take_in()
    studio.demo_measures.measure_judgments()
    studio.demo_measures.measure_judgments()
    (report_id,) = studio.evaluation.reports.ids()
    report = studio.evaluation.latest(DEMO, whole.ENGINES, "small")
    assert report is not None
    assert report.report_id == report_id
    assert [entry.engine for entry in report.engines] == list(whole.ENGINES)
    assert report.queries == 2, "a query without a relevant item is left out"
    assert any("Graded by two of the <authors>." in note for note in report.notes)
    more = LABELS + "q1,i-1,grader A,3,\nq1,i-1,grader B,3,\n"
    write(studio.demo_judgments.folder, more, queries=WORDS)
    studio.demo_judgments.take_in()
    studio.demo_measures.measure_judgments()
    assert len(studio.evaluation.reports.ids()) == 2, "a newer version is measured anew"
