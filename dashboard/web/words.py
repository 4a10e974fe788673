"""Times, spans and states as people read them, in either language. Pure."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

Translate = Callable[[str], str]


def instant(value: datetime | None, zone: ZoneInfo) -> str:
    """`2026-11-23 16:04:05` in the zone; a dash for what has not happened."""
    return "—" if value is None else f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def clock_time(value: datetime | None, zone: ZoneInfo) -> str:
    """`16:04:05` in the zone; a dash for what has not happened."""
    return "—" if value is None else f"{value.astimezone(zone):%H:%M:%S}"


def zone_name(zone: ZoneInfo, now: datetime) -> str:
    """`UTC+8 (Asia/Shanghai)`: what every clock of the pages shows."""
    offset = now.astimezone(zone).utcoffset() or timedelta()
    hours, rest = divmod(abs(int(offset.total_seconds())), 3600)
    minutes = f":{rest // 60:02}" if rest else ""
    return f"UTC{'-' if offset < timedelta() else '+'}{hours}{minutes} ({zone.key})"


def span(value: timedelta | None, locale: str) -> str:
    """`2 分 14 秒`, `2 min 14 s`; a dash for None."""
    if value is None:
        return "—"
    seconds = max(0, int(value.total_seconds()))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    units = ("天", "小时", "分", "秒") if locale == "zh" else ("d", "h", "min", "s")
    parts = [(days, units[0]), (hours, units[1]), (minutes, units[2]), (left, units[3])]
    first = next((n for n, (amount, _) in enumerate(parts) if amount), 3)
    return " ".join(f"{amount} {unit}" for amount, unit in parts[first : first + 2])


def milliseconds(value: datetime | None) -> str:
    """Unix milliseconds, for the page's own clocks."""
    return "" if value is None else str(int(value.timestamp() * 1000))
