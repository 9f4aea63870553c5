"""Uploads over real HTTP: whose they are, who may, how much, how long."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from itertools import cycle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.people import Role
from tests.ui.security.served import API, PNG, Visitor, file_data, served, shop_in
from ui.security.visitor_files import UploadRefused, VisitorFiles


def test_uploads_of_one_person_are_not_read_by_another(guarded: str) -> None:
    mine, other = Visitor(guarded, Role.MERCHANDISER), Visitor(guarded, Role.ADMIN)
    nobody, again = Visitor(guarded), Visitor(guarded, Role.MERCHANDISER)
    path = mine.uploaded("prices.csv", b"secret")
    assert mine.file(path).content == b"secret"
    assert mine.file(path).headers["cache-control"].startswith("private")
    for visitor in (other, nobody, again):
        for spelled in (path, f"/{path}", path.replace("/", "//"), f"{path}/.", f"{path}?x=1"):
            answer = visitor.file(spelled)
            assert answer.status_code in (401, 404), spelled
            assert b"secret" not in answer.content
        refused = 401 if visitor is nobody else 404
        folder = path if visitor is nobody else str(Path(visitor.uploaded("a.png", PNG)).parent)
        crooked = f"{folder}/../../../{path.split('visitors/')[1]}"
        assert visitor.file(crooked).status_code == refused
        assert visitor.http.get(f"{API}/file/{path}").status_code == refused
        assert visitor.http.head(f"{API}/file={path}").status_code == refused


def test_who_signs_in_next_in_the_same_browser_reads_nothing(guarded: str) -> None:
    visitor = Visitor(guarded, Role.MERCHANDISER)
    path = visitor.uploaded()
    visitor.http.post("/login", data={"username": "admin", "password": "the admin secret"})
    for cookie in visitor.http.cookies.jar:
        cookie.secure = False
    assert visitor.file(path).status_code == 404


def test_signing_out_ends_uploads(guarded: str) -> None:
    visitor = Visitor(guarded, Role.MERCHANDISER)
    visitor.uploaded("signed-out.csv")
    folder = Path(os.environ["GRADIO_TEMP_DIR"])
    assert list(folder.rglob("signed-out.csv"))
    visitor.http.post("/logout", headers={"Sec-Fetch-Site": "same-origin"})
    assert not list(folder.rglob("signed-out.csv"))


def test_a_link_to_the_sign_out_ends_nothing(guarded: str) -> None:
    visitor = Visitor(guarded, Role.MERCHANDISER)
    path = visitor.uploaded("kept.csv")
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert visitor.http.get("/logout", headers=elsewhere).status_code == 405
    assert visitor.file(path).status_code == 200


def test_nothing_says_where_the_files_lie(merchandiser: Visitor) -> None:
    folder = os.environ["GRADIO_TEMP_DIR"]
    path = merchandiser.uploaded("picture.png", PNG)
    assert folder not in path
    assert merchandiser.file(path).content == PNG
    config = merchandiser.config()
    assert folder not in json.dumps(config)
    act = next(e for e in config["dependencies"] if e["api_name"].startswith("act")
               and len(e["inputs"]) > 10)  # fmt: skip
    fields = {part["id"]: part["props"].get("value") for part in config["components"]}
    values = [fields[number] for number in act["inputs"]]
    values[-1] = file_data(path, url=f"{API}/file={path}")
    more = {"action": "more", "value": "20"}
    assert merchandiser.join(act["id"], values, event_data=more).status_code == 200
    outcome = json.dumps(merchandiser.outcome())
    assert folder not in outcome
    (shown, *_) = re.findall(r'"path": "([^"]*picture.png)"', outcome)
    assert merchandiser.file(shown).content == PNG
    inside = merchandiser.http.get(f"{API}/file={folder}/visitors").text
    assert folder not in inside


def test_equal_uploads_have_folders_of_their_own(open_studio: str) -> None:
    visitors = Visitor(open_studio), Visitor(open_studio)
    paths = {visitor.uploaded() for visitor in visitors for _ in range(2)}
    assert len(paths) == 4
    assert {Path(path).name for path in paths} == {"items.csv"}


def test_names_do_not_lead_out_of_the_folder(open_studio: str) -> None:
    visitor = Visitor(open_studio)
    for name in ("../../../evil.csv", "/etc/cron.d/evil", "..", "a/b\\c.csv", "x" * 300, ".csv"):
        answer = visitor.upload(name)
        if answer.status_code == 200:
            (path,) = answer.json()
            assert visitor.file(path).status_code == 200, name
        else:
            assert answer.status_code == 400, name


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANNOTATOR])
def test_who_may_only_look_uploads_pictures_alone(guarded: str, role: Role) -> None:
    visitor = Visitor(guarded, role)
    assert visitor.upload("chair.png", PNG).status_code == 200
    for name in ("items.csv", "page.html", "a.svg", "chair.png.html", "none"):
        answer = visitor.upload(name)
        assert answer.status_code == 403, name
        assert "pictures" in answer.text


def test_nobody_uploads_where_people_sign_in(guarded: str) -> None:
    for visitor in (Visitor(guarded),):
        for name, content in (("a.png", PNG), ("a.csv", b"x")):
            answer = visitor.upload(name, content)
            assert answer.status_code == 401


def test_uploads_have_limits(tmp_path: Path) -> None:
    shop = shop_in(tmp_path, max_upload_mb=1, upload_quota_mb=2)
    with served(shop) as url:
        visitor, other = Visitor(url), Visitor(url)
        large = visitor.upload("large.csv", b"x" * (2**20 + 1))
        assert (large.status_code, large.text) == (413, "A file may have 1 MB at most.")
        assert visitor.upload("a.csv", b"x" * 900_000).status_code == 200
        full = visitor.upload("b.csv", b"x" * 900_000)
        assert full.status_code == 413
        assert "2 MB" in full.text
        assert other.upload("b.csv", b"x" * 900_000).status_code == 413  # the same address
        chunked = visitor.http.post(f"{API}/upload", content=iter([b"x"] * 3))
        assert chunked.status_code == 411
        for path in ("/login", f"{API}/queue/join"):
            assert visitor.http.post(path, content=b" " * (8 * 2**20 + 1)).status_code == 413
            assert visitor.http.post(path, content=iter([b"{}"])).status_code == 411


def test_many_small_files_count_as_the_room_that_they_take(tmp_path: Path) -> None:
    with served(shop_in(tmp_path, upload_quota_mb=2)) as url:
        visitor = Visitor(url)
        many = [("files", (f"{n}.png", b"")) for n in range(300)]
        assert visitor.http.post(f"{API}/upload", files=many).status_code == 200
        full = visitor.http.post(f"{API}/upload", files=many)
        assert full.status_code == 413
        assert "2 MB" in full.text
        assert len(list((tmp_path / "temporary").rglob("*.png"))) <= 300


def test_no_upload_is_shown_as_a_page(merchandiser: Visitor) -> None:
    """Pages, drawings with scripts, and pictures that are a page, too."""
    page = b"<!doctype html><script>alert(1)</script>"
    drawing = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    names = (
        "a.html a.htm a.xhtml a.svg a.svgz a.xml a.js a.pdf a a.jpg.html a.jpg a.png a.gif a.webp "
        "a.csv a.HTML a.mht"
    )
    contents = page, drawing, PNG + page, b"GIF89a/*" + page + b"*/=1", b"%PDF-1.7" + page
    for name, content in zip(names.split(), cycle(contents), strict=False):
        answer = merchandiser.file(merchandiser.uploaded(name, content))
        headers = answer.headers
        assert headers["x-content-type-options"] == "nosniff"
        kind, saved = headers["content-type"], headers.get("content-disposition", "")
        picture = kind.startswith("image/") and "svg" not in kind
        assert picture or saved.startswith("attachment"), (name, kind, saved)


def test_an_address_in_a_file_is_not_fetched(open_studio: str) -> None:
    visitor = Visitor(open_studio)
    path = visitor.uploaded("a.png", PNG)
    entry = next(e for e in visitor.config()["dependencies"] if e["inputs"])
    own = f"{open_studio}{API}/file={path}"
    for url in (own, f"{API}/file={path}", None, ""):
        assert visitor.join(entry["id"], [file_data(path, url=url)]).status_code != 403, url
    elsewhere: list[Any] = [
        "http://169.254.169.254/", "data:image/png;base64,AAAA", "file:///etc/passwd", ["x"],
        f"{own}/../x", f"http://evil.example/?{own}", f"{API}/proxy=http://x",
    ]  # fmt: skip
    for url in elsewhere:
        assert visitor.join(entry["id"], [file_data(path, url=url)]).status_code == 403, url
    for path in ("http://169.254.169.254/latest", "https://example.com/a.png"):
        assert visitor.join(entry["id"], [file_data(path)]).status_code == 403
        assert visitor.file(path).status_code == 404
        assert visitor.http.get(f"{API}/proxy={path}").status_code == 404


def test_a_path_counts_wherever_it_stands(open_studio: str) -> None:
    visitor = Visitor(open_studio)
    entry = next(e for e in visitor.config()["dependencies"] if e["inputs"])["id"]
    bad = file_data("/etc/passwd")
    deep: Any = bad
    for _ in range(200):
        deep = [deep]
    places: list[Any] = [
        [[bad]], [{"image": bad}], [{"files": [{"file": bad}], "text": ""}], [deep],
        [{"path": "/etc/passwd"}], [{"path": ["/etc/passwd"]}],
        [{"name": "x", "meta": {"_type": "gradio.FileData"}, "path": None, "url": "x"}],
    ]  # fmt: skip
    for data in places:
        assert visitor.join(entry, data).status_code == 403, data
    assert visitor.join(entry, [], event_data={"value": {"file": bad}}).status_code == 403
    raw = '{"fn_index":0,"session_hash":"s","data":[' + "[" * 100_000 + "]" * 100_000 + "]}"
    answer = visitor.http.post(
        f"{API}/queue/join", content=raw, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400
    for encoding in ("utf-16", "utf-32", "utf-8-sig"):
        body = json.dumps({"fn_index": entry, "session_hash": "s", "data": [bad]}).encode(encoding)
        answer = visitor.http.post(
            f"{API}/queue/join", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code in (400, 403), encoding


def test_server_functions_take_no_path_and_no_files(merchandiser: Visitor) -> None:
    for component in merchandiser.config()["components"]:
        for name in component["props"].get("server_fns") or ():
            body = {"component_id": component["id"], "fn_name": name, "session_hash": "new"}
            answer = merchandiser.http.post(
                f"{API}/component_server", json={**body, "data": {"x": file_data("/etc/passwd")}}
            )
            assert answer.status_code == 403, name
            answer = merchandiser.http.post(
                f"{API}/component_server", data=body, files=[("f", ("a.txt", b"x"))]
            )
            assert answer.status_code == 415, name


def test_a_page_of_another_visitor_is_not_read_or_ended(guarded: str) -> None:
    mine, other = Visitor(guarded, Role.VIEWER), Visitor(guarded, Role.ADMIN)
    entry = next(e for e in mine.config()["dependencies"] if not e["inputs"])["id"]
    assert mine.join(entry, []).status_code == 200
    other.session = mine.session
    assert other.join(entry, []).status_code == 403
    query = {"session_hash": mine.session}
    assert other.http.get(f"{API}/queue/data", params=query).status_code == 403
    assert other.http.get(f"{API}/heartbeat/{mine.session}").status_code == 403
    for path in ("cancel", "component_server", "run/x"):
        body = {"fn_index": entry, "event_id": "x", "data": [], **query}
        refused = 404 if path == "run/x" else 403  # no page uses that route: it is closed
        assert other.http.post(f"{API}/{path}", json=body).status_code == refused
    assert mine.outcome()["msg"] == "process_completed"


def test_routes_that_no_page_needs_are_not_there(merchandiser: Visitor) -> None:
    routes = (
        "proxy=https://a.hf.space/x", "stream/a/b/1/playlist.m3u8", "deep_link", "vibe-code",
        "dev/reload", "file/etc/passwd", "runs", "custom_component/a/client/b/c", "mcp/sse",
        "process_recording", "run-history/buckets", "profiling/traces",
    )  # fmt: skip
    for path in routes:
        for method in ("GET", "POST"):
            answer = merchandiser.http.request(method, f"{API}/{path}", json={"session_hash": "x"})
            assert answer.status_code == 404, path


def test_programs_without_cookies_still_call(open_studio: str) -> None:
    visitor = Visitor(open_studio)
    visitor.http.cookies.clear()
    entry = next(e for e in visitor.config()["dependencies"] if not e["inputs"])
    visitor.http.cookies.clear()
    assert visitor.join(entry["id"], []).status_code == 200
    visitor.http.cookies.clear()
    assert visitor.outcome()["msg"] == "process_completed"


def files(folder: Path, **limits: Any) -> VisitorFiles:
    return VisitorFiles(
        folder / "visitors", **{"quota": 10_000, "total": 20_000, "life": 60, **limits}
    )


def test_unused_files_go_and_used_ones_stay(tmp_path: Path) -> None:
    store = files(tmp_path)
    for owner in ("ada", "bob"):
        (store.new_folder(owner) / "a.png").write_bytes(PNG)
    for path in store.root.rglob("*"):
        os.utime(path, (0, 0))
    kept = next((store.root / "ada").rglob("a.png"))
    assert store.owns("ada", str(kept))  # it counts as used
    assert not store.owns("bob", str(kept))
    store.sweep()
    assert kept.is_file()
    assert [path.name for path in store.root.iterdir()] == ["ada"]


def test_what_an_earlier_server_left_is_removed_at_the_start(tmp_path: Path) -> None:
    visitors = Path(os.environ["GRADIO_TEMP_DIR"]) / "visitors"
    left, fresh = visitors / "ada" / "old" / "a.csv", visitors / "ada" / "new" / "b.csv"
    kept = tmp_path / "uploads" / "items-1" / ".indexing.lock"
    for path in (left, fresh, kept):
        path.parent.mkdir(parents=True)
        path.touch()
    for path in (left, left.parent, kept):
        os.utime(path, (0, 0))
    with served(shop_in(tmp_path)):
        deadline = time.monotonic() + 10
        while (left.parent.exists() or kept.exists()) and time.monotonic() < deadline:
            time.sleep(0.02)
    assert not left.parent.exists()
    assert not kept.parent.exists()
    assert fresh.is_file()


def test_quotas_of_one_person_and_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, now = files(tmp_path), 1000.0
    clock = SimpleNamespace(monotonic=lambda: now)
    monkeypatch.setitem(VisitorFiles.reserve.__globals__, "time", clock)
    store.reserve("ada", 9_000)
    with pytest.raises(UploadRefused, match="more than you may upload"):
        store.reserve("ada", 2_000)
    (store.new_folder("ada") / "a").write_bytes(b"x" * 15_000)
    with pytest.raises(UploadRefused, match="no room"):
        store.reserve("bob", 9_000)
    now += 61
    store.reserve("ada", 4_000)
    refused = []

    def take() -> None:
        try:
            store.reserve("eve", 4_000)
        except UploadRefused as problem:
            refused.append(problem)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) >= 6


def test_links_lead_nowhere(tmp_path: Path) -> None:
    store = files(tmp_path)
    folder = store.new_folder("ada")
    (folder / "link").symlink_to("/etc/hostname")
    (folder / "loop").symlink_to(folder / "loop")
    for path in ("link", "loop", "", "..", "\0", "x" * 5000):
        assert not store.owns("ada", str(folder / path))
        assert not store.owns("ada", path)
