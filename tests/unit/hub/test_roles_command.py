from pathlib import Path

from dashboard.access import ALLOWED, Action, Role
from hub.roles_command import SCOPE, page

PAGE = Path(__file__).parents[3] / "docs" / "roles.md"


def test_the_printed_table_of_roles_is_the_one_in_code() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: hub roles > docs/roles.md"


def test_every_cell_is_printed() -> None:
    rows = [line.split("|")[1:-1] for line in page().splitlines() if line.startswith("|")]
    cells = {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows}
    for action in Action:
        marks = ["✓" if action in ALLOWED[role] else "" for role in Role]
        assert cells[action.replace("_", " ")] == marks
    assert set(SCOPE) == set(Role)
