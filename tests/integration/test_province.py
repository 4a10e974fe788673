"""A small province goes all the way: made, imported, exported, and imported again unchanged."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli import app


def hub(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.timeout(300)
def test_a_province_is_imported_and_its_export_changes_nothing(tmp_path: Path) -> None:
    made, data = tmp_path / "province", str(tmp_path / "data")
    sizes = ("--lifts", "120", "--firms", "20", "--stations", "2", "--kitchens", "3")
    for form in ("csv", "xlsx"):
        hub("province", str(made / form), *sizes, "--format", form)
    for file in sorted((made / "xlsx").glob("*.xlsx")):
        kind = file.stem.split("-")[1]
        assert " 0 refused" in hub("import", kind, str(file), "--data", data)
    same = hub("lifts", "import", str(made / "csv" / "5-lifts.csv"), "--data", data)
    assert "120 unchanged" in same

    for name in ("lifts.csv", "lifts.xlsx"):
        file, report = tmp_path / name, tmp_path / "report.csv"
        assert "120 lifts" in hub("lifts", "export", str(file), "--data", data)
        told = hub("lifts", "import", str(file), "--report", str(report), "--data", data)
        assert "120 unchanged" in told
        assert len(report.read_text(encoding="utf-8-sig").splitlines()) == 121

    shifted = tmp_path / "baidu.csv"
    hub("lifts", "export", str(shifted), "--datum", "bd09", "--data", data)
    assert "120 changed" in hub("lifts", "import", str(shifted), "--data", data)
    assert "120 unchanged" in hub("lifts", "import", str(shifted), "--dry-run", "--data", data)
