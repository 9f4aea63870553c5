"""The judging desk as somebody uses it who looks at a photo before grading it."""

from __future__ import annotations

from playwright.sync_api import Page

#: A grade that is given while a photo is loading is refused.
_WHOLE = """() => [...document.querySelectorAll(".vs-desk [data-part=single] img")].every(
  (photo) => !photo.checkVisibility() || (photo.complete && photo.naturalWidth > 0))"""


def wait_for_photos(page: Page) -> None:
    """Wait until the photos of the pair on screen are loaded."""
    page.wait_for_function(_WHOLE)


def press(page: Page, key: str) -> None:
    """Press a key that grades, as soon as the photos are there."""
    wait_for_photos(page)
    page.keyboard.press(key)
