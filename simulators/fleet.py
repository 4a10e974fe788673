"""The whole pretend world as one asyncio loop: cars, gateways, crews, a seat and a camera."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from random import Random

from core.clock import Clock
from core.log import get
from devices.protocol.messages import Command, Receipt
from devices.protocol.topics import Realm
from simulators import city as cities
from simulators.gateway import GatewayLink
from simulators.scenario import Scenario
from simulators.world import World

TICK = timedelta(milliseconds=100)
_log = get("simulators.fleet")


class Fleet:
    """A running pretend city. `run` until `stop`; `trap` is the door for tests and demos."""

    def __init__(self, scenario: Scenario, *, clock: Clock) -> None:
        self._clock = clock
        self._scenario = scenario
        self.city = cities.generate(scenario)
        self.world = World(scenario, start_s=self._now_s())
        dice = Random(scenario.seed + 2)  # noqa: S311  (jitter, not a secret)
        boot = f"{int(self._now_s()) & 0xFFFFFF:06x}"
        lifts = {lift.id: lift for lift in self.city.lifts}
        self._links: list[GatewayLink] = []
        for gateway in self.city.gateways:
            if gateway.id == cities.TRIAL_GATEWAY:
                continue
            kitchen = gateway.kitchen_id is not None
            link = GatewayLink(
                gateway.id,
                gateway.area,
                Realm.KITCHEN if kitchen else Realm.LIFT,
                boot=boot,
                clock=clock,
                dice=dice,
                on_connected=partial(self._connected, len(self._links)),
                on_receipt=self._receipt,
                on_command=partial(self._command, len(self._links)),
            )
            self._links.append(link)
            if kitchen:
                self.world.add_kitchen(link)
            else:
                self.world.add_gateway(link, tuple(lifts[n] for n in gateway.lift_ids))

    def trap(self, rescue_code: str, people: int) -> None:
        """Jam that lift's car with people inside; raises NotFound for a lift not simulated here."""
        self.world.trap(rescue_code, people, self._now_s())

    def connected(self) -> int:
        """How many gateways have a broker now."""
        return sum(link.connected for link in self._links)

    async def move(self) -> None:
        """Let the world go on, until cancelled."""
        while True:
            self.world.advance(self._now_s())
            await self._clock.sleep(TICK)

    async def speak(
        self, host: str, port: int, group: asyncio.TaskGroup
    ) -> list[asyncio.Task[None]]:
        """Start every gateway's connection, a few at a time so that no broker is stormed."""
        tasks = []
        for link in self._links:
            tasks.append(group.create_task(link.run(host, port), name=f"gateway {link.identity}"))
            await self._clock.sleep(timedelta(milliseconds=10))
        return tasks

    def _now_s(self) -> float:
        return self._clock.now().timestamp()

    def _connected(self, n: int) -> None:
        self.world.say_all(self._links[n], self._now_s())

    def _receipt(self, receipt: Receipt) -> None:
        if not receipt.accepted:
            _log.warning("call refused", event_id=receipt.event_id, reason=receipt.reason)
        self.world.receipt(receipt)

    def _command(self, n: int, command: Command) -> None:
        if command.name == "send_status":
            self.world.say_all(self._links[n], self._now_s())


async def run(
    scenario: Scenario,
    *,
    broker_host: str,
    broker_port: int,
    api_base: str,
    tokens: Mapping[str, str],
    webhook_port: int,
    camera_port: int,
    clock: Clock,
    stop: asyncio.Event,
) -> None:
    """Run a pretend city against a hub until `stop` is set."""
    fleet = Fleet(scenario, clock=clock)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(fleet.move(), name="world")]
        tasks += await fleet.speak(broker_host, broker_port, group)
        await stop.wait()
        for task in tasks:
            task.cancel()
