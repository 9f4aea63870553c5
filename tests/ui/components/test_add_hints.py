"""What stands above the form that adds a catalogue."""

import re
from datetime import date
from html import unescape
from urllib.parse import unquote

from core.app.dry_run import preview_file
from core.app.measured_costs import MeasuredCosts
from core.settings import load_settings
from ui.components.add_hints import EXAMPLE, add_hints, size_and_time

COSTS = MeasuredCosts("two processor cores", date(2026, 1, 1), 0.3, 2.4, 80, 1, 2)


def test_all_columns_of_the_example_file_are_recognised(tmp_path):
    (link,) = re.findall(r'href="data:text/csv;charset=utf-8,([^"]*)" download', add_hints())
    file = tmp_path / "example.csv"
    file.write_text(unquote(unescape(link)))
    assert file.read_text() == EXAMPLE
    seen = preview_file(file, load_settings(data_dir=tmp_path))
    assert seen.columns == tuple(EXAMPLE.splitlines()[0].split(","))
    assert seen.unused == ()
    assert seen.items == 1, "the other's photo has to be uploaded with the file"
    assert [row.field for row in seen.left_out] == ["image"]


def test_size_and_time_are_said_where_they_were_measured():
    said = size_and_time(COSTS)
    assert "about 15,000 are ready in a night" in said  # 10 hours of 2.4 seconds
    assert "1,000 take about 5 minutes with plain photos, 40 with" in said
    assert "minutes" not in size_and_time(None)
