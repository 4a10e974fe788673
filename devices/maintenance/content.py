"""A visit as plain JSON, as its record keeps it, and back.

Theory of operation. The record keeps what the phone said, unchanged, beside what the hub made of
it: the skew, the corrected times, the remarks. Reading back is strict: an instant without a zone,
a word that is not known or a missing field is refused, so the same door serves what a firm's own
system hands in. Instants keep the offset they were said with.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import cast

import msgspec

from core.errors import InvalidMessage
from devices.maintenance.period import work_type
from devices.maintenance.submission import Checked, Submission

FORM = 1


def handed_in(submission: Submission) -> dict[str, object]:
    """What was handed in, as plain JSON."""
    return cast("dict[str, object]", msgspec.to_builtins(submission))


def visit_record(submission: Submission, checked: Checked, firm: str) -> dict[str, object]:
    """The content of a visit's record."""
    return {
        "form": FORM,
        "firm": firm,
        "work_type": work_type(submission.period, submission.called_for_by),
        "handed_in": handed_in(submission),
        "skew_s": round(checked.skew.total_seconds()),
        "began_at": checked.began_at.isoformat(),
        "ended_at": checked.ended_at.isoformat(),
        "remarks": list(checked.remarks),
    }


def read(content: Mapping[str, object]) -> Submission:
    """What `handed_in` gave, back; raises InvalidMessage naming what cannot be read."""
    try:
        found = msgspec.convert(content, Submission)
    except msgspec.ValidationError as error:
        detail, _, place = str(error).partition(" - at `$")
        field = place.rstrip("`").lstrip(".")
        raise InvalidMessage("bad_field", detail, field=field) from error
    _refuse_naive(asdict(found), "")
    return found


def corrected(content: Mapping[str, object]) -> Submission:
    """What a visit's record holds, by the hub's clock: a phone's skew is taken off its times."""
    told = read(cast("Mapping[str, object]", content["handed_in"]))
    off = datetime.fromisoformat(cast("str", content["began_at"])) - told.started_at
    check_ins = tuple(replace(each, at=each.at + off) for each in told.check_ins)
    return replace(
        told,
        started_at=told.started_at + off,
        finished_at=told.finished_at + off,
        check_ins=check_ins if off else told.check_ins,
    )


def _refuse_naive(value: object, where: str) -> None:
    """Refuse an instant that does not say in which zone it is."""
    match value:
        case datetime() if value.tzinfo is None:
            raise InvalidMessage("bad_field", "give the time with its offset", field=where)
        case dict():
            for key, each in value.items():
                _refuse_naive(each, f"{where}.{key}" if where else str(key))
        case tuple():
            for n, each in enumerate(value):
                _refuse_naive(each, f"{where}[{n}]")
        case _:
            pass
