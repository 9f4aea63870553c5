"""Write shares, changes and differences as people read them: `95 %`, `+1.5 %`, `−0.012`.

The sign is a minus, as long as a plus, and a number keeps its per cent sign on its line.
"""

from __future__ import annotations

#: What stands in place of a figure that there is none of.
NOT_KNOWN = "–"

_MINUS, _NO_BREAK_SPACE = "\u2212", "\u00a0"


def percent(share: float | None, digits: int = 0) -> str:
    """Return a share of 1 as per cent: ``percent(0.954)`` gives ``95 %``, ``None`` a dash."""
    return NOT_KNOWN if share is None else _per_cent(f"{100 * share:,.{digits}f}")


def entered_percent(share: float) -> str:
    """Return a share that a person chose, with up to three figures: ``2 %``, ``0.25 %``."""
    return _per_cent(f"{100 * share:.3g}")


def entered_change(share: float) -> str:
    """Return a relative change that a person chose, in the same way: ``+2 %``, ``−0.5 %``."""
    return _per_cent(f"{100 * share:+.3g}".replace("-", _MINUS))


def change(share: float | None, digits: int = 1) -> str:
    """Return a relative change: ``change(-0.015)`` gives ``−1.5 %``, ``None`` a dash."""
    return NOT_KNOWN if share is None else _per_cent(signed(100 * share, digits))


def signed(value: float, digits: int) -> str:
    """Return a number with its sign, plus or minus: ``signed(-0.0123, 3)`` gives ``−0.012``."""
    return f"{value:+,.{digits}f}".replace("-", _MINUS)


def number(value: float, digits: int) -> str:
    """Return a number, with a minus where it is below 0: ``number(-0.2, 2)`` gives ``−0.20``."""
    return f"{value:,.{digits}f}".replace("-", _MINUS)


def _per_cent(number: str) -> str:
    return f"{number}{_NO_BREAK_SPACE}%"
