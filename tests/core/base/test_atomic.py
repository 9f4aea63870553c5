"""Files are written whole or not at all."""

import os
import stat
import threading

import pytest

from core.base.atomic import atomic_write, put_in_place, replacing


def test_content_is_replaced_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "état.json"
    atomic_write(path, "one\n")
    atomic_write(path, b"two\r\n", fsync=False)
    assert path.read_bytes() == b"two\r\n"
    assert [file.name for file in tmp_path.iterdir()] == ["état.json"]


def test_a_failing_writer_leaves_the_old_file(tmp_path):
    path = tmp_path / "state"
    atomic_write(path, "old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as partial:  # noqa: PT012
        partial.write_text("ne")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_the_mode_is_asked_for_and_obeys_the_umask(tmp_path):
    old = os.umask(0o027)
    try:
        atomic_write(tmp_path / "open", "x")
        atomic_write(tmp_path / "secret", "x", mode=0o600)
    finally:
        os.umask(old)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("open", "secret")]
    assert modes == [0o640, 0o600]


def test_many_writers_never_mix(tmp_path):
    path = tmp_path / "state"
    texts = [str(number) * 50_000 for number in range(4)]

    def write(text):
        for _ in range(20):
            atomic_write(path, text, fsync=False)

    atomic_write(path, texts[0])
    threads = [threading.Thread(target=write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert path.read_text() in texts
    assert len(list(tmp_path.iterdir())) == 1


def test_a_finished_folder_takes_the_place_of_an_old_one(tmp_path):
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text(name)
    put_in_place(tmp_path / "new", tmp_path / "old")
    assert [file.name for file in (tmp_path / "old").iterdir()] == ["new"]
    assert not (tmp_path / "new").exists()
