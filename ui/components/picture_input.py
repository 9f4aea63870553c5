"""Search with a picture: upload, drag, paste, or one of the shipped room photos."""

from __future__ import annotations

import threading
from pathlib import Path

import gradio as gr
from gradio.data_classes import ImageData
from PIL import Image

from core.app.library import DEMO
from core.app.studio import Studio
from core.errors import QueryError
from ui.components.query import SearchForm
from ui.render import render

#: Pixels of the longer side of an uploaded picture; stored photos have as many at most.
LONG_SIDE = 1024


#: A large upload takes a gigabyte while it is decoded and shrunk, so they take turns.
_decoding = threading.Lock()


def picture_input(label: str) -> gr.Image:
    """Return the field itself: browse, drag, or paste; its value is the path of the uploaded file.

    ``gr.Image`` would open the file before any handler runs and answer a broken one with a bare
    "Error"; here it hands the file over unread, so that the studio's limits and sentences apply.
    (A subclass would do, but Gradio writes a stub file beside the module of every subclass.)
    """
    field = gr.Image(
        label=label,
        sources=["upload", "clipboard"],
        type="filepath",
        height=150,
        buttons=[],
        elem_classes="vs-picture-input",
        placeholder="Drop, paste or browse",
    )
    field.preprocess = _path  # type: ignore[method-assign]
    return field


def _path(payload: ImageData | None) -> str | None:
    return payload.path if payload else None


def example_strip(studio: Studio, catalog: str) -> str:
    """Return the example photos as buttons; for other catalogues than the demo, a hint.

    The photos are of rooms, so they are offered for the demo alone.
    """
    photos = studio.example_photos() if catalog == DEMO else ()
    return render("example_photos.html", captions=[caption for _, caption in photos])


def query_picture(studio: Studio, form: SearchForm, upload: str | None) -> Image.Image | None:
    """Return the query picture: the upload, else the example photo that the link names.

    An upload is shrunk to the size of stored photos, so that regions of it are small numbers and
    the page can show it.

    Raises:
        ImageError: The upload is no picture, or too large.
        QueryError: There is no such example photo.
    """
    if upload:
        with _decoding:
            image = studio.read_image(Path(upload))
            image.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
        return image
    if form.example is None:
        return None
    photos = studio.example_photos()
    if form.example >= len(photos):
        raise QueryError(
            f"There is no example photo {form.example}; choose one of the {len(photos)} shown."
        )
    return studio.read_image(photos[form.example][0])
