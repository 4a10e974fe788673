"""Database, disk, backups, cameras and what was refused."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from core import feed
from core.errors import Unavailable
from dashboard.checkup.check import Check, Weight
from dashboard.deps import AppContext
from dashboard.i18n import msgid
from devices import queries
from video.stream import StreamState

LEAST_FREE_BYTES = 200 * 1024 * 1024
BACKUP_WITHIN = timedelta(days=8)
REFUSED_WITHIN = timedelta(days=1)


def database(context: AppContext) -> Check:
    """Whether it answers."""
    try:
        newest = context.database.read(feed.head)
    except (SQLAlchemyError, Unavailable) as error:
        return Check(
            "database",
            msgid("Database"),
            ok=False,
            weight=Weight.VITAL,
            says=msgid("does not answer (%(error)s)"),
            values={"error": type(error).__name__},
            remedy=msgid("`hub doctor` looks into it; else restore the newest backup."),
        )
    return Check(
        "database",
        msgid("Database"),
        ok=True,
        weight=Weight.VITAL,
        says=msgid("%(count)s entries in the journal"),
        values={"count": newest},
    )


def disk(context: AppContext) -> Check:
    """Whether there is room."""
    free = shutil.disk_usage(context.data_folder).free
    return Check(
        "disk",
        msgid("Disk"),
        ok=free >= max(LEAST_FREE_BYTES, context.floor_bytes),
        weight=Weight.VITAL,
        says=msgid("%(amount)s MiB free"),
        values={"amount": free // 1024**2},
        remedy=msgid("Make room on the disk of the data folder now."),
    )


def cameras(context: AppContext) -> Check:
    """How many of those that should play are live."""
    wanted = {c.id for c in context.database.read(queries.all_cameras) if c.enabled}
    now = context.clock.now()
    live = sum(
        state.believed(now).state is StreamState.LIVE
        for name, state in context.video.cameras().items()
        if name in wanted
    )
    return Check(
        "cameras",
        msgid("Cameras"),
        ok=live == len(wanted),
        weight=Weight.NOTED,
        says=msgid("%(live)s of %(total)s live"),
        values={"live": live, "total": len(wanted)},
        remedy=msgid("The kitchen's page tells since when and why a camera is dark."),
    )


def refused(context: AppContext) -> Check:
    """Messages that could not be taken in the last day."""
    count = context.quarantine.count_since(context.clock.now() - REFUSED_WITHIN)
    return Check(
        "quarantine",
        msgid("Refused messages"),
        ok=count == 0,
        weight=Weight.NOTED,
        says=msgid("%(count)s in the last day"),
        values={"count": count},
        remedy=msgid("The quarantine page names gateway, field and reason."),
    )


def mappings(context: AppContext) -> Iterator[Check]:
    """Mapping files of other people's formats that cannot be read, if any."""
    amiss = context.watched.mappings_amiss() if context.watched else ()
    if amiss:
        yield Check(
            "dialects",
            msgid("Mapping files"),
            ok=False,
            weight=Weight.WEIGHTY,
            says=msgid("cannot be read: %(files)s"),
            values={"files": "; ".join(amiss)},
            remedy=msgid(
                "Mend it: until then its gateways are read as before, after a restart not at all."
            ),
        )


def backup(context: AppContext) -> Iterator[Check]:
    """How old the newest one is, by the mark that `hub backup` leaves."""
    if context.watched is None:
        return
    try:
        made = datetime.fromtimestamp(context.watched.last_backup.stat().st_mtime, UTC)
    except OSError:
        made = None
    age = context.clock.now() - made if made else None
    yield Check(
        "backup",
        msgid("Newest backup"),
        ok=age is not None and age <= BACKUP_WITHIN,
        weight=Weight.NOTED,
        says=msgid("%(hours)s h old") if age is not None else msgid("none"),
        values={"hours": max(round(age.total_seconds() / 3600), 0) if age is not None else 0},
        remedy=msgid("Run `hub backup` every night; the runbook tells how."),
    )
