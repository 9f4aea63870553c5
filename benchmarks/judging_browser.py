"""One key press a pair, in a real Chromium: how long until the next photo is on screen?

``python -m benchmarks.judging_browser --url URL --set SET`` plays an annotator in a hurry on a
studio that is running: 100 pairs by keyboard at 1280 pixels, then 50 by tap at 390. The time runs
in the page, from the key (or the tap) to the frame that shows the next photo, decoded.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]

#: Script that records the times of a key or tap and of the next drawn photo.
PROBE = """
window.vsTimes = [];
let began = 0;
const start = () => { began = performance.now(); };
addEventListener('keydown', (e) => { if (/^[0-9]$/.test(e.key)) start(); }, true);
addEventListener('click', (e) => { if (e.target.closest('[data-grade]')) start(); }, true);
const watch = () => {
  const slot = document.querySelector('.vs-desk [data-part=photo]');
  if (!slot) { setTimeout(watch, 50); return; }
  const title = document.querySelector('.vs-desk [data-part=title]');
  const seen = new MutationObserver(() => {
    const image = slot.querySelector('img');
    if (!began || !image) return;
    const from = began;
    began = 0;
    const whole = image.complete && image.naturalWidth > 0;
    const shown = () => requestAnimationFrame(() => requestAnimationFrame(() =>
      vsTimes.push([performance.now() - from, whole])));
    if (whole) shown(); else image.decode().then(shown, shown);
  });
  // The next item may share its photo with this one; its title is another then.
  for (const part of [slot, title]) seen.observe(part, { childList: true });
};
watch();
"""


def opened(browser: Browser, url: str, name: str, phone: bool) -> Page:
    """Open Annotate on the set, under a separate name."""
    size = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 900}
    context = browser.new_context(viewport=size, has_touch=phone, is_mobile=phone)  # type: ignore[arg-type]
    context.add_init_script(f"localStorage.setItem('vs-name', '{name}')")
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector(".vs-desk [data-part=title]:not(:empty)")
    page.wait_for_timeout(2000)
    page.evaluate(PROBE)
    return page


def hurried(page: Page, pairs: int, phone: bool, pause: float) -> dict[str, Any]:
    """Grade one pair after the other; before each key, wait for the photo and ``pause`` ms."""
    if not phone:
        page.locator("h1").first.click()  # away from text fields: keys are commands
    for number in range(pairs):
        grade = str(number % 4)
        if phone:
            page.locator(f".vs-desk [data-grade='{grade}']").tap()
        else:
            page.keyboard.press(grade)
        page.wait_for_function("(n) => window.vsTimes.length > n", arg=number, timeout=20_000)
        page.wait_for_timeout(pause)
    page.wait_for_timeout(1500)
    measured = page.evaluate("window.vsTimes")
    times = sorted(took for took, _ in measured)
    return {
        "pairs": len(times),
        "p50 ms": round(statistics.median(times), 1),
        "p95 ms": round(times[int(0.95 * len(times))], 1),
        "most ms": round(times[-1], 1),
        "photos ready before the key": sum(ready for _, ready in measured),
        "progress": page.inner_text(".vs-desk [data-part=progress]"),
        "status": page.inner_text(".vs-desk [data-part=status]"),
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:7860")
    parser.add_argument("--set", required=True, help="id of a judgment set with enough pairs")
    parser.add_argument("--catalog", default="demo")
    parser.add_argument("--name", default="hurry")
    parser.add_argument("--pause", type=float, default=400, help="milliseconds between two pairs")
    asked = parser.parse_args()
    url = f"{asked.url}/annotate?catalog={asked.catalog}&set={asked.set}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for phone, pairs in ((False, 100), (True, 50)):
            page = opened(browser, url, f"{asked.name}-{'tap' if phone else 'key'}", phone)
            figures = hurried(page, pairs, phone, asked.pause)
            screen = "390 px, tap" if phone else "1280 px, key"
            print(json.dumps({screen: figures}, ensure_ascii=False), flush=True)
        browser.close()


if __name__ == "__main__":
    main()
