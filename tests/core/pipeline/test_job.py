import json
import subprocess
import sys
import threading

import pytest

from core.domain import Progress
from core.errors import CatalogError
from core.pipeline.job import indexing_job, is_running, read_progress


def test_progress_is_seen_by_others_and_ends(tmp_path):
    assert read_progress(tmp_path) is None
    seen = []
    with indexing_job(tmp_path, seen.append) as job:
        job.report("embedding", 3, 10, "three")
        assert read_progress(tmp_path) == Progress("embedding", 3, 10, "three", running=True)
        assert is_running(tmp_path)
        job.end("done", "all there")
    assert read_progress(tmp_path) == Progress("done", 3, 10, "all there", running=False)
    assert not is_running(tmp_path)
    assert [progress.stage for progress in seen] == ["embedding", "done"]


def test_a_second_job_is_refused_with_a_sentence(tmp_path):
    with indexing_job(tmp_path), pytest.raises(CatalogError, match="being indexed already"):
        indexing_job(tmp_path).__enter__()
    with indexing_job(tmp_path):
        pass


def test_a_second_job_is_refused_from_another_thread_too(tmp_path):
    refused = []

    def try_it():
        try:
            with indexing_job(tmp_path):
                pass
        except CatalogError as error:
            refused.append(str(error))

    with indexing_job(tmp_path):
        thread = threading.Thread(target=try_it)
        thread.start()
        thread.join()
    assert len(refused) == 1


def test_a_failed_job_says_why(tmp_path):
    def fail():
        with indexing_job(tmp_path) as job:
            job.report("reading")
            raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        fail()
    progress = read_progress(tmp_path)
    assert (progress.stage, progress.message) == ("failed", "the disk is full")


def test_a_killed_job_is_not_running_forever(tmp_path):
    code = (
        "import os, pathlib, signal, sys\n"
        "from core.pipeline.job import indexing_job\n"
        "with indexing_job(pathlib.Path(sys.argv[1])) as job:\n"
        "    job.report('grounding', 5, 10, 'halfway')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert json.loads((tmp_path / "progress.json").read_text())["running"] is True
    progress = read_progress(tmp_path)
    assert (progress.stage, progress.running, progress.done) == ("stopped", False, 5)
    assert "goes on where it was" in progress.message


def test_frequent_reports_are_thinned_but_the_last_of_a_stage_is_not(tmp_path):
    seen = []
    with indexing_job(tmp_path, seen.append) as job:
        for done in range(101):
            job.report("embedding", done, 100)
    assert len(seen) < 20
    assert seen[-1].done == 100
