"""The routes of duty rosters and who may use them; whose roster a test asks about."""

from collections.abc import Mapping

from dashboard.access import Action, Role

A = Action
Row = tuple[str, str, Action | str, str, Mapping[str, str]]
API, PAGES = "/api/v1/rosters", "/rosters"
ONE = "/{kind}/{code}"
NIGHT = {
    "person": "001",
    "shift": "night",
    "begins": "20:00",
    "ends": "08:00",
    "first": "2026-11-23",
}
AWAY = {"person": "001", "first": "2026-11-23", "last": "2026-11-24"}
ROWS: tuple[Row, ...] = (
    ("GET", PAGES, A.SEE_ROSTERS, "", {}),
    ("GET", f"{PAGES}.csv", A.SEE_ROSTERS, "", {}),
    ("GET", f"{PAGES}{ONE}", A.SEE_ROSTERS, "roster", {}),
    ("POST", f"{PAGES}{ONE}/phones", A.REVEAL_PHONE, "roster", {}),
    ("POST", f"{PAGES}{ONE}/do/{{verb}}", A.KEEP_ROSTERS, "roster", {"needed": "1"}),
    ("GET", API, A.SEE_ROSTERS, "", {}),
    ("GET", f"{API}{ONE}", A.SEE_ROSTERS, "roster", {}),
    ("POST", f"{API}{ONE}/terms", A.KEEP_ROSTERS, "roster", {"needed": "1"}),
    ("POST", f"{API}{ONE}/rotas", A.KEEP_ROSTERS, "roster", NIGHT),
    ("POST", f"{API}{ONE}/rotas/end", A.KEEP_ROSTERS, "", {}),
    ("POST", f"{API}{ONE}/swaps", A.KEEP_ROSTERS, "", {}),
    ("POST", f"{API}{ONE}/leaves", A.KEEP_ROSTERS, "roster", AWAY),
    ("POST", f"{API}{ONE}/withdraw", A.KEEP_ROSTERS, "", {}),
)


def filled(path: str, of: Mapping[str, str], role: str) -> str:
    """An address of the firm's roster; a station asks about stations'."""
    if not path.startswith((API, PAGES)):
        return path
    whose = f"/station/{of['station']}" if role == Role.STATION else f"/firm/{of['firm']}"
    return path.replace(ONE, whose).replace("/do/{verb}", "/do/terms")
