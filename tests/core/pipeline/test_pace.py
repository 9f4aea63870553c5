from core.domain.job import Progress
from core.jobs.time_left import TimeLeft
from core.pipeline.pace import first_progress, plan


def test_the_first_report_has_number_and_time_of_a_new_catalogue() -> None:
    progress = first_progress(200, is_new=True)
    assert (progress.done, progress.total) == (0, 200)
    assert progress.seconds_left is not None
    assert progress.seconds_left > 200
    assert progress.time_left.startswith("about")


def test_of_a_catalogue_that_is_there_only_the_job_knows_what_is_left() -> None:
    assert first_progress(200, is_new=False).seconds_left is None
    assert first_progress(0, is_new=True).seconds_left is None
    assert [stage.total for stage in plan(10, 3)] == [10, 3, 1]


def test_what_is_shipped_with_its_results_takes_seconds_not_minutes() -> None:
    begun = Progress("grounding", 0, 669)
    shipped = TimeLeft(plan(669, 669, shipped=True), {}).seconds(begun)
    assert shipped is not None
    assert shipped < 30
    computed = TimeLeft(plan(669, 669), {}).seconds(begun)
    assert computed is not None
    assert computed > 600
