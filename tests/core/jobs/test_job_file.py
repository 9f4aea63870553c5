"""One job per file, seen and stopped from any process; an end that nobody sees is no end."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from core.base.locks import START, file_lock
from core.domain.job import JobState, Progress
from core.errors import CatalogBusy, CatalogError, JobStopped, StudioError
from core.jobs import INTERRUPTED, STOPPED, BegunJob, JobFile, JobRunner, Stage
from core.jobs import runner as runner_module
from core.jobs.job_paths import JobPaths

_RUN = """
import os, signal, sys, time
# A shell that starts the tests in the background lets them ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
from core.domain.job import Progress
from tests.core.jobs.test_job_file import job_file
file, how = job_file(Path(sys.argv[1])), sys.argv[2]
with file.begin(author="ada") as reporter:
    reporter.step(Progress("work", 5, 10, "halfway"))
    print("begun", flush=True)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    for _ in range(3000):
        reporter.follow(Progress("work", 6, 10))
        time.sleep(0.01)
"""


def job_file(folder: Path) -> JobFile:
    paths = JobPaths(folder / ".lock", folder / "job.json", folder / ".stop")
    return JobFile("indexing", "shop", paths, "“shop” is busy. Stop it first.", CatalogBusy)


@pytest.fixture
def file(tmp_path: Path) -> JobFile:
    return job_file(tmp_path)


def elsewhere(folder: Path, how: str) -> subprocess.Popen:
    command = [sys.executable, "-c", _RUN, str(folder), how]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    )
    assert process.stdout.readline() == "begun\n"
    return process


def test_a_job_is_seen_from_its_first_moment_with_a_total_and_the_time_left(file):
    assert file.read() is None
    reporter = file.begin([Stage("read", 40, 0.5), Stage("embed", 10, 4.0)], author="ada")
    job = file.read()
    assert job.running
    assert (job.author, job.kind, job.subject) == ("ada", "indexing", "shop")
    assert (job.progress.stage, job.progress.done, job.progress.total) == ("read", 0, 40)
    assert job.progress.seconds_left == pytest.approx(60)
    assert job.progress.time_left == "about 60 seconds left"
    with reporter:
        pass
    job = file.read()
    assert (job.state, job.progress.seconds_left) == (JobState.DONE, None)


def test_progress_is_seen_by_others_and_ends(file):
    seen = []
    with file.begin(on_progress=seen.append) as reporter:
        reporter.step(Progress("embedding", 3, 10, "three"), {"rows": 3})
        job = file.read()
        assert (job.progress, job.details) == (Progress("embedding", 3, 10, "three"), {"rows": 3})
        reporter.end(JobState.DONE, "all there")
    job = file.read()
    assert (job.state, job.message, job.progress.done) == (JobState.DONE, "all there", 3)
    assert not file.busy_now()
    assert [progress.stage for progress in seen] == ["", "embedding"]


def test_few_of_frequent_reports_are_written(file, monkeypatch):
    seen, written = [], []
    monkeypatch.setattr("core.jobs.reporter.INTERVAL", 1000.0)
    monkeypatch.setattr("core.jobs.job_paths.share", lambda *given, **more: written.append(1))
    with file.begin(on_progress=seen.append) as reporter:
        for done in range(101):
            reporter.step(Progress("embedding", done, 100))
        assert reporter.job.progress.done == 100
        assert len(written) < 20
    assert len(seen) == 102


def test_a_second_start_is_refused_with_a_sentence_also_from_a_thread(file):
    refused = []

    def try_it():
        try:
            file.begin()
        except CatalogBusy as error:
            refused.append(str(error))

    with file.begin():
        thread = threading.Thread(target=try_it)
        thread.start()
        with pytest.raises(CatalogBusy, match="Stop it first"):
            file.begin()
        thread.join()
        assert file.read().running
    assert refused == ["“shop” is busy. Stop it first."]
    with file.begin():
        pass


def test_looking_never_refuses_a_starter(file):
    with file.begin():
        pass
    over, refused = threading.Event(), []

    def look():
        while not over.is_set():
            file.read()
            file.busy_now()

    lookers = [threading.Thread(target=look) for _ in range(4)]
    for looker in lookers:
        looker.start()
    for _ in range(100):
        try:
            with file.begin():
                assert file.read().running
        except CatalogBusy as error:
            refused.append(error)
    over.set()
    for looker in lookers:
        looker.join()
    assert not refused


def test_a_job_never_looks_interrupted_while_it_ends(file):
    """The snapshot may be read just before its end is written, and the lock just after."""
    over, seen = threading.Event(), set()

    def look():
        while not over.is_set():
            job = file.read()
            seen.add(job.state if job else None)

    lookers = [threading.Thread(target=look) for _ in range(3)]
    for looker in lookers:
        looker.start()
    for _ in range(200):
        with file.begin():
            pass
    over.set()
    for looker in lookers:
        looker.join()
    assert JobState.INTERRUPTED not in seen


def test_a_failure_is_kept_and_read_by_others(file, tmp_path):
    with pytest.raises(CatalogError), file.begin():
        raise CatalogError("The file is damaged at row 7.")
    job = job_file(tmp_path).read()
    assert (job.state, job.message) == (JobState.FAILED, "The file is damaged at row 7.")
    with pytest.raises(RuntimeError), file.begin() as reporter:  # noqa: PT012
        reporter.step(Progress("reading"))
        raise RuntimeError("the disk is full")
    assert "the disk is full" in file.read().message
    assert "log" in file.read().message
    file.dismiss()
    assert file.read() is None


def test_a_killed_job_is_interrupted_and_can_be_started_again(file, tmp_path):
    elsewhere(tmp_path, "kill").wait()
    assert json.loads((tmp_path / "job.json").read_text())["state"] == "running"
    job = file.read()
    assert (job.state, job.message) == (JobState.INTERRUPTED, INTERRUPTED)
    assert (job.progress.done, job.progress.total, job.author) == (5, 10, "ada")
    assert not file.stop()
    with file.locked():  # somebody else writes for a moment: it does not run again by that
        assert file.read().state is JobState.INTERRUPTED
    with file.begin():
        assert file.read().running


def test_a_job_of_another_process_is_stopped_from_here(file, tmp_path):
    process = elsewhere(tmp_path, "loop")
    assert file.read().running
    assert not file.read().stopping
    asked = file.stop()
    process.wait(120)
    assert asked
    job = file.read()
    assert (job.state, job.message) == (JobState.STOPPED, STOPPED)
    assert not (tmp_path / ".stop").exists()


def test_ctrl_c_marks_a_job_stopped(file, tmp_path):
    process = elsewhere(tmp_path, "loop")
    process.send_signal(2)
    process.wait(120)
    assert file.read().state is JobState.STOPPED


def test_a_stop_request_is_for_one_job_only(file, tmp_path):
    assert not file.stop()
    with file.begin() as reporter:
        assert file.stop()
        assert file.read().stopping
        assert reporter.stopping()
        request = (tmp_path / ".stop").read_text()
    with file.begin() as reporter:
        assert not reporter.stopping()
        (tmp_path / ".stop").write_text(request)  # written late, for the job before
        assert not reporter.step(Progress("work", 1, 2))
        file.stop()
        with pytest.raises(JobStopped):
            reporter.follow(Progress("work", 1, 2))


def test_snapshots_that_nobody_can_read_are_none(file, tmp_path):
    for text in ("{half", "[]", "3", '{"running": true}', "\0", "[" * 100_000):
        (tmp_path / "job.json").write_text(text)
        assert file.read() is None
    with file.begin():
        pass
    assert file.read().state is JobState.DONE


def test_a_full_disk_stops_the_snapshots_not_the_job(file, tmp_path, monkeypatch):
    def full(*_args, **_more):
        raise OSError(28, "No space left on device")

    with file.begin() as reporter:
        monkeypatch.setattr("core.jobs.job_paths.share", full)
        assert not reporter.step(Progress("work", 1, 1))


def test_a_watcher_that_raises_fails_the_job(file):
    def watch(progress: Progress) -> None:
        raise CatalogError("The terminal is gone.")

    with pytest.raises(CatalogError), file.begin(on_progress=watch):
        raise AssertionError
    assert file.read().state is JobState.FAILED
    assert not file.busy_now()


def test_a_runner_stores_how_a_job_ends(file, caplog):
    def fail(reporter):
        raise ValueError("no such luck")

    runner = JobRunner()
    runner.start(BegunJob(file.begin(), fail))
    runner.wait(120)
    assert "no such luck" in file.read().message
    assert "Traceback" in caplog.text
    runner.start(BegunJob(file.begin(), lambda reporter: None))
    runner.wait(120)
    assert file.read().state is JobState.DONE


def test_what_an_earlier_run_measured_is_expected_of_the_next(file):
    plan = [Stage("work", 100, 50.0)]
    with file.begin(plan) as reporter:
        for done in (1, 2, 3):
            time.sleep(0.02)
            reporter.step(Progress("work", done, 100))
    paces = file.read().paces
    assert 0.01 < paces["work"] < 60
    with file.begin(plan):
        assert file.read().progress.seconds_left == pytest.approx(100 * paces["work"])


def test_a_short_hold_by_another_is_waited_for(file, tmp_path):
    held = threading.Event()

    def hold():
        with file_lock(tmp_path / ".lock", START):
            held.set()
            time.sleep(0.3)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(120)
    with file.begin():
        pass
    thread.join()


def test_a_job_that_can_not_begin_its_work_has_failed_and_holds_no_lock(file, monkeypatch):
    runner = JobRunner()

    def around(run):
        raise OSError(28, "No space left on device")

    runner.start(BegunJob(file.begin(), lambda reporter: None), around)
    runner.wait()
    assert file.read().state is JobState.FAILED
    assert "No space left" in file.read().message

    def no_thread(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_thread)
    with pytest.raises(StudioError, match="too much to do"):
        runner.start(BegunJob(file.begin(), lambda reporter: None))
    assert "can't start new thread" in file.read().message
    with file.begin():
        pass
    assert file.read().state is JobState.DONE


def test_very_many_jobs_are_not_begun_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(runner_module, "MOST_JOBS", 2)
    runner, go = JobRunner(), threading.Event()
    files = [job_file(tmp_path / str(number)) for number in range(3)]
    for file in files[:2]:
        runner.start(BegunJob(file.begin(), lambda reporter: go.wait(120)))
    with pytest.raises(StudioError, match="2 jobs are running already"):
        runner.start(BegunJob(files[2].begin(), lambda reporter: None))
    assert files[2].read().state is JobState.FAILED
    go.set()
    runner.wait()
    runner.start(BegunJob(files[2].begin(), lambda reporter: None))
    runner.wait()
    assert [file.read().state for file in files] == [JobState.DONE] * 3
