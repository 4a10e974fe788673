"""How long a call waits for its receipt while telemetry comes: a whole hub, at its own broker.

Of a loaded machine the last columns tell what the wait was: work of the rescue process, or cores
that others had.
"""

import sys
from collections.abc import Sequence
from contextlib import closing, nullcontext
from pathlib import Path

import pytest

from tests.support import costs, firehose, lane, processes
from tests.support.caller import Caller
from tests.support.firehose import Told
from tests.support.hub_process import HubProcess

pytestmark = [pytest.mark.bench, pytest.mark.broker, pytest.mark.timeout(300)]

LIFTS = 4_000
CALLS = 120
PER_S = 6.0
STEADY = 5_000
FLAT_OUT = 40_000  # a second: more than the lane takes
PARTS = ("--role rescue", "--role telemetry", "mosquitto -c")
HEAD = (
    "| calls, 6 a second | p50 ms | p99 ms | worst ms | goal: p99 | p99 until the broker had it |"
    " rescue: CPU, kept waiting, ms a call | telemetry, broker: cores |\n"
    "|---|---|---|---|---|---|---|---|"
)


def line(
    name: str,
    goal: int,
    waited: Sequence[float],
    taken: Sequence[float],
    spent: Sequence[float],
    kept: float,
) -> str:
    """A row of the table."""
    p50, p99 = (waited[int(len(waited) * part)] * 1e3 for part in (0.5, 0.99))
    rescue, telemetry, broker = spent
    return (
        f"| {name} | {p50:.0f} | {p99:.0f} | {waited[-1] * 1e3:.0f} | {goal} |"
        f" {taken[int(len(taken) * 0.99)] * 1e3:.0f} |"
        f" {rescue / CALLS * 1e3:.0f}, {kept / CALLS * 1e3:.0f} |"
        f" {telemetry * PER_S / CALLS:.2f}, {broker * PER_S / CALLS:.2f} |"
    )


def test_a_call_has_its_receipt_soon_whatever_else_comes(tmp_path: Path) -> None:
    data = tmp_path / "data"
    lane.found(data, LIFTS)
    lines = [HEAD]
    with HubProcess(data) as hub:
        hub.start()
        pids = [processes.only(hub.pid, words) for words in PARTS]
        with closing(Caller(hub.broker_port)) as caller:
            caller.call(range(1, 21), PER_S)
            lasting = CALLS / PER_S + 5
            steady = Told(LIFTS, int(STEADY * lasting), rate=STEADY)
            flat_out = Told(LIFTS, int(FLAT_OUT * lasting), rate=FLAT_OUT, first=1_000)
            for nth, (name, goal, told) in enumerate(
                (
                    ("nothing else", 50, None),
                    ("beside 5,000 statuses a second", 50, steady),
                    ("beside a lane flat out", 250, flat_out),
                )
            ):
                load = firehose.ready(hub.broker_port, told) if told else nullcontext()
                with load as hose:
                    if hose is not None:
                        hose.go()
                    used = [costs.cpu_s(pid) for pid in pids]
                    kept = costs.kept_waiting_s(pids[0])
                    waited = caller.call(range(100 + nth * CALLS, 100 + (nth + 1) * CALLS), PER_S)
                    spent = [costs.cpu_s(pid) - u for pid, u in zip(pids, used, strict=True)]
                    kept = costs.kept_waiting_s(pids[0]) - kept
                    if hose is not None and not hose.flows:
                        name += " (the load ended before)"  # noqa: PLW2901
                lines.append(line(name, goal, waited, sorted(caller.taken), spent, kept))
    sys.stdout.write("\n\n" + "\n".join(lines) + "\n")
