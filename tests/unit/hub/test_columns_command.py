from pathlib import Path

from devices import register_import
from hub.columns_command import ORDER, page

PAGE = Path(__file__).parents[3] / "docs" / "imports.md"


def test_the_printed_columns_are_those_in_code() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: hub columns > docs/imports.md"


def test_every_kind_is_told_once() -> None:
    assert sorted(ORDER) == sorted(register_import.sheets())
