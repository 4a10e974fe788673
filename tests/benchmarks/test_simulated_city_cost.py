"""What the shipped city of 500 lifts costs: at most a fifth of a core, in steady state."""

import asyncio
import time
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import SystemClock
from simulators.fleet import Connections, run
from simulators.scenario import shipped
from tests.support import mosquitto
from tests.support.ports import free_port

pytestmark = [pytest.mark.bench, pytest.mark.broker]

WARM_UP = timedelta(seconds=60)
MEASURED = timedelta(seconds=45)


async def test_500_lifts_cost_at_most_a_fifth_of_a_core(tmp_path: Path) -> None:
    clock, stop = SystemClock(), asyncio.Event()
    with mosquitto.running(tmp_path / "broker") as broker:
        city = asyncio.create_task(
            run(
                shipped(),
                Connections(
                    broker_host="127.0.0.1",
                    broker_port=broker.port,
                    api_base=f"http://127.0.0.1:{free_port()}",
                    webhook_port=free_port(),
                    camera_port=free_port(),
                ),
                tokens={},
                clock=clock,
                stop=stop,
            )
        )
        await clock.sleep(WARM_UP)
        began, used = time.monotonic(), time.process_time()
        await clock.sleep(MEASURED)
        share = (time.process_time() - used) / (time.monotonic() - began)
        stop.set()
        await city
    assert share <= 0.20
