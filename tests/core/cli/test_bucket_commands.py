"""Commands and pictures of a data directory in a bucket, from two servers."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from core.app.studio import Studio
from core.base.buckets import Bucket
from core.embedding.compact import CompactEncoder
from core.settings import load_settings
from tests.command import command
from tests.object_store import SECRET
from ui.media import media_router


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for colour in ("red", "blue"):
        Image.new("RGB", (400, 400), colour).save(tmp_path / f"{colour}.png")
    file = tmp_path / "shop.csv"
    file.write_text("id,title,image\n1,Red chair,red.png\n2,Blue sofa,blue.png\n")
    return file


def test_what_one_server_indexes_another_searches_and_shows(
    shop: Path,
    bucket_uri: str,
    tmp_path: Path,
    encoder: CompactEncoder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VLCLIP_BUCKET", bucket_uri)
    first, second = tmp_path / "first", tmp_path / "second"
    indexed = command("index", shop, "--engines", "clip", "--data-dir", first)
    assert indexed.returncode == 0, indexed.stderr
    assert "2 items (2 new" in indexed.stdout
    again = command("index", shop, "--engines", "clip", "--data-dir", second)
    assert "2 items (0 new, 0 changed, 2 unchanged" in again.stdout, again.stderr

    hits = command("search", "sofa", "--engine", "clip", "--data-dir", second)
    assert hits.returncode == 0, hits.stderr
    assert "Blue sofa" in hits.stdout.splitlines()[0]
    about = command("info", "--data-dir", second)
    assert f"data: {bucket_uri}" in about.stdout
    assert "Catalogue shop: 2 items" in about.stdout

    # Pages read tables and pictures in the same way.
    studio = Studio(load_settings(data_dir=second))
    pages = FastAPI()
    pages.include_router(media_router(studio))
    photo = studio.item("2", "shop").photo
    answer = TestClient(pages).get(f"/media/shop/thumb/{photo.sha256}.jpg")
    assert answer.status_code == 200
    assert answer.content.startswith(b"\xff\xd8\xff")
    assert TestClient(pages).get(f"/media/shop/full/{'0' * 64}.jpg").status_code == 404

    stored = [path for path in tmp_path.rglob("*") if path.is_file() and "lance" not in path.parts]
    assert all(SECRET.encode() not in path.read_bytes() for path in stored)


def test_an_address_that_is_none_is_refused_and_a_missing_bucket_is_named(
    store_address: str,
) -> None:
    refused = command("info", "--data-dir", f"s3://key:{SECRET}@shop/x")
    assert refused.returncode == 2
    assert "s3://bucket/prefix" in refused.stderr
    assert SECRET not in refused.stderr
    missing = command("info", "--data-dir", "s3://not-made/x")
    assert missing.returncode == 2
    assert "There is no bucket “not-made”" in missing.stderr


def test_users_and_choices_are_those_of_the_bucket(
    in_bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLCLIP_BUCKET", str(in_bucket.address))
    monkeypatch.setenv("VLCLIP_NEW_PASSWORD", "a long password")
    added = command("users", "add", "anna", "--role", "admin", "--data-dir", tmp_path / "here")
    assert added.returncode == 0, added.stderr
    other = Studio(load_settings(data_dir=tmp_path / "there"))
    assert other.people.sign_in, "an empty disk must not make everybody the owner"
    assert other.people.check("anna", "a long password")
