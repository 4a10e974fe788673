"""Names and telephone numbers of those who called, for readers who do not need them. Pure."""

SHOWN_BEFORE, SHOWN_AFTER = 3, 2  # digits of a telephone number
SHORT = SHOWN_BEFORE + SHOWN_AFTER


def name(told: str) -> str:
    """The first letter, so that two callers can be told apart: `示**`."""
    return f"{told[:1]}**" if told else ""


def phone(told: str) -> str:
    """The first and last digits, `138****01`; nothing of a short one."""
    if len(told) <= SHORT + 1:
        return "****" if told else ""
    return f"{told[:SHOWN_BEFORE]}****{told[-SHOWN_AFTER:]}"
