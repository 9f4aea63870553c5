"""Jinja templates for HTML, with escaping always on: catalogue text is untrusted."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def html_templates(folder: Path) -> Environment:
    """Make an environment for a folder's templates; an unknown name in a template is an error."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
