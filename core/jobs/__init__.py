"""Jobs: start long work, report progress, stop it from any process, store how it ended."""

from core.errors import STOPPED
from core.jobs.job_file import BegunJob, JobFile
from core.jobs.job_paths import INTERRUPTED
from core.jobs.reporter import JobReporter
from core.jobs.runner import JobRunner
from core.jobs.time_left import Stage

__all__ = [
    "INTERRUPTED",
    "STOPPED",
    "BegunJob",
    "JobFile",
    "JobReporter",
    "JobRunner",
    "Stage",
]
