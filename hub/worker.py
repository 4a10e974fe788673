"""The telemetry worker of one shard: its lane, and its part in moves of areas.

Theory of operation. The worker reads the shard map and takes a stance: which areas are its own, and
whether a move needs it. It runs its lane until the stance is another, then takes the next. What it
does for a move - gather, drain, adopt (see ingest.shards) - it does again after a restart, from the
step that the map names; each can be done twice. While it waits for the other side, the broker keeps
what comes in its persistent session.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from datetime import timedelta
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from alerts import conditions
from core import failpoint, log
from core.db import Database
from core.errors import Conflict, HubError, InvalidMessage
from core.ids import new_secret
from devices.directory import Directory
from devices.judging import Limits
from devices.model import Lift
from hub import broker, choosing, dialects, history
from hub.folder import latest_of
from hub.ground import Ground, policies_of
from hub.registry import Registry
from hub.subscribing import telemetry_session, version_of
from hub.territory import Territory
from hub.threads import corrected, run_together
from ingest import handing
from ingest.door import SOURCE, DoorQueue
from ingest.gate import AreaGate, mark_topic
from ingest.inbox import waiting_for
from ingest.lane import BrokerAddress
from ingest.latest import LatestStates
from ingest.replay import Replays
from ingest.shard_file import ShardFile
from ingest.shards import HOME, Move, ShardMap, Step
from ingest.strays import Strays
from ingest.subscriber.errand import Errand, errand
from ingest.subscriber.session import SESSION_EXPIRY
from ingest.telemetry import TelemetryLane, limits_of
from ingest.timeseries.dayfiles import DayFiles
from ingest.timeseries.embedded import EmbeddedStore
from ingest.timeseries.port import Point

LOOK = timedelta(milliseconds=200)
MAPPINGS_S = 1.0
MARK_AGAIN_S = 3.0  # a mark may be lost with a broker that was killed
TRY_AGAIN = timedelta(seconds=1)

_log = log.get(__name__)
Stance = tuple[object, ...]
Filters = Callable[[Directory], Sequence[str]]


def run_telemetry(ground: Ground, stop: threading.Event) -> None:
    """The telemetry lane of a shard; it reads the registry and owns its files."""
    Worker(ground).run(stop)


def role_of(shard: str) -> str:
    """The process of a shard, which is also what its lane is called."""
    return "telemetry" if shard == HOME else f"telemetry-{shard}"


def client_id(shard: str) -> str:
    """Under which the broker keeps a shard's session."""
    return f"hub-telemetry-{shard}"


class Worker:
    """One for the process; `run` is for its main thread."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._clock = ground.clock
        self._shard = ground.shard
        self._files = ground.folder.shard(ground.shard)
        self._map = ShardFile(ground.folder.telemetry)
        self._pulse = ground.pulse(f"{role_of(ground.shard)}.lane")
        self._mappings = dialects.Mappings(ground.folder.dialects)
        self._dialects = self._mappings.loaded
        self._mappings_at = 0.0
        self._said = ""
        self._marked: Move | None = None  # whose mark was sent, and when
        self._marked_at = 0.0
        self._released = 0  # the number of the move that we gave areas away in
        for each in self._dialects.wrong:
            _log.error("dialect_not_loaded", why=each)

    def _other_dialects(self) -> bool:
        """Whether a mapping file says something else than the lane reads by."""
        now = self._clock.monotonic()
        if now - self._mappings_at < MAPPINGS_S:
            return False
        self._mappings_at = now
        before = self._mappings.loaded.wrong
        others = self._mappings.look()
        for each in self._mappings.loaded.wrong:
            if each not in before:
                _log.error("dialect_not_loaded", why=each, does="goes on by what it said before")
        return others

    def run(self, stop: threading.Event) -> None:
        """Be the shard's worker until `stop` is set."""
        while not stop.is_set():
            known = self._map.read()
            move = known.move if known.move and known.move.target == self._shard else None
            match move.step if move else None:
                case Step.GATHER if move:
                    self._try(partial(self._gather, known, move), stop)
                case Step.UNDO if move:
                    self._try(partial(self._undo, known, move), stop)
                case Step.DRAIN:
                    self._wait(stop)
                case _ if self._shard == HOME or known.areas(self._shard):
                    self._serve(known, stop)
                case _ if self._shard in known.leaving:
                    self._try(self._leave, stop)
                case _:
                    self._wait(stop)

    def _wait(self, stop: threading.Event) -> None:
        self._pulse.beat()
        self._clock.wait(stop, LOOK)

    def _try(self, work: Callable[[], None], stop: threading.Event) -> None:
        """Do it; where it cannot be done now, say so and wait: the map names what is next."""
        try:
            work()
            self._pulse.beat()
        except Conflict as no:  # somebody changed the map meanwhile
            _log.info("move_goes_another_way", shard=self._shard, why=str(no))
        except (OSError, HubError) as error:
            self._pulse.turned()
            _log.warning("move_waits", shard=self._shard, why=str(error))
            self._clock.wait(stop, TRY_AGAIN)

    # Moves: what the target does.

    def _gather(self, known: ShardMap, move: Move) -> None:
        """From here on the broker keeps what the areas say for us, too."""
        would = Territory(known.advanced(move, Step.ADOPT), self._shard, self._dialects.dialects)
        if self._shard != HOME and not known.areas(self._shard):
            self._forget_session()  # of another life
        with self._talk() as talk:
            talk.subscribe([*would.filters(self._registered()), mark_topic(self._shard)])
        failpoint.reached("move.gathered")
        self._map.change(lambda now: now.advanced(move, Step.DRAIN))
        _log.info("move_gathers", areas=move.areas, source=move.source, target=move.target)

    def _undo(self, known: ShardMap, move: Move) -> None:
        """Keep nothing more of the areas: their shard never stopped taking them."""
        if self._shard != HOME and not known.areas(self._shard):
            self._forget_session()
        else:
            self._sign_up(Territory(known, self._shard, self._dialects.dialects))
        self._map.change(lambda now: now.finished(move))
        _log.info("move_undone", areas=move.areas)

    def _adopt(self, move: Move, latest: Path, store: DayFiles) -> ShardMap:
        """Go on where the source has ended."""
        word = word_file(self._files, move)
        handing.take_over(word, latest, store, self._clock.now())
        failpoint.reached("move.taken_over")
        after = self._map.change(lambda now: now.finished(move))
        word.unlink(missing_ok=True)
        _log.info("move_done", areas=move.areas, source=move.source, target=move.target)
        return after

    # Moves: what the source does.

    def _leave(self) -> None:
        """Nothing is ours any more: the broker must not go on keeping it."""
        self._forget_session()
        self._map.change(lambda now: now.left(self._shard))

    def _send_mark(self, move: Move) -> None:
        with errand(
            self._address(), f"hub-mark-{new_secret()[:16]}", self._clock,
            version=version_of(self._ground.settings.mqtt), clean=True,
        ) as talk:  # fmt: skip
            talk.publish(mark_topic(self._shard), str(move.number).encode())

    def _release(
        self,
        move: Move,
        lane: TelemetryLane,
        latest: LatestStates,
        registry: Callable[[], Directory],
    ) -> bool:
        """Give the areas away: everything before the mark is safe. False: nothing may come yet."""
        if self._released == move.number:
            return False
        own = ShardFile(self._ground.folder.telemetry)  # this is the lane's thread
        with own.alone():
            now = own.read()
            if now.move != move:
                return True  # it was undone: the areas are still ours
            if any(waiting_for(self._files, SOURCE, area) for area in move.areas):
                return False  # the lane takes them first; nobody may add any while we hold the lock
            latest.flush(lane.pipeline)
            would = now.advanced(move, Step.ADOPT)
            theirs = Territory(would, move.target, self._dialects.dialects)
            handing.write_word(
                self._files,
                latest_of(self._files) / "latest.db",
                word_file(self._ground.folder.shard(move.target), move),
                choosing.of_territory(theirs, registry(), lambda area: area in move.areas),
            )
            failpoint.reached("move.word_written")
            own.put(would)
            self._released = move.number
        _log.info("move_drained", areas=move.areas, source=move.source, target=move.target)
        return False

    # The lane.

    def _serve(self, known: ShardMap, stop: threading.Event) -> None:
        ground, clock, folder = self._ground, self._clock, self._files
        if self._dialects is not self._mappings.loaded:
            self._dialects = self._mappings.loaded
            _log.info("dialects_read_again", dialects=sorted(self._dialects.dialects))
        with ExitStack() as stack:
            database = stack.enter_context(Database(ground.database_url, readers=2))
            stack.enter_context(corrected(clock, database))
            registry = Registry(database, clock, bare=True)
            store = stack.enter_context(closing(history.writer(ground.settings, folder, clock)))
            latest = stack.enter_context(closing(LatestStates(latest_of(folder))))
            newest = latest_of(folder) / "latest.db"
            move = known.move
            if move and move.target == self._shard and move.step is Step.ADOPT:
                known = self._adopt(move, newest, store)
            mine = Territory(known, self._shard, self._dialects.dialects)
            filters = mine.filters(registry())
            if known.moves:
                filters = (*filters, mark_topic(self._shard))
                self._try(partial(self._sign_up, mine, registry()), stop)
                others = choosing.of_others(mine, registry(), known)
                if gone := handing.let_go(folder, newest, store, clock.now(), others):
                    _log.info("moved_subjects_let_go", shard=self._shard, subjects=gone)
                store.recalls = partial(choosing.recalled, others)
            session = telemetry_session(
                ground.settings.mqtt,
                self._address(),
                client_id(self._shard),
                filters,
                clock,
                lane=role_of(self._shard),
            )
            strays, beside = self._strays(mine)
            gate = AreaGate(session, mine.shows, clock, strays.take if strays else tuple)
            lane = TelemetryLane(
                gate,
                dialects.listening(registry, beside, session.follow),
                conditions.judge,
                conditions.elapse,
                store,
                clock,
                latest,
                limits=self._limits(),
                dialects=self._dialects.dialects,
                asked=(DoorQueue(folder), Replays(folder, store, self._elsewhere, mine.shows)),
                bands=history.bands(ground.settings),
                silence=history.silence(ground.settings),
                room=history.room(ground.settings, folder, clock),
                pulse=self._pulse,
            )
            session.start()
            stack.callback(session.close)
            release = partial(self._release, lane=lane, latest=latest, registry=registry)
            look = partial(self._look, known, gate, release)
            heard = {} if strays is None else {"strays": strays.run}
            run_together({"telemetry": lane.run, **heard}, stop, look)

    def _strays(
        self, mine: Territory
    ) -> tuple[Strays | None, Callable[[Directory], Sequence[str]]]:
        """Who hears the cities that nobody has, where they are ours; and what to subscribe to."""
        if mine.whole or self._shard != HOME:
            return None, mine.filters
        named: frozenset[str] = frozenset()

        def filters(registry: Directory) -> Sequence[str]:  # at every change of the registry
            nonlocal named
            named = mine.named(registry)
            return mine.filters(registry)

        version = version_of(self._ground.settings.mqtt)
        owned = lambda area: area in named  # noqa: E731
        return Strays(self._address(), self._clock, owned, version=version), filters

    def _look(self, served: ShardMap, gate: AreaGate, release: Callable[[Move], bool]) -> bool:
        """Whether the lane runs on as it is; meanwhile see to the mark of a move."""
        try:
            known = self._map.read()
        except InvalidMessage as error:  # somebody has spoiled it: go on as we were
            if str(error) != self._said:
                self._said = str(error)
                _log.error("shard_map_unreadable", file=str(self._map.path), why=str(error))
            return True
        if self._stance(known) != self._stance(served) or self._other_dialects():
            return False
        move = known.move
        if move and move.source == self._shard and move.step is Step.DRAIN:
            now = self._clock.monotonic()
            if move != self._marked or now - self._marked_at >= MARK_AGAIN_S:
                gate.await_mark(
                    mark_topic(self._shard), str(move.number).encode(), partial(release, move)
                )
                self._marked, self._marked_at = move, now
                self._try(partial(self._send_mark, move), threading.Event())
        return True

    def _stance(self, known: ShardMap) -> Stance:
        """What of the map the lane depends on."""
        move = known.move
        needed = move.step if move and move.target == self._shard else None
        rest = known.elsewhere() if self._shard == HOME else None
        return known.areas(self._shard) if self._shard != HOME else None, rest, needed

    def _limits(self) -> Callable[[Lift, str], Limits]:
        policies = policies_of(self._ground)

        def limits_there(lift: Lift, gateway: str) -> Limits:
            wait = policies.for_area(lift.area).confirm_trapped_after
            limits: Limits = replace(limits_of(lift, gateway), confirm_after=wait)
            return limits

        return limits_there

    def _elsewhere(self, point: Point) -> bool:
        """Whether another shard's history has a message."""
        if self._ground.settings.history.url:
            return False  # written twice is once
        others = (
            path for name, path in self._ground.folder.shards().items() if name != self._shard
        )
        return any(EmbeddedStore.reader(path).holds(point) for path in others)

    # The broker, beside the lane.

    def _address(self) -> BrokerAddress:
        return broker.address(self._ground.folder, self._ground.settings.mqtt)

    def _talk(self, *, clean: bool = False) -> AbstractContextManager[Errand]:
        return errand(
            self._address(),
            client_id(self._shard),
            self._clock,
            version=version_of(self._ground.settings.mqtt),
            expiry=timedelta(0) if clean else SESSION_EXPIRY,
            clean=clean,
        )

    def _sign_up(self, mine: Territory, registry: Directory | None = None) -> None:
        """Let the session keep what is ours, and then nothing else."""
        registry = registry or self._registered()
        with self._talk() as talk:
            talk.subscribe([*mine.filters(registry), mark_topic(self._shard)])
            talk.unsubscribe(mine.unwanted(registry))

    def _forget_session(self) -> None:
        with self._talk(clean=True):
            pass

    def _registered(self) -> Directory:
        with Database(self._ground.database_url, readers=1) as database:
            return Registry(database, self._clock, bare=True)()


def word_file(target: Path, move: Move) -> Path:
    """Where the source of a move leaves its word for the target."""
    return target / "arriving" / f"{move.number}.db"
