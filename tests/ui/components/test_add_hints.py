"""What stands above the form that adds a catalogue."""

import re
from datetime import date
from html import unescape
from urllib.parse import unquote

from core.app.dry_run import preview_file
from core.app.measured_costs import MeasuredCosts
from core.settings import load_settings
from ui.components.add_hints import EXAMPLE, add_hints

COSTS = MeasuredCosts("two processor cores", date(2026, 1, 1), 0.3, 2.4, 80, 1, 2)


def test_all_columns_of_the_example_file_are_recognised(tmp_path):
    (link,) = re.findall(r'href="data:text/csv;charset=utf-8,([^"]*)" download', add_hints(None))
    file = tmp_path / "example.csv"
    file.write_text(unquote(unescape(link)))
    assert file.read_text() == EXAMPLE
    seen = preview_file(file, load_settings(data_dir=tmp_path))
    assert seen.columns == tuple(EXAMPLE.splitlines()[0].split(","))
    assert seen.unused == ()
    assert seen.items == 1, "the other's photo has to be uploaded with the file"
    assert [row.field for row in seen.left_out] == ["image"]


def test_time_is_said_where_it_was_measured():
    assert "1,000 items takes about 5 minutes with plain photos, 40 with" in add_hints(COSTS)
    assert "minutes" not in add_hints(None)
