"""`hub audit verify`: a changed byte and a deleted row are named."""

import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli import app
from tests.support.small_city import found_city


def verified(folder: Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["audit", "verify", "--data", str(folder)])
    return done.exit_code, done.output


def test_an_untouched_journal_is_as_it_was_written(tmp_path: Path) -> None:
    found_city(tmp_path)
    code, told = verified(tmp_path)
    assert (code, "as they were written" in told) == (0, True)


@pytest.mark.parametrize("where", ["middle", "end"])
def test_a_deleted_row_is_named(tmp_path: Path, where: str) -> None:
    found_city(tmp_path)
    with sqlite3.connect(tmp_path / "hub.db") as database:
        (last,) = database.execute("SELECT max(id) FROM journal").fetchone()
        row = last if where == "end" else last // 2
        database.execute("DELETE FROM journal_personal WHERE journal_id = ?", (row,))
        database.execute("DELETE FROM journal WHERE id = ?", (row,))
    database.close()
    code, told = verified(tmp_path)
    assert code == 1
    assert f"row {row} is gone" in told


def test_a_changed_byte_is_named(tmp_path: Path) -> None:
    found_city(tmp_path)
    with sqlite3.connect(tmp_path / "hub.db") as database:
        database.execute("UPDATE journal SET verb = 'tampered' WHERE id = 2")
    database.close()
    code, told = verified(tmp_path)
    assert code == 1
    assert "(row 2): content does not match its hash" in told
