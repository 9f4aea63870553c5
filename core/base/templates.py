"""Jinja templates for HTML, with escaping always on: catalogue text is untrusted."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.base.counts import counted
from core.base.percentages import number, percent, signed


def html_templates(folder: Path) -> Environment:
    """Make an environment for a folder's templates; an unknown name in a template is an error.

    The filter ``counted`` says a count with its noun: ``{{ 3|counted("row") }}`` gives ``3 rows``;
    ``number``, ``percent`` and ``signed`` write figures, shares and differences.
    """
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "counted": counted, "number": number, "percent": percent, "signed": signed,
    }  # fmt: skip
    return environment
