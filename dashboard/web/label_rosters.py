"""What the words of duty rosters are called."""

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, str]] = {
    "roster": {
        "not_kept": "no roster",
    },
    "weekday": {
        "1": "Mon",
        "2": "Tue",
        "3": "Wed",
        "4": "Thu",
        "5": "Fri",
        "6": "Sat",
        "7": "Sun",
    },
    "on_holidays": {
        "as_usual": "Works as usual",
        "rest": "Free on holidays",
        "only": "On holidays only",
    },
    "refused_roster": {
        "stale_version": "Somebody else has changed this roster: look again, then decide.",
        "past": "That is over: it stays as it was.",
        "overlap": "This person is on leave on some of these days already.",
        "exists": "This place has changed hands already: withdraw that swap first.",
        "bad_field.leaves": "This person has no such shift that begins on that day.",
        "bad_field.takes": "Name another person of this roster.",
        "bad_field.stand_in": "Name another person of this roster.",
        "bad_field.person": (
            "The number has letters, digits, _ and - only; leave is for people of this roster."
        ),
        "bad_field.last": "It ends before it begins, or lasts too long.",
        "bad_field.phone": "A telephone number has digits, blanks, + - ( ).",
        "bad_field.holidays": "Write days as 2026-10-01, with blanks between.",
        "bad_field.needed": "A number from 0 to 50.",
        "other": "One field holds what it may not hold.",
    },
}
