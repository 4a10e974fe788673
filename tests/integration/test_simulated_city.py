"""The pretend city against a real mosquitto and a hub that fits in one test."""

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import aiomqtt
import httpx2
import pytest

from core.clock import SystemClock
from simulators.fleet import Connections, Fleet
from simulators.scenario import parse
from tests.support import mosquitto
from tests.support.mosquitto import Broker
from tests.support.ports import free_port

pytestmark = pytest.mark.broker

QUICK = [0.01, 0.02]
SCENARIO = parse(
    {
        "speed": 20,
        "city": {"lifts": 4, "lifts_per_gateway": 2, "firms": 1, "stations": 1, "kitchens": 1},
        "entrapments": {"every_minutes": 0},
        "crews": {
            "answer_minutes": QUICK,
            "set_out_minutes": QUICK,
            "travel_minutes": QUICK,
            "free_minutes": QUICK,
            "poll_s": 0.2,
        },
        "seat": {"call_back_minutes": QUICK, "cause_minutes": QUICK, "close_minutes": QUICK},
    }
)
ASSIGNMENT = {
    "accept": "acknowledged",
    "en-route": "en_route",
    "arrive": "on_scene",
    "freed": "done",
}
INCIDENT = {"confirm": "confirmed", "cause": "cause_reported", "close": "closed"}


@dataclass
class TinyHub:
    """One incident, one assignment, and who did what."""

    incident: str = ""
    assignment: str = ""
    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def listing(self, path: str, token: str) -> list[dict[str, object]]:
        if path.startswith("/api/v1/assignments") and token == "f1":
            over = self.assignment in ("", "done")
            return [] if over else [{"id": 7, "incident": "N1", "state": self.assignment}]
        if path.startswith("/api/v1/incidents") and token == "d1":
            over = self.incident in ("", "closed")
            return [] if over else [{"id": "N1", "state": self.incident, "level": 1}]
        return []

    def act(self, path: str, token: str, body: dict[str, Any]) -> None:
        verb = path.rsplit("/", 1)[-1]
        self.asked.append((token, verb, body))
        if "/assignments/" in path:
            self.assignment = ASSIGNMENT[verb]
            self.incident = "freed" if verb == "freed" else self.assignment
        else:
            self.incident = INCIDENT[verb]

    def called(self) -> None:
        """Somebody calls for help: once it is an incident, then the same."""
        with self.lock:
            if not self.incident:
                self.incident, self.assignment = "dispatched", "offered"


@pytest.fixture
def tiny() -> Iterator[tuple[TinyHub, str]]:
    hub = TinyHub()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self, tree: object) -> None:
            payload = json.dumps(tree).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        @property
        def _token(self) -> str:
            return self.headers["Authorization"].removeprefix("Bearer ")

        def do_GET(self) -> None:
            with hub.lock:
                self._answer({"items": hub.listing(self.path, self._token)})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with hub.lock:
                hub.act(self.path, self._token, body)
            self._answer({})

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield hub, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with mosquitto.running(tmp_path / "broker") as running:
        yield running


async def _until(clock: SystemClock, seen: set[str], wanted: set[str]) -> None:
    async with asyncio.timeout(40):
        while not wanted <= seen:
            await clock.sleep(timedelta(milliseconds=50))


async def test_a_trapped_passenger_is_freed_and_the_incident_closed(
    tiny: tuple[TinyHub, str], broker: Broker
) -> None:
    hub, base = tiny
    clock, stop, seen = SystemClock(), asyncio.Event(), set[str]()
    fleet = Fleet(SCENARIO, clock=clock)
    code = fleet.city.lifts[0].rescue_code
    webhook = free_port()
    tokens = {"firm:F001": "f1", "station:S001": "s1", "dispatcher": "d1"}

    async def answer_calls() -> None:
        async with aiomqtt.Client("127.0.0.1", broker.port) as client:
            await client.subscribe("#", qos=1)
            seen.add("listening")
            async for message in client.messages:
                kind = message.topic.value.rsplit("/", 1)[-1]
                seen.add(kind)
                if kind != "call":
                    continue
                call = json.loads(message.payload)
                receipt = {"event_id": call["event_id"], "accepted": True}
                if not call.get("test"):  # the other lifts prove now and then that they can call
                    assert call["lift"] == code
                    seen.add(f"call {call['phase']}")
                    hub.called()
                    receipt["incident"] = "N1"
                topic = message.topic.value.replace("/call", "/receipt")
                await client.publish(topic, json.dumps(receipt), qos=1)

    connections = Connections("127.0.0.1", broker.port, base, webhook, free_port())
    async with asyncio.TaskGroup() as group:
        listening = group.create_task(answer_calls())
        await _until(clock, seen, {"listening"})
        living = group.create_task(fleet.run(connections, tokens, stop))
        await _until(clock, seen, {"status", "heartbeat", "sensor"})
        fleet.trap(code, 2)
        await _until(clock, seen, {"event", "call begin", "call end"})
        async with httpx2.AsyncClient(trust_env=False) as client:
            order = {"incident": "N1", "assignment": 7, "lift": {"rescue_code": code}}
            url = f"http://127.0.0.1:{webhook}/orders"
            assert (await client.post(f"{url}/firm/F001", json=order)).status_code == 204
            assert (await client.post(f"{url}/firm/F099", json=order)).status_code == 404
            assert (await client.post(f"{url}/firm/F001", content=b"{")).status_code == 400
            assert (await client.get(f"{url}/firm/F001")).status_code == 405
        async with asyncio.timeout(20):
            while hub.incident != "closed":
                await clock.sleep(timedelta(milliseconds=50))
        stop.set()
        await living
        listening.cancel()
    verbs = [(token, verb) for token, verb, _ in hub.asked]
    crew = [("f1", verb) for verb in ASSIGNMENT]
    assert verbs == [*crew, *(("d1", verb) for verb in INCIDENT)]
    assert hub.asked[2][2]["proof"] == "qr"
    assert all(set(body) <= {"code", "text"} for token, _, body in hub.asked if token == "d1")
    assert fleet.world.stuck() == {}


async def test_gateways_come_back_by_themselves_after_the_broker_was_killed(
    broker: Broker,
) -> None:
    clock, stop = SystemClock(), asyncio.Event()
    fleet = Fleet(SCENARIO, clock=clock)
    connections = Connections(
        "127.0.0.1", broker.port, f"http://127.0.0.1:{free_port()}", free_port(), free_port()
    )

    async def connected(count: int) -> None:
        async with asyncio.timeout(30):
            while fleet.connected() != count:
                await clock.sleep(timedelta(milliseconds=50))

    living = asyncio.create_task(fleet.run(connections, {}, stop))
    await connected(3)
    broker.kill()
    await connected(0)
    broker.start()
    await connected(3)
    stop.set()
    await living
