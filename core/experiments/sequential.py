"""Always-valid intervals and p for people who look at any time.

The mixture sequential probability ratio test (Robbins 1970; Johari, Koomen, Pekelis and Walsh,
"Peeking at A/B tests", KDD 2017) on the logarithm of the ratio of two variants: the likelihood
ratio is averaged over true effects with mean 0 and standard deviation τ. Under no effect this is a
martingale, so it exceeds 1/α at *any* look with a probability of α at most (Ville's inequality).

A worked example: log lift 0.08 with standard error 0.03 (V = 0.0009) and τ = 0.05 (τ² = 0.0025).
V + τ² = 0.0034, so Λ = √(0.0009 / 0.0034) · exp(0.0025 · 0.0064 / (2 · 0.0009 · 0.0034)) =
0.5145 · exp(2.6144) = 7.027, and p = 1 / 7.027 = 0.142: not yet, where a single look at a time
chosen beforehand would have z = 2.67 and p = 0.008. Half the width of the 95 % interval is
√(2 · 0.0009 · 0.0034 / 0.0025 · (ln 20 + ½ ln(0.0034 / 0.0009))) = 0.0950.
"""

from __future__ import annotations

import math


def always_valid_p(effect: float, error: float, scale: float) -> float:
    """Return p that holds at any look.

    Args:
        effect: Estimate, about normal.
        error: Its standard error.
        scale: τ, the size of effects that should be seen soonest; fixed before the first look.
    """
    if error <= 0:
        return 1.0
    variance, prior = error**2, scale**2
    log_ratio = 0.5 * math.log(variance / (variance + prior))
    log_ratio += prior * effect**2 / (2 * variance * (variance + prior))
    return math.exp(-log_ratio) if log_ratio > 0 else 1.0


def half_width(error: float, scale: float, alpha: float = 0.05) -> float:
    """Return half the width of the interval that holds at all looks together.

    Args:
        error: Standard error of the estimate.
        scale: τ, as above.
        alpha: Probability that the interval ever misses the true value.
    """
    if error <= 0:
        return math.inf
    variance, prior = error**2, scale**2
    total = variance + prior
    logs = math.log(1 / alpha) + 0.5 * math.log(total / variance)
    return math.sqrt(2 * variance * total / prior * logs)
