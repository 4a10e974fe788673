"""A building of lifts with a gateway each beside the sample lift, for stories of power cuts."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Connection

from alerts import store, tables
from alerts.findings import apply_finding
from alerts.model import Alarm
from devices import commands
from devices.findings import ConditionCleared, ConditionRaised, Severity
from devices.model import Gateway
from tests.support.rescue import SEAT, START, Rescue

SEVERITY = {"power.off": Severity.MAJOR, "device.offline": Severity.MINOR}


class Building:
    """Lifts 235275 … with gateways B1 …; they share an address that nothing else has."""

    def __init__(self, rescue: Rescue, count: int, *, per_gateway: int = 1) -> None:
        self.rescue = rescue
        self.lifts = [f"{235275 + n}" for n in range(count)]
        self.gateways = [f"B{n + 1}" for n in range(-(-count // per_gateway))]
        rescue.database.write(lambda c: self._seed(c, per_gateway))

    def _seed(self, connection: Connection, per_gateway: int) -> None:
        kept = [
            commands.upsert_lift(
                connection,
                replace(
                    self.rescue.lift,
                    id=0,
                    rescue_code=code,
                    registration_code=f"31104101002026{code}",
                    address="示例路 2 号",
                ),
                START,
                SEAT,
            )
            for code in self.lifts
        ]
        for n, name in enumerate(self.gateways):
            served = kept[n * per_gateway : (n + 1) * per_gateway]
            gateway = Gateway(name, "410100", tuple(lift.id for lift in served))
            commands.enrol_gateway(connection, gateway, START, SEAT)

    def begins(self, subject: str, code: str, at_s: float = 0, **more: object) -> str:
        """That condition begins; what came of it."""
        found = ConditionRaised(
            event_id=f"{subject}:{code}-{at_s:g}",
            subject_kind="gateway" if subject in self.gateways else "lift",
            subject=subject,
            code=code,
            severity=SEVERITY.get(code, Severity.CRITICAL),
            since=START + timedelta(seconds=at_s),
            **more,  # type: ignore[arg-type]
        )
        return self._apply(found)

    def ends(self, subject: str, code: str, began_s: float, at_s: float) -> str:
        """It ends; what came of it."""
        found = ConditionCleared(
            event_id=f"{subject}:{code}-{began_s:g}",
            subject_kind="gateway" if subject in self.gateways else "lift",
            subject=subject,
            code=code,
            at=START + timedelta(seconds=at_s),
        )
        return self._apply(found)

    def _apply(self, found: ConditionRaised | ConditionCleared) -> str:
        now = self.rescue.clock.now()
        return self.rescue.database.write(
            lambda c: apply_finding(c, found, self.rescue.policies, now)
        )

    def alarms(self) -> list[Alarm]:
        """Every alarm there is, oldest first."""
        return self.rescue.database.read(
            lambda c: [
                store.to_alarm(row)
                for row in c.execute(tables.alarm.select().order_by(tables.alarm.c.since))
            ]
        )

    def shown(self) -> list[tuple[str, str]]:
        """What a seat sees on its list: subject and code of what is not closed nor folded."""
        return [
            (a.subject, a.code) for a in self.alarms() if not a.folded_into and a.state != "closed"
        ]
