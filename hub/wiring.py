"""The composition root: what each process builds, and how the rooms meet.

Every function here is one process. It opens what it needs, hands plain values and functions from
room to room, runs until `stop`, and closes in reverse order. Nothing else in the product knows two
rooms of one floor.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from datetime import timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from alerts import refusals
from alerts.courier import Courier
from alerts.engine import Engine
from alerts.follower import Follower, rows_seen
from alerts.intake import take_call
from alerts.notify.log_sender import LogSender
from alerts.notify.webhook_sender import WebhookSender
from core import failpoint, log
from core.db import Database
from devices import queries
from devices.calls import CallArrived, RefusedCall
from devices.model import Camera, Lift
from devices.protocol.messages import Receipt
from devices.protocol.topics import EMERGENCY_FILTERS, Topic
from hub import broker, demo, history, parts, tls
from hub.folder import source_of
from hub.ground import Ground, policies_of
from hub.pages import run_public, run_web
from hub.registry import Registry
from hub.threads import corrected, run_together
from hub.worker import run_telemetry
from ingest.emergency import EmergencyLane
from ingest.mqtt import Session

_log = log.get(__name__)


def run_broker(ground: Ground, stop: threading.Event) -> None:
    """The broker of the ladder, where none is configured."""
    broker.run(
        ground.folder,
        ground.settings.mqtt,
        share=ground.share,
        supervised=ground.supervised,
        may_move=bool(ground.settings.demo.scenario),
        database_url=ground.database_url,
        pulse=ground.pulse("broker.door"),
        clock=ground.clock,
        stop=stop,
    )


def run_rescue(ground: Ground, stop: threading.Event) -> None:
    """Emergency lane, engine, follower of the hand-offs and courier: all that a rescue needs."""
    clock, folder = ground.clock, ground.folder
    with ExitStack() as stack:
        database = stack.enter_context(Database(ground.database_url))
        policies = policies_of(ground)
        registry = Registry(database, clock)
        session = Session(
            broker.address(folder, ground.settings.mqtt),
            "hub-emergency",
            EMERGENCY_FILTERS,
            lane="emergency",
            clock=clock,
        )

        def resolve(topic: Topic, lift: str | None) -> Lift:
            return registry().resolve(topic, lift)

        def open_call(arrived: CallArrived) -> Receipt:
            now = clock.now()

            def take(connection: Connection) -> Receipt:
                receipt = take_call(connection, arrived, policies, now)
                failpoint.reached("call.before_commit")
                return receipt

            receipt = database.write(take)
            failpoint.reached("call.after_commit")
            return receipt

        def refused(call: RefusedCall) -> bool:
            return database.write(lambda c: refusals.tell(c, call))

        webhook = stack.enter_context(closing(WebhookSender(folder.secret("webhook").decode())))
        follower = Follower(
            database,
            folder.hand_offs,
            policies,
            clock,
            ground.pulse("rescue.follower"),
        )
        lane = EmergencyLane(
            session, resolve, open_call, clock, refused, ground.pulse("rescue.lane")
        )
        senders: Mapping[str, LogSender | WebhookSender] = {"log": LogSender(), "webhook": webhook}
        session.start()
        stack.callback(session.close)
        run_together(
            {
                "emergency": lane.run,
                "engine": Engine(database, policies, clock, ground.pulse("rescue.engine")).run,
                "follower": follower.run,
                "courier": Courier(database, senders, clock, ground.pulse("rescue.courier")).run,
            },
            stop,
        )


def run_history(ground: Ground, stop: threading.Event) -> None:
    """Rolls history up and lets go of it; takes what waits to InfluxDB where that is configured.

    For every shard that there is, or was; one that comes is taken care of at once.
    """
    while not stop.is_set():
        shards = ground.folder.shards()
        together: dict[str, Callable[[threading.Event], None]] = {}
        for name, files in shards.items():
            together |= _history_of(ground, name, files)
        known = set(shards)
        run_together(together, stop, partial(_are, ground, known))


def _are(ground: Ground, known: set[str]) -> bool:
    return set(ground.folder.shards()) == known


def _history_of(
    ground: Ground, shard: str, files: Path
) -> dict[str, Callable[[threading.Event], None]]:
    settings, clock = ground.settings, ground.clock

    def handed_off() -> Mapping[str, int]:
        with Database(ground.database_url, readers=1) as database:  # asked once an hour
            return database.read(partial(rows_seen, source=source_of(shard)))

    def drain(ended: threading.Event) -> None:
        told = ground.pulse(parts.of_shard("history.drain", shard))
        history.drain(settings, files, clock, ended, told)

    told = ground.pulse(parts.of_shard("history.keeper", shard))
    keeper = history.keeper(settings, files, clock, handed_off, told)
    together: dict[str, Callable[[threading.Event], None]] = {f"keeper-{shard}": keeper.run}
    if settings.history.url:
        together[f"drain-{shard}"] = drain
    return together


def run_video(ground: Ground, stop: threading.Event) -> None:
    """The cameras; without the video extra it says so once and waits."""
    try:
        from video.fleet import Fleet  # noqa: PLC0415  (an optional extra stands behind it)
    except ImportError as error:
        _log.warning("cameras do not play: pip install '.[video]'", why=str(error))
        stop.wait()
        return
    with Database(ground.database_url, readers=2) as database, corrected(ground.clock, database):

        def cameras() -> list[Camera]:
            return list(database.read(queries.all_cameras))

        told = ground.pulse("video.fleet")
        Fleet(cameras, ground.folder.video, ground.clock, pulse=told).run(stop)


def run_simulator(ground: Ground, stop: threading.Event) -> None:
    """The simulated city; it meets the hub at the broker and the JSON interface alone."""
    from simulators import fleet  # noqa: PLC0415  (only the demo needs it)

    known = demo.load(ground.folder)
    address = broker.address(ground.folder, ground.settings.mqtt)
    certificate = ground.settings.web.tls_cert
    nameless = ground.settings.mqtt.anonymous and not ground.settings.mqtt.url

    async def live() -> None:
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()

        def wait() -> None:
            stop.wait()
            loop.call_soon_threadsafe(ended.set)

        told = ground.pulse("simulator.city")

        async def beat() -> None:
            while True:
                told.beat()
                await ground.clock.sleep(timedelta(seconds=1))

        threading.Thread(target=wait, name="stop", daemon=True).start()
        beating = asyncio.create_task(beat(), name="pulse")
        await fleet.run(
            demo.scenario(ground.settings.demo.scenario),
            fleet.Connections(
                broker_host=address.host,
                broker_port=address.port,
                # Where devices must sign in, a simulated city of them does so as the hub itself.
                broker_username="" if nameless else address.username,
                broker_password="" if nameless else address.password,
                broker_tls=address.tls,
                api_base=ground.settings.local_url,
                api_tls=tls.trust_alone(certificate) if certificate else None,
                webhook_port=known.webhook_port,
                camera_port=known.camera_port,
            ),
            tokens=known.tokens,
            clock=ground.clock,
            stop=ended,
        )
        beating.cancel()

    asyncio.run(live())


ROLES: Mapping[str, Callable[[Ground, threading.Event], None]] = {
    "broker": run_broker,
    "rescue": run_rescue,
    "web": run_web,
    "telemetry": run_telemetry,
    "history": run_history,
    "public": run_public,
    "video": run_video,
    "simulator": run_simulator,
}
