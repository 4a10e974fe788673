"""How long to wait before trying again: exponential, capped, with full jitter."""

from datetime import timedelta


def delay(attempt: int, *, base: timedelta, cap: timedelta, jitter: float) -> timedelta:
    """The pause before try number `attempt` (1 is the first retry).

    `jitter` in [0, 1] is drawn by the shell; 1 gives the whole exponential delay. At least a tenth
    of it is always waited, so that a jitter of nought does not spin.
    """
    exponent = min(max(attempt, 1) - 1, 16)
    whole = min(base * (1 << exponent), cap)
    return whole * (0.1 + 0.9 * min(max(jitter, 0.0), 1.0))
