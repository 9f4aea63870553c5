"""Hostile files sent to a real studio over HTTP: a sentence each, nothing runs, nothing is read."""

from __future__ import annotations

import gzip
import io
import json
import logging
import pickle
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.app.studio import Studio
from core.settings import load_settings
from tests import whole
from tests.core.base.hostile_pictures import no_pictures
from tests.core.base.test_workbook import HOSTILE, made
from tests.ui.security.served import Visitor, file_data, run_app
from ui.error_sentences import OUR_SIDE
from ui.web_app import build_app

_ENTITIES = "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
)  # fmt: skip


class Runs:
    """Unpickling this writes a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def _zip() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        file.writestr("../../evil.csv", "x")
    return held.getvalue()


def _tar() -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as file:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        file.addfile(link)
    return held.getvalue()


def tables(mark: Path) -> dict[str, bytes]:
    """Files that are called tables."""
    rows = "<rss><channel><item><id>1</id><title>{}</title></item></channel></rss>"
    return {
        "pickle.csv": pickle.dumps(Runs(mark)), "pickle.parquet": pickle.dumps(Runs(mark)),
        "zip.csv": _zip(), "zip.xml": _zip(), "zip.xlsx": _zip(), "tar.csv.gz": _tar(),
        "corners.xlsx": made(mark.with_suffix(".xlsx"), **HOSTILE["corners"]).read_bytes(),
        "twice.csv.gz": gzip.compress(gzip.compress(b"id,title\n1,a\n")),
        "bomb.csv.gz": gzip.compress(b"id,title\n" + b"1,chair\n" * 5_000_000),
        "laughs.xml": f'<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">{_ENTITIES}]>{rows.format("&j;")}'
        .encode(),
        "outside.xml": (
            '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + rows.format("&x;")
        ).encode(),
        "deep.xml": b"<rss><channel><item>" + b"<a>" * 100_000,
        "deep.json": b"[" * 300_000,
        "paths.csv": b"id,title,image\n1,a,/etc/passwd\n2,b,../../users.json\n3,c,file:///etc/x\n",
    }  # fmt: skip


@pytest.fixture(scope="module")
def visitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    data = tmp_path_factory.mktemp("hostile")
    whole.fill(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(data / "temporary"))
        with run_app(build_app(Studio(load_settings(data_dir=data)))) as url:
            yield Visitor(url)


def ask(visitor: Visitor, name: str, file: str, place: int) -> str:
    """Send the event of a name with a file in one of its fields; gives what comes back."""
    config = visitor.config()
    parts = {part["id"]: part["props"].get("value") for part in config["components"]}
    event = next(e for e in config["dependencies"] if e["api_name"] == name)
    values = [parts[number] for number in event["inputs"]]
    values = ["" if value is None and name == "preview" else value for value in values]
    values[place] = file_data(file)
    if name == "preview":
        values[1] = None
    visitor.session = f"{name} {Path(file).name}"
    assert visitor.join(event["id"], values).status_code == 200
    return json.dumps(visitor.outcome(), ensure_ascii=False)


def check(answer: str, caplog: pytest.LogCaptureFixture, name: str) -> None:
    assert "Traceback" not in answer, name
    assert OUR_SIDE not in answer, name
    assert "makes no sense" not in answer, name
    assert "root:x:" not in answer, name
    for record in caplog.records:
        assert record.levelno < logging.ERROR, (name, record.getMessage())
        assert record.getMessage().replace("\n", "").isprintable(), name


def test_hostile_tables_are_looked_at_and_nothing_happens(
    visitor: Visitor, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mark = tmp_path / "it ran"
    for name, content in tables(mark).items():
        check(ask(visitor, "preview", visitor.uploaded(name, content), 0), caplog, name)
    assert not mark.exists()


def test_hostile_pictures_are_searched_with_and_nothing_happens(
    visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    for kind, content in no_pictures().items():
        name = f"{kind.replace(' ', '-')}.png"
        answer = visitor.upload(name, content or b" ")
        assert answer.status_code == 200, name
        check(ask(visitor, "change_picture", answer.json()[0], -1), caplog, name)
