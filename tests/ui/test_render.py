"""Markdown as HTML: safe, and its tables can be read on a narrow screen."""

from __future__ import annotations

from ui.render import markdown


def test_each_cell_of_a_table_names_its_column() -> None:
    html = markdown('| part | "items" |\n|---|---|\n| rooms | 153 |\n| art | 100 |\n')
    assert html.count('<td data-label="part">') == 2
    assert '<td data-label="&quot;items&quot;">153</td>' in html


def test_html_in_markdown_is_text() -> None:
    html = markdown("<b onclick=alert(1)>x</b> ![y](http://example.org/y.png)")
    assert "<b" not in html
    assert "<img" not in html
