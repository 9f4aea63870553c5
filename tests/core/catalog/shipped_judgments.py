"""A small judgment set as one ships with the demo: two queries in words, an item and a picture."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

SET = """id = "small"
name = "Small set"
created = 2026-11-28T12:00:00Z
graded = 2026-11-28T13:00:00Z
graders = ["grader A", "grader B"]
decider = "both together"
engines = ["clip", "vl-clip"]
depth = 10
about = "Graded by two of the authors."
guidelines = "Look closely."

[[scale]]
value = 0
name = "irrelevant"
help = "No."

[[scale]]
value = 3
name = "exact"
help = "Yes."
"""
QUERIES = "query_id,text,item_id,picture\nq1,chair,,\nq2,,i-0,\nq3,,,pictures/q3.jpg\n"
LABELS = """query_id,item_id,grader,grade,note
q1,i-0,grader A,3,
q1,i-0,grader B,0,the seat is hidden
q1,i-0,both together,3,it is a chair
q2,i-1,grader A,0,
q2,i-1,grader B,0,
q3,i-2,grader A,3,
q3,i-2,grader B,3,
"""


def write(folder: Path, labels: str = LABELS, set_file: str = SET, queries: str = QUERIES) -> Path:
    """Write the files of the set and return their folder."""
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 30), "red").save(folder / "pictures" / "q3.jpg")
    for name, text in (("set.toml", set_file), ("queries.csv", queries), ("labels.csv", labels)):
        (folder / name).write_text(text, "utf-8")
    return folder
