"""The composition root: what each process builds, and how the rooms meet.

Every function here is one process. It opens what it needs, hands plain values and functions from
room to room, runs until `stop`, and closes in reverse order. Nothing else in the product knows two
rooms of one floor.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace
from sqlalchemy import Connection

from alerts import conditions, refusals
from alerts.courier import Courier
from alerts.engine import Engine
from alerts.follower import Follower, rows_seen
from alerts.intake import take_call
from alerts.notify.log_sender import LogSender
from alerts.notify.webhook_sender import WebhookSender
from alerts.policy import PolicyBook
from core import failpoint, log
from core.clock import Clock
from core.db import Database
from core.errors import Unavailable
from core.pulse import Pulse
from devices import queries
from devices.calls import CallArrived, RefusedCall
from devices.judging import Limits
from devices.model import Camera, Lift
from devices.protocol.messages import Receipt
from devices.protocol.topics import EMERGENCY_FILTERS, TELEMETRY_FILTERS, Topic
from hub import broker, demo, dialects, history, parts, soundness, tls
from hub.doctor import version
from hub.folder import TELEMETRY_SOURCE, DataFolder
from hub.registry import Registry
from hub.settings import Settings
from hub.subscribing import telemetry_session
from hub.threads import corrected, run_together
from ingest.door import Door, DoorQueue
from ingest.emergency import EmergencyLane
from ingest.latest import LatestReader, LatestStates
from ingest.mqtt import Session
from ingest.quarantine import QuarantineReader
from ingest.replay import Replays
from ingest.telemetry import TelemetryLane, limits_of

if TYPE_CHECKING:
    import uvicorn

_GRACE_S = 3
_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Ground:
    """What every process is given."""

    settings: Settings
    folder: DataFolder
    clock: Clock
    share: int  # of the folder's lock
    metrics_folder: str | None
    supervised: bool  # standard input is the parent's pipe

    @property
    def database_url(self) -> str:
        """The relational database's URL."""
        return self.folder.database_url(self.settings.database.url)

    def pulse(self, part: str) -> Pulse:
        """The sign of life of `<role>.<part>`."""
        return Pulse(self.folder.pulse / part)


def run_broker(ground: Ground, stop: threading.Event) -> None:
    """The broker of the ladder, where none is configured."""
    broker.run(
        ground.folder,
        ground.settings.mqtt,
        share=ground.share,
        supervised=ground.supervised,
        may_move=bool(ground.settings.demo.scenario),
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


def run_telemetry(ground: Ground, stop: threading.Event) -> None:
    """The telemetry lane of the first shard; it reads the registry and owns its files."""
    clock, folder = ground.clock, ground.folder
    where = broker.address(folder, ground.settings.mqtt)
    with ExitStack() as stack:
        database = stack.enter_context(Database(ground.database_url, readers=2))
        stack.enter_context(corrected(clock, database))
        store = stack.enter_context(
            closing(history.writer(ground.settings, folder.telemetry, clock))
        )
        latest = stack.enter_context(closing(LatestStates(folder.latest)))
        policies = policies_of(ground)

        def limits_there(lift: Lift, gateway: str) -> Limits:
            wait = policies.for_area(lift.area).confirm_trapped_after
            limits: Limits = replace(limits_of(lift, gateway), confirm_after=wait)
            return limits

        session = telemetry_session(
            ground.settings.mqtt, where, "hub-telemetry-0", TELEMETRY_FILTERS, clock
        )
        loaded = dialects.load(folder.dialects)
        for each in loaded.wrong:
            _log.error("dialect_not_loaded", why=each)
        lane = TelemetryLane(
            session,
            dialects.listening(
                Registry(database, clock, bare=True), loaded.dialects, session.follow
            ),
            conditions.judge,
            conditions.elapse,
            store,
            clock,
            latest,
            limits=limits_there,
            dialects=loaded.dialects,
            asked=(DoorQueue(folder.telemetry), Replays(folder.telemetry, store)),
            bands=history.bands(ground.settings),
            room=history.room(ground.settings, folder.telemetry, clock),
            pulse=ground.pulse("telemetry.lane"),
        )
        session.start()
        stack.callback(session.close)
        run_together({"telemetry": lane.run}, stop)


def run_history(ground: Ground, stop: threading.Event) -> None:
    """Rolls history up and lets go of it; takes what waits to InfluxDB where that is configured."""
    settings, files, clock = ground.settings, ground.folder.telemetry, ground.clock

    def handed_off() -> Mapping[str, int]:
        with Database(ground.database_url, readers=1) as database:  # asked once an hour
            return database.read(partial(rows_seen, source=TELEMETRY_SOURCE))

    def drain(ended: threading.Event) -> None:
        history.drain(settings, files, clock, ended, ground.pulse("history.drain"))

    told = ground.pulse("history.keeper")
    keeper = history.keeper(settings, files, clock, handed_off, told)
    together: dict[str, Callable[[threading.Event], None]] = {"keeper": keeper.run}
    if settings.history.url:
        together["drain"] = drain
    run_together(together, stop)


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


def run_web(ground: Ground, stop: threading.Event) -> None:
    """The staff pages and the JSON interface."""
    _serve_pages(ground, stop, surface="staff")


def run_public(ground: Ground, stop: threading.Event) -> None:
    """The public pages: a process of its own, so that a page gone viral costs no rescue."""
    _serve_pages(ground, stop, surface="public")


def run_simulator(ground: Ground, stop: threading.Event) -> None:
    """The simulated city; it meets the hub at the broker and the JSON interface alone."""
    from simulators import fleet  # noqa: PLC0415  (only the demo needs it)

    known = demo.load(ground.folder)
    address = broker.address(ground.folder, ground.settings.mqtt)
    certificate = ground.settings.web.tls_cert

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
                # Our own broker takes devices that do not sign in; a configured one knows only us.
                broker_username=address.username if ground.settings.mqtt.url else "",
                broker_password=address.password if ground.settings.mqtt.url else "",
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


def policies_of(ground: Ground) -> PolicyBook:
    """The policy file, in the hub's zone, as fast as the simulated city lives."""
    book = soundness.read_policies(ground.settings)
    book = PolicyBook(book.default, book.by_area, ground.settings.tz)
    if ground.settings.demo.scenario:
        return book.scaled(demo.scenario(ground.settings.demo.scenario).speed)
    return book


def _serve_pages(ground: Ground, stop: threading.Event, *, surface: str) -> None:
    # Only the page processes load the pages: a rescue needs neither their memory nor their start.
    import uvicorn  # noqa: PLC0415

    from dashboard.app import create_app  # noqa: PLC0415
    from dashboard.deps import AppContext, Arriving, DemoInfo, Watched  # noqa: PLC0415
    from video.state import StateReader  # noqa: PLC0415

    settings, folder = ground.settings, ground.folder
    staff = surface == "staff"
    with ExitStack() as stack:
        database = stack.enter_context(Database(ground.database_url))
        stack.enter_context(corrected(ground.clock, database))
        kept = stack.enter_context(closing(history.reader(settings, folder.telemetry)))
        known = demo.load_or_none(folder) if settings.demo.scenario else None
        context = AppContext(
            surface="staff" if staff else "public",
            database=database,
            clock=ground.clock,
            zone=settings.tz,
            policies=policies_of(ground),
            latest=LatestReader(folder.latest),
            history=kept,
            quarantine=QuarantineReader(folder.telemetry),
            door=Arriving(Door(folder.telemetry), Registry(database, ground.clock))
            if staff
            else None,
            video=StateReader(folder.video),
            video_root=folder.video,
            link_secret=folder.secret("links"),
            reports_file=folder.reports,
            data_folder=folder.root,
            hotline=settings.hotline,
            metrics_folder=ground.metrics_folder,
            public_base_url=settings.public_url,
            staff_base_url=settings.staff_url,
            version=version(),
            secure_cookies=settings.tls,
            authority=settings.web.tls_cert
            and tls.authority_behind(settings.web.tls_cert, folder.root / "tls"),
            demo=DemoInfo(
                scenario=settings.demo.scenario,
                speed=demo.scenario(settings.demo.scenario).speed,
                accounts=tuple(known.accounts),
            )
            if known
            else None,
            # A process that somebody started by itself knows of no others.
            watched=Watched(
                parts=parts.expected(settings),
                pulses=folder.pulse,
                hand_offs=folder.hand_offs,
                last_backup=folder.last_backup,
            )
            if ground.supervised
            else None,
        )
        configuration = uvicorn.Config(
            create_app(context),
            host=settings.web.host if staff else settings.public_host,
            port=settings.web.port if staff else settings.public_port,
            ssl_certfile=settings.web.tls_cert,
            ssl_keyfile=settings.web.tls_key,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
        )
        told = ground.pulse("web.pages" if staff else "public.pages")
        _run_server(uvicorn.Server(configuration), stop, ground.clock, told)


def _run_server(server: "uvicorn.Server", stop: threading.Event, clock: Clock, told: Pulse) -> None:
    """Serve until `stop`. uvicorn would take the signals for itself; ours set `stop`."""

    async def serve() -> None:
        serving = asyncio.create_task(server.serve(), name="pages")
        while not stop.is_set() and not serving.done():
            told.beat()
            await clock.sleep(timedelta(milliseconds=100))
        server.should_exit = True
        await serving

    asyncio.run(serve())
    if not stop.is_set():
        raise Unavailable("the page server ended by itself: is its port taken?")
