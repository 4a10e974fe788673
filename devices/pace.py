"""How many rows the next write may take: pure.

No write transaction may last longer than 50 ms (core.db), and how long a row takes depends on the
machine and on who else is at work. So a step is as large as fits into `BUDGET`, by what the step
before took: at once smaller when it took too long, larger by half at most when it was quick.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

BUDGET = timedelta(milliseconds=20)
LEAST, FIRST, MOST = 5, 50, 500  # rows


@dataclass(frozen=True, slots=True)
class Pace:
    """How many rows the next step may have.

    `least`: below so many a step only repeats what every step costs, and nobody waits less.
    """

    rows: int = FIRST
    least: int = LEAST

    def after(self, rows: int, took: timedelta) -> "Pace":
        """The pace after a step of so many rows that took so long."""
        if rows <= 0:
            return self
        fitting = int(rows * (BUDGET / took)) if took > timedelta(0) else MOST
        grown = max(self.rows, rows) * 3 // 2
        return replace(self, rows=max(self.least, min(MOST, fitting, grown)))
