"""Confirmation of a visit by the use unit's safety officer, within 24 hours.

Theory of operation. The record is not whole before the officer named for the lift has signed it
(TSG T5002-2017 Art. 7). The time runs from the receipt by the hub: nobody can confirm what is
still on a phone. Later is allowed and stays visible as late; nobody confirms work of their own.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from devices.objections import Objection

WITHIN = timedelta(hours=24)


def confirm_by(received_at: datetime) -> datetime:
    """Until when a visit that was received then is confirmed in time."""
    return received_at + WITHIN


def late_by(received_at: datetime, confirmed_at: datetime | None, now: datetime) -> timedelta:
    """How late a confirmation came, or is until now; zero when in time."""
    return max(timedelta(), (confirmed_at or now) - confirm_by(received_at))


def objections(
    by: str, officers: Collection[str], workers: Collection[str]
) -> tuple[Objection, ...]:
    """What stands against a confirmation by the account or person `by`."""
    found = []
    if by not in officers:
        found.append(
            Objection("by", "not_the_safety_officer", "let the safety officer of this lift confirm")
        )
    if by in workers:
        found.append(Objection("by", "own_work", "let somebody confirm who did not do the work"))
    return tuple(found)
