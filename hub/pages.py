"""The processes that serve pages: what the dashboard stands on, and the server around it."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from alerts.roster_watch import RosterWatch
from alerts.rounds import go_round
from core.clock import Clock
from core.db import Database
from core.errors import Unavailable
from core.pulse import Pulse
from devices.hand_overs import HandOvers
from devices.import_jobs import Jobs
from devices.import_work import Importer
from devices.maintenance import shipped as maintenance
from devices.maintenance.ladder import Ladder
from devices.protocol.topics import parse
from hub import demo, dialects, history, parts, tls
from hub.doctor import version
from hub.ground import Ground, policies_of
from hub.registry import Registry
from hub.settings import Settings
from hub.territory import Territory
from hub.threads import corrected
from ingest.door_shards import DoorShards
from ingest.latest_shards import LatestShards
from ingest.quarantine_shards import QuarantineShards
from ingest.shards import HOME, ShardMap

if TYPE_CHECKING:
    import uvicorn

    from dashboard.deps import Arriving
    from dashboard.sign_on import Provider

_GRACE_S = 3
BREATH = timedelta(milliseconds=100)  # after each few plans: a rescue never waits for them
MANY = 1_000_000  # it always rests


def run_web(ground: Ground, stop: threading.Event) -> None:
    """The staff pages and the JSON interface."""
    _serve_pages(ground, stop, surface="staff")


def run_public(ground: Ground, stop: threading.Event) -> None:
    """The public pages: a process of its own, so that a page gone viral costs no rescue."""
    _serve_pages(ground, stop, surface="public")


def _serve_pages(ground: Ground, stop: threading.Event, *, surface: str) -> None:
    # Only the page processes load the pages: a rescue needs neither their memory nor their start.
    import uvicorn  # noqa: PLC0415

    from dashboard.app import create_app  # noqa: PLC0415
    from dashboard.deps import AppContext, DemoInfo, EmqxDoor, Watched  # noqa: PLC0415
    from video.state import StateReader  # noqa: PLC0415

    settings, folder = ground.settings, ground.folder
    staff = surface == "staff"
    with ExitStack() as stack:
        database = stack.enter_context(Database(ground.database_url))
        stack.enter_context(corrected(ground.clock, database))
        kept = stack.enter_context(closing(history.reader(settings, folder.shards)))
        known = demo.load_or_none(folder) if settings.demo.scenario else None
        rules = maintenance.rules(settings.tz)
        context = AppContext(
            surface="staff" if staff else "public",
            database=database,
            clock=ground.clock,
            zone=settings.tz,
            policies=policies_of(ground),
            maintenance=rules,
            latest=LatestShards(folder.latest),
            history=kept,
            quarantine=QuarantineShards(folder.shards),
            door=_door(ground, database) if staff else None,
            emqx=EmqxDoor(folder.secret("emqx"), dialects.load(folder.dialects).patterns())
            if staff
            else None,
            video=StateReader(folder.video),
            video_root=folder.video,
            link_secret=folder.secret("links"),
            reports_file=folder.reports,
            data_folder=folder.root,
            hotline=settings.hotline,
            floor_bytes=history.floor_bytes(settings),
            metrics_folder=ground.metrics_folder,
            public_base_url=settings.public_url,
            staff_base_url=settings.staff_url,
            version=version(),
            secure_cookies=settings.tls,
            second_factor_for=settings.sign_in.strict_roles,
            sign_on=_provider(settings) if staff else None,
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
                parts=partial(parts.expected_of, settings, folder),
                pulses=folder.pulse,
                hand_offs=folder.hand_offs,
                last_backup=folder.last_backup,
                mappings_amiss=dialects.Amiss(folder.dialects),
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
        if staff:
            ladder = Ladder(database, ground.clock, rules)
            stack.enter_context(_beside(ground, "maintenance", lambda *_: ladder.run_once()))
            watch = RosterWatch(database, ground.clock, settings.tz)
            stack.enter_context(_beside(ground, "rosters", lambda *_: watch.run_once()))
            settler = HandOvers(database, ground.clock, settings.tz)
            stack.enter_context(_beside(ground, "contracts", lambda *_: settler.run_once()))
            jobs = Jobs(folder.imports / "jobs", ground.clock)
            importer = Importer(jobs, database, folder.imports, ground.clock)
            stack.enter_context(_beside(ground, "imports", importer.run_once))
        _run_server(uvicorn.Server(configuration), stop, ground.clock, told)


@contextmanager
def _beside(
    ground: Ground, name: str, work: Callable[[Callable[[], None], threading.Event], int]
) -> Iterator[None]:
    """Run a part beside the staff pages, until they end: the ladder of maintenance, imports.

    Here, because this process writes the database anyhow and no rescue waits for it. `work` is
    given what it beats with while it is long at work, and what ends it.
    """
    ended = threading.Event()
    told = ground.pulse(f"web.{name}")

    def run() -> None:
        go_round(
            name,
            lambda: work(told.beat, ended),
            ended,
            ground.clock,
            rest=BREATH,
            much=MANY,
            pulse=told,
        )

    thread = threading.Thread(target=run, name=name)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _door(ground: Ground, database: Database) -> "Arriving":
    from dashboard.deps import Arriving  # noqa: PLC0415  (as above)

    registry = Registry(database, ground.clock)
    spoken = dialects.load(ground.folder.dialects).dialects

    def owner(known: ShardMap, topic: str) -> str:
        gateway = registry().gateway(parse(topic).device)
        return HOME if gateway is None else Territory(known, HOME, spoken).owner(gateway)

    folder = ground.folder
    return Arriving(DoorShards(folder.telemetry, folder.shards, owner), registry)


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


def _provider(settings: Settings) -> "Provider | None":
    from dashboard.access import Role  # noqa: PLC0415
    from dashboard.sign_on import Provider  # noqa: PLC0415

    told = settings.sign_on
    if not told.issuer:
        return None
    return Provider(
        issuer=told.issuer,
        client_id=told.client_id,
        client_secret=told.client_secret.get_secret_value(),
        claim=told.claim,
        label=told.label,
        role=Role(told.role) if told.role else None,
        area=told.area,
    )
