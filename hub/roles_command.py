"""`hub roles`: the table of roles as a page of the documentation."""

import typer

from dashboard.access import ALLOWED, Action, Role

SCOPE: dict[Role, str] = {
    Role.ADMINISTRATOR: "the whole province",
    Role.DISPATCHER: "the province, a city or a district",
    Role.SHIFT_LEADER: "the province, a city or a district",
    Role.PROVINCE_SUPERVISOR: "the whole province",
    Role.CITY_SUPERVISOR: "its city",
    Role.DISTRICT_SUPERVISOR: "its district",
    Role.FIRM_ADMIN: "its firm's lifts, and incidents its firm is or was asked about",
    Role.TEAM_LEADER: "as its firm's administrator",
    Role.TECHNICIAN: "as its firm's administrator",
    Role.STATION: "its city's lifts, and incidents the station is or was asked about",
    Role.USE_UNIT: "its own lifts, their incidents and alarms",
}
_HEAD = """# Who may do what

Printed by `hub roles` from `dashboard/access.py`; a test holds this page against that table, and
another asks every address of the staff surface as every role, about things of its own, of next
door and of elsewhere. What lies outside a role's scope is "not found". The public has no account:
it sees the public pages and nothing of these.
"""


def roles() -> None:
    """Print the table of roles for docs/roles.md."""
    typer.echo(page(), nl=False)


def page() -> str:
    """The table, a column for each role."""
    names = [role.value.replace("_", " ") for role in Role]
    rows = [
        ["action", *names],
        ["---", *[":-:"] * len(names)],
        *(
            [action.replace("_", " "), *("✓" if action in ALLOWED[role] else "" for role in Role)]
            for action in Action
        ),
    ]
    scopes = [
        ["role", "sees of it"],
        ["---", "---"],
        *([n, SCOPE[r]] for n, r in zip(names, Role, strict=True)),
    ]
    return f"{_HEAD}\n{_table(rows)}\n## On which data\n\n{_table(scopes)}"


def _table(rows: list[list[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
