from __future__ import annotations

import pytest

from core.errors import ExperimentError
from core.experiments.typed_values import filters_of, numbers_of, weights_of


def test_filters_may_have_several_values_and_commas_in_a_value() -> None:
    filters = filters_of("device=mobile, device = tablet,country=SE,")
    assert filters == {"device": ("mobile", "tablet"), "country": ("SE",)}
    assert filters_of(["size=S,M", "size=L"]) == {"size": ("S,M", "L")}
    assert filters_of("") == {}


def test_a_variant_that_is_not_named_has_the_weight_one() -> None:
    assert weights_of("b=2.5", ["a", "b"]) == {"a": 1.0, "b": 2.5}
    assert weights_of("", ["a", "b"]) == {"a": 1.0, "b": 1.0}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("c=1", "no variant “c”"), ("a=0", "above 0"), ("a=inf", "above 0"), ("a=nan", "above 0"),
        ("a=many", "Shares are numbers"), ("a", "not NAME=VALUE"), ("=1", "not NAME=VALUE"),
        ("a=", "not NAME=VALUE"),
    ],
)  # fmt: skip
def test_weights_that_mean_nothing_are_a_sentence(text: str, said: str) -> None:
    with pytest.raises(ExperimentError, match=said):
        weights_of(text, ["a", "b"])


def test_numbers_have_names() -> None:
    assert numbers_of("a=3,b=1") == {"a": 3.0, "b": 1.0}
