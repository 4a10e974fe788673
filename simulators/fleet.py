"""The whole pretend world as one asyncio loop: cars, gateways, crews, a seat and a camera."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING

import httpx2

from core.clock import Clock
from core.log import get
from devices.protocol.messages import Command, Receipt
from devices.protocol.topics import Realm
from simulators import city as cities
from simulators import crew
from simulators.desk import Desk, Work
from simulators.gateway import BrokerDoor, GatewayLink
from simulators.hub_api import HubApi
from simulators.orders import OrderDoor, Posted
from simulators.people import CrewWork, SeatWork
from simulators.scenario import Scenario
from simulators.world import World

if TYPE_CHECKING:
    from simulators.camera import CameraServer

CAMERA_PATH = "K0001-1"
REMEMBERED = 1000
TICK = timedelta(milliseconds=100)
SHORT = httpx2.Limits(keepalive_expiry=2)  # seconds; the hub closes what is idle for five
_log = get("simulators.fleet")


@dataclass(frozen=True, slots=True)
class Connections:
    """Where the pretend world meets the hub; the two ports are opened here, on loopback."""

    broker_host: str
    broker_port: int
    api_base: str
    webhook_port: int
    camera_port: int
    broker_username: str = ""
    broker_password: str = field(default="", repr=False)
    broker_tls: bool = False
    api_tls: ssl.SSLContext | None = None  # whom to trust; None: the system's authorities


class Fleet:
    """A running pretend city. `run` until `stop`; `trap` is the door for tests and demos."""

    def __init__(self, scenario: Scenario, *, clock: Clock) -> None:
        self._clock = clock
        self._scenario = scenario
        self.city = cities.generate(scenario)
        self.world = World(scenario, start_s=self._now_s())
        self._dice = Random(scenario.seed + 2)  # noqa: S311  (chance, not a secret)
        self._desks: dict[str, Desk] = {}
        self._lift_of: dict[str, str] = {}  # incident number: rescue code, as orders told it
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
                dice=self._dice,
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

    async def run(
        self, connections: Connections, tokens: Mapping[str, str], stop: asyncio.Event
    ) -> None:
        """Live until `stop` is set; then everything ends."""
        door = OrderDoor("127.0.0.1", connections.webhook_port, self._ordered)
        camera = await self._camera(connections.camera_port)
        await door.start()
        try:
            trusted = connections.api_tls or True
            async with httpx2.AsyncClient(
                timeout=10, trust_env=False, verify=trusted, limits=SHORT
            ) as client:
                self._desks = self._people(client, connections.api_base, tokens)
                await self._live(connections, stop)
        finally:
            await door.stop()
            if camera is not None:
                await camera.stop()

    async def _live(self, connections: Connections, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._move(), name="world")]
            tasks += [
                group.create_task(desk.run(), name=f"desk {name}")
                for name, desk in self._desks.items()
            ]
            door = BrokerDoor(
                connections.broker_host,
                connections.broker_port,
                connections.broker_username,
                connections.broker_password,
                connections.broker_tls,
            )
            for n, link in enumerate(self._links):
                # A few at a time: a city that connects at once is a storm.
                pause = timedelta(milliseconds=10 * n)
                name = f"gateway {link.identity}"
                tasks.append(group.create_task(self._speak(link, door, pause), name=name))
            await stop.wait()
            for task in tasks:
                task.cancel()

    async def _speak(self, link: GatewayLink, door: BrokerDoor, pause: timedelta) -> None:
        await self._clock.sleep(pause)
        await link.run(door)

    async def _move(self) -> None:
        while True:
            self.world.advance(self._now_s())
            await self._clock.sleep(TICK)

    async def _camera(self, port: int) -> "CameraServer | None":
        """The kitchen camera over RTSP; without the video extra the city has none."""
        try:
            from simulators.camera import CameraServer, Look  # noqa: PLC0415  (optional extra)
        except ImportError as error:
            _log.warning("no simulated camera: the video extra is missing", why=str(error))
            return None
        looks = {CAMERA_PATH: Look(name="K0001-1")}
        server = CameraServer("127.0.0.1", port, looks=looks, clock=self._clock)
        await server.start()
        return server

    def _people(
        self, client: httpx2.AsyncClient, base: str, tokens: Mapping[str, str]
    ) -> dict[str, Desk]:
        """A desk for each token whose name is in this city."""
        plan = self._scenario.crews
        dealt = crew.characters((firm.code for firm in self.city.firms), plan, self._dice)
        characters = {f"firm:{code}": character for code, character in dealt.items()}
        for station in self.city.stations:
            characters[f"station:{station.code}"] = crew.Character.ANSWERS
        works: dict[str, Work] = {
            name: CrewWork(
                name,
                HubApi(client, base, tokens[name]),
                scenario=self._scenario,
                character=character,
                dice=self._dice,
                freed=self._freed,
            )
            for name, character in characters.items()
            if name in tokens
        }
        if "dispatcher" in tokens:
            works["dispatcher"] = SeatWork(
                HubApi(client, base, tokens["dispatcher"]),
                scenario=self._scenario,
                dice=self._dice,
                stuck=self.world.stuck,
                released=self._released,
            )
        poll = timedelta(seconds=plan.poll_s)
        return {name: Desk(work, poll=poll, clock=self._clock) for name, work in works.items()}

    def _ordered(self, target: str, posted: Posted) -> bool:
        desk = self._desks.get(target)
        if desk is None:
            return False
        if posted.lift.rescue_code:
            self._lift_of[posted.incident] = posted.lift.rescue_code
            while len(self._lift_of) > REMEMBERED:
                del self._lift_of[next(iter(self._lift_of))]
        desk.nudge()
        return True

    def _freed(self, incident: str) -> None:
        """A crew has freed the people of an incident: their car moves again."""
        stuck = {number: code for code, number in self.world.stuck().items() if number}
        code = stuck.get(incident) or self._lift_of.get(incident)
        if code:
            self._released(code)
        if seat := self._desks.get("dispatcher"):
            seat.nudge()

    def _released(self, rescue_code: str) -> None:
        self.world.release(rescue_code, self._now_s())

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
    connections: Connections,
    *,
    tokens: Mapping[str, str],
    clock: Clock,
    stop: asyncio.Event,
) -> None:
    """Run a pretend city against a hub until `stop` is set.

    `tokens`: bearer tokens by whose they are: `firm:F001`, `station:S001`, `dispatcher`; whoever
    has none stays at home. Raises OSError when a port is taken.
    """
    await Fleet(scenario, clock=clock).run(connections, tokens, stop)
