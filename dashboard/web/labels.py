"""What codes and states are called, in either language.

Theory of operation. The interface's own words for states, actions and fields are English message
ids here, one group a gettext context (`Freed` is a state, an action and a verb, and three words in
Chinese); their Chinese stands in the catalogue beside all other words. What codes of the wire, of
causes and of kinds mean is data of `devices.codes`, in both languages, because a table of a norm
is kept and versioned as a whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from dashboard import i18n
from dashboard.web import (
    label_accounts,
    label_alarms,
    label_audit,
    label_imports,
    label_ladder,
    label_maintenance,
    label_objections,
    label_papers,
    label_presence,
    label_refusals,
    label_rosters,
)
from devices import codes

WORDS: Mapping[str, Mapping[str, str]] = {
    "state": {
        "new": "New",
        "located": "Located",
        "dispatched": "Dispatched",
        "acknowledged": "Acknowledged",
        "en_route": "En route",
        "on_scene": "On scene",
        "freed": "Freed",
        "confirmed": "Confirmed by call-back",
        "cause_reported": "Cause reported",
        "closed": "Closed",
        "self_escaped": "Self-escaped",
        "false_alarm": "False alarm",
    },
    "assignment": {
        "offered": "Offered",
        "unanswered": "No answer",
        "refused": "Refused",
        "acknowledged": "Accepted",
        "en_route": "En route",
        "on_scene": "On scene",
        "done": "Done",
        "stood_down": "Stood down",
    },
    "action": {
        "located": "Lift located",
        "freed": "Freed",
        "confirm": "Confirm by call-back",
        "cause": "Report the cause",
        "close": "Close",
        "false_alarm": "False alarm",
        "self_escaped": "Self-escaped",
        "note": "Add a note",
        "comfort": "Comfort call made",
    },
    "target": {
        "firm": "Maintenance firm",
        "station": "Rescue station",
        "public_rescue": "Public rescue",
    },
    **label_imports.WORDS,
    **label_ladder.WORDS,
    "level": {
        "1": "Level 1",
        "2": "Level 2",
        "3": "Level 3",
    },
    "recipient": {
        "seat": "Dispatcher's seat",
        "supervisor": "Supervisor on duty",
    },
    "sender": {
        "log": "Hub's log",
        "webhook": "Message to their system",
    },
    "subject": {
        "offer": "Order",
        "stand_down": "Stand down",
    },
    "reason": {
        "stale_version": (
            "Somebody else has changed it since this page was drawn. Go back and look again."
        ),
        "key_reused": (
            "This form was sent once already, with other facts. What you see now has not been "
            "sent: check it and send it again."
        ),
        "wrong_state": (
            "The incident has moved on, so this step is no longer open. Go back and look again."
        ),
        "exhausted": "Everybody at this level has been asked already.",
        "lift_unknown": "No lift has this code. Check it with the caller, or tell the place.",
        "missing_field": "Something that is needed is missing.",
        "bad_field": "One field holds what it may not hold.",
        "forbidden": "Your account may not do this. Ask an administrator if it should.",
        "unavailable": "The hub is busy or one of its parts is down. Try again in a moment.",
        "internal": (
            "Something broke on our side; it is in the log. Try again, and tell the administrator."
        ),
        "too_many_requests": "Too many in a short time. Wait a moment and try again.",
        "request_entity_too_large": "What was sent is too large.",
        "not_watched": "nobody watches it",
        "video_process_silent": "the video process is silent",
        "no_pictures": "it sends no pictures",
        "unauthorized": "it refuses our password",
        "not_found": "nothing at its address",
        "refused_by_camera": "it refuses",
        "timeout": "it does not answer",
        "connection_refused": "it takes no connection",
        "connection_lost": "the connection broke",
        "not_readable": "its file cannot be read",
        "unreadable": "its pictures cannot be read",
        "ended": "it has ended",
        "unreachable": "it cannot be reached",
        "failed": "it failed",
    },
    "bad_entry": {
        "bad_field.people": "A number from 0 to 99.",
        "bad_field.floor": "A floor from -9 to 199.",
        "bad_field.lift_code": "Six digits, or the twenty of the registration code.",
        "bad_field.reporter_phone": "At most 32 characters.",
        "bad_field.reporter_name": "At most 64 characters.",
        "bad_field.place": "At most 400 characters.",
        "bad_field.vulnerable": "At most 200 characters.",
        "bad_field.note": "At most 500 characters.",
    },
    "refused_step": {
        "stale_version": "It has changed since this page was drawn. Look again, then decide.",
        "wrong_state": "It has moved on, so this step is no longer open.",
        "exhausted": "Everybody at this level has been asked already.",
        "lift_unknown": "No lift has this code. Check it with the crew.",
        "not_here": "What this step was for is no longer there.",
        "missing_field": "Something that is needed is missing.",
        "bad_field": "One field holds what it may not hold.",
        "other": "It cannot be done now. Look again, then decide.",
    },
    "kind": {
        "trapped": "Trapped",
        "fault": "Fault",
    },
    "source": {
        "button": "Button in the car",
        "intercom": "Intercom",
        "inferred": "Inferred from telemetry",
        "form": "Telephone",
        "public": "QR page",
    },
    **label_refusals.WORDS,
    "proof": {
        "phone": "by telephone",
        "qr": "QR code at the lift",
        "geofence": "position",
        "inspection_mode": "inspection mode",
    },
    "notice": {
        "pending": "Waiting to be sent",
        "sent": "Sent",
        "logged": "Only in the log (not sent out)",
        "failed": "Failed",
    },
    **label_alarms.WORDS,
    **label_maintenance.WORDS,
    **label_rosters.WORDS,
    **label_objections.WORDS,
    **label_papers.WORDS,
    "notice_error": {
        "bad_address": "its address is wrong",
        "deadline": "no answer in time",
        "status": "their system refused it",
        "other": "their system cannot be reached",
    },
    **label_presence.WORDS,
    **label_accounts.WORDS,
    "fact": label_audit.FACTS,
    "audit_outcome": label_audit.OUTCOMES,
    "means": label_audit.MEANS,
    "verb": {
        **label_accounts.VERBS,
        **label_audit.VERBS,
        "opened": "Opened",
        "merged": "Another report",
        "located": "Located",
        "rung": "Deadline passed",
        "offered": "Order sent",
        "unanswered": "No answer",
        "accepted": "Accepted",
        "refused": "Refused",
        "en_route": "On the way",
        "arrived": "Arrived",
        "finished": "Rescue done",
        "stood_down": "Stood down",
        "level_raised": "Level raised",
        "level_skipped": "Level skipped",
        "freed": "Freed",
        "confirmed": "Confirmed by call-back",
        "cause_reported": "Cause reported",
        "closed": "Closed",
        "self_escaped": "Self-escaped",
        "false_alarm": "False alarm",
        "note": "Note",
        "comfort_call": "Comfort call",
        "call_ended": "Call ended",
        "condition_cleared": "Condition cleared",
        "notice_failed": "Notice not delivered",
    },
    "actor": {
        "account": "staff",
        "device": "gateway",
        "engine": "the hub",
        "public": "public",
        "system": "the hub",
        "cli": "command line",
    },
    "field": {
        "mode": "Mode",
        "car": "Car",
        "direction": "Direction",
        "floor": "Floor",
        "door_zone": "In door zone",
        "door": "Door",
        "occupied": "Occupied",
        "speed_m_s": "Speed, m/s",
        "load_kg": "Load, kg",
        "car_temp_c": "Car temperature, °C",
        "power": "Power",
        "operation": "Operation",
    },
    "value": {
        "stopped": "stopped",
        "running": "running",
        "normal": "normal",
        "inspection": "inspection",
        "fire_return": "fire return",
        "firefighters": "firefighters'",
        "emergency_power": "emergency power",
        "earthquake": "earthquake",
        "unknown": "unknown",
        "none": "none",
        "up": "up",
        "down": "down",
        "closed": "closed",
        "open": "open",
        "opening": "opening",
        "closing": "closing",
        "mains": "mains",
        "battery": "battery",
        "True": "yes",
        "False": "no",
    },
}

TONES: Mapping[str, str] = {
    "new": "danger",
    "located": "danger",
    "dispatched": "danger",
    "acknowledged": "warn",
    "en_route": "warn",
    "on_scene": "warn",
    "freed": "ok",
    "confirmed": "ok",
    "cause_reported": "ok",
    "closed": "unknown",
    "self_escaped": "unknown",
    "false_alarm": "unknown",
    "offered": "warn",
    "unanswered": "danger",
    "refused": "danger",
    "done": "ok",
    "stood_down": "unknown",
    "pending": "warn",
    "sent": "ok",
    "failed": "danger",
    "online": "ok",
    "late": "warn",
    "offline": "unknown",
    "never": "unknown",
    "live": "ok",
    "connecting": "accent",
    "stalled": "warn",
    "critical": "danger",
    "major": "warn",
    "minor": "accent",
    "info": "unknown",
    "active": "danger",
    "cleared": "ok",
}


@dataclass(frozen=True, slots=True)
class Labels:
    """The words of one language."""

    locale: str

    def __call__(self, group: str, key: object) -> str:
        """What `key` of `group` is called; the key itself where nobody named it."""
        words = WORDS.get(group, {}).get(str(key))
        return str(key) if words is None else self._told(group, words)

    def undelivered(self, error: str) -> str:
        """Why a notice could not be handed over, from what the sender kept."""
        kind = error.replace(":", " ").partition(" ")[0]
        group = "notice_error"
        return self(group, kind if self.known(group, kind) else "other")

    def remedy(self, reason: str) -> str:
        """What a seat does about a call that was refused for `reason`."""
        known = WORDS["refusal_remedy"]
        return self._told("refusal_remedy", known.get(reason, known["other"]))

    def alarm(self, code: str) -> str:
        """What an alarm's code means."""
        return self("alarm_code", code) if self.known("alarm_code", code) else self.event(code)

    def alarm_remedy(self, code: str) -> str:
        """What a seat does about an alarm; `door.open_running` is as grave as overspeed."""
        known = WORDS["alarm_remedy"]
        kind = "overspeed" if code == "door.open_running" else code.partition(".")[0]
        return self._told("alarm_remedy", known.get(kind, known["other"]))

    def alarm_detail(self, code: str, detail: str) -> str:
        """What an alarm says beside its code: a source, a reason, or words of the rule itself."""
        if not detail or detail == code:
            return ""
        if detail == "inferred":
            return self("source", detail)
        return (
            f"{self('alarm_detail', code)} {detail}"
            if self.known("alarm_detail", code)
            else (self("reason", detail))
        )

    def _told(self, group: str, words: str) -> str:
        return i18n.translations(self.locale).pgettext(group, words)

    def _of(self, found: codes.EventCode | codes.FaultCause | codes.Name) -> str:
        return found.zh if self.locale == "zh" else found.en

    def known(self, group: str, key: object) -> bool:
        """Whether `key` of `group` has a name."""
        return str(key) in WORDS.get(group, {})

    def event(self, key: str) -> str:
        """What a canonical event code means."""
        found = codes.EVENT_CODES.get(key)
        return key if found is None else self._of(found)

    def cause(self, key: str | None) -> str:
        """What a fault-cause code means."""
        found = codes.FAULT_CAUSES.get(key or "")
        return (key or "—") if found is None else self._of(found)

    def causes(self) -> list[tuple[str, str]]:
        """Every fault cause, code and words."""
        return [(c, f"{c} {self._of(f)}") for c, f in codes.FAULT_CAUSES.items()]

    def name(self, table: str, key: object) -> str:
        """What a lift kind, place type, kitchen kind or severity is called."""
        found = _TABLES[table].get(str(key))
        return str(key) if found is None else self._of(found)

    def names(self, table: str) -> list[tuple[str, str]]:
        """Every key of a table with what it is called."""
        return [(key, self._of(found)) for key, found in _TABLES[table].items()]

    def tone(self, key: object) -> str:
        """The chip's tone: danger, warn, ok, accent or unknown."""
        return TONES.get(str(key), "unknown")


_TABLES = {
    "lift_kind": {str(k): v for k, v in codes.LIFT_KIND_NAMES.items()},
    "place": {str(k): v for k, v in codes.PLACE_TYPE_NAMES.items()},
    "kitchen_kind": {str(k): v for k, v in codes.KITCHEN_KIND_NAMES.items()},
    "severity": {str(k): v for k, v in codes.SEVERITY_NAMES.items()},
}


@cache
def of(locale: str) -> Labels:
    """The words of `zh` or `en`."""
    return Labels(locale)
