from __future__ import annotations

import pytest

from core.training.schedule import warmup_cosine


def test_rises_then_falls() -> None:
    factors = [warmup_cosine(step, total=100, warmup=10) for step in range(101)]
    assert factors[0] == pytest.approx(0.1)
    assert max(factors) == factors[9] == pytest.approx(1.0)
    assert factors[10:] == sorted(factors[10:], reverse=True)
    assert factors[100] == pytest.approx(0.02)
