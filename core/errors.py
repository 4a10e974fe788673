"""Few errors, named for the caller's next step."""


class HubError(Exception):
    """Ground of every error that a caller is meant to answer."""


class NotFound(HubError):  # noqa: N818  (named for the next step, not for the pattern)
    """There is no such thing, or the asker may not know of it. `remedy`: what makes it."""

    def __init__(self, kind: str, key: str, remedy: str = "") -> None:
        super().__init__(f"no {kind} {key!r}" + (f": {remedy}" if remedy else ""))
        self.kind = kind
        self.key = key


class Conflict(HubError):  # noqa: N818
    """The thing has moved on since the caller looked: read it again, then decide.

    `reason` is a stable word for machines (`wrong_state`, `stale_version`, `exists`, …).
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class InvalidMessage(HubError):  # noqa: N818
    """What came in cannot be taken: names the field and the remedy.

    `reason` is the stable word that is metric label, journal word and quarantine reason.
    """

    def __init__(self, reason: str, detail: str, *, field: str = "") -> None:
        super().__init__(f"{field}: {detail}" if field else detail)
        self.reason = reason
        self.detail = detail
        self.field = field


class Forbidden(HubError):  # noqa: N818
    """The asker is known and may not do this."""


class Unavailable(HubError):  # noqa: N818
    """Not now; the same request may succeed later. `reason` is a stable word for machines."""

    def __init__(self, detail: str = "", *, reason: str = "unavailable") -> None:
        super().__init__(detail)
        self.reason = reason
