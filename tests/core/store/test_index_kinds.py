import pytest

from core.domain.search_index import Breadth
from core.store import index_kinds


@pytest.mark.parametrize(
    ("rows", "most_bytes", "kind"),
    [
        (10**9, None, "IvfHnswFlat"),
        (1000, 1000 * (4 * 512 + 200), "IvfHnswFlat"),
        (1001, 1000 * (4 * 512 + 200), "IvfRq"),
        (1, 0, "IvfRq"),
    ],
)
def test_full_vectors_are_kept_where_they_fit(rows, most_bytes, kind):
    assert index_kinds.kind_for(rows, 512, most_bytes) == kind


@pytest.mark.parametrize("kind", ["IvfHnswFlat", "IvfRq"])
def test_breadths_are_tried_from_narrow_to_wide(kind):
    steps = index_kinds.steps(kind, 20)
    widths = [(step.probes, step.candidates) for step in steps]
    assert widths == sorted(widths)
    assert all(step.candidates >= 20 for step in steps)
    assert all(bool(step.probes) == (kind == "IvfRq") for step in steps)


class Search:
    """A search that keeps what it is calls."""

    def __init__(self):
        self.calls = {}

    def __getattr__(self, name):
        def tell(value):
            self.calls[name] = value
            return self

        return tell


@pytest.mark.parametrize(
    ("breadth", "count", "calls"),
    [
        (Breadth(40), 20, {"ef": 40}),
        (Breadth(61, probes=8), 20,
         {"ef": 61, "minimum_nprobes": 8, "maximum_nprobes": 0, "refine_factor": 4}),
        (Breadth(10, probes=8), 20,
         {"ef": 10, "minimum_nprobes": 8, "maximum_nprobes": 0, "refine_factor": 1}),
    ],
)  # fmt: skip
def test_a_search_is_told_how_widely_to_look(breadth, count, calls):
    assert index_kinds.widened(Search(), breadth, count).calls == calls


def test_filters_widen_the_search_of_a_graph_and_not_that_of_partitions():
    assert index_kinds.unmeasured(20) == Breadth(800, probes=256)
    assert index_kinds.filtered(Breadth(40, 0.99), 200) == Breadth(1600)
    assert index_kinds.filtered(Breadth(40, 0.99, 8), 20) == Breadth(40, 0.99, 8)
