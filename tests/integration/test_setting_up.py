"""A real city from an empty folder, by the command line alone."""

from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.support.hub_process import HubProcess

ORDER = ("firms", "use-units", "stations", "lifts", "gateways", "kitchens", "cameras")


@pytest.mark.broker
@pytest.mark.timeout(300)
def test_a_city_is_set_up_and_a_programs_token_sees_it(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path / "data")
    for kind in ORDER:
        template = hub.run("import", kind, "--template")
        file = tmp_path / f"{kind}.csv"
        file.write_text(template.stdout)
        done = hub.run("import", kind, str(file))
        assert done.returncode == 0, done.stdout + done.stderr
    assert "1 unchanged" in hub.run("lifts", "import", str(tmp_path / "lifts.csv")).stdout

    made = hub.run("accounts", "add", "wang", "--role", "dispatcher", "--area", "410100")
    assert made.stdout.startswith("wang  ")
    hub.token = hub.run("tokens", "add", "wang").stdout.splitlines()[0]
    assert hub.token not in hub.run("tokens", "list", "wang").stdout
    with hub.start():
        (lift,) = hub.ask("/lifts")["items"]
        assert lift["rescue_code"] == "990001"
        assert hub.run("tokens", "revoke", "wang").returncode == 0
        request = Request(  # noqa: S310  (our own address)
            f"{hub.url}/api/v1/lifts", headers={"Authorization": f"Bearer {hub.token}"}
        )
        with pytest.raises(OSError, match="401"):
            urlopen(request, timeout=10).close()  # noqa: S310
    listed = hub.run("accounts", "list").stdout
    assert "wang" in listed
    assert "410100" in listed
    assert "admin" in listed


def test_a_wrong_file_is_told_and_reported(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path / "data")
    file, report = tmp_path / "cameras.csv", tmp_path / "report.csv"
    secret = "sample-password"
    file.write_text(
        "摄像头编号;厨房编号;位置;接入方式;取流地址;公开\n"
        f"K0001-1;K0009;灶台;rtsp;http://u:{secret}@192.0.2.9/1;perhaps\n"
    )
    done = hub.run("import", "cameras", str(file), "--dry-run", "--report", str(report))
    assert done.returncode == 1
    assert "line 2: refused: published: 'perhaps' is neither; give yes" in done.stdout
    assert "line 2: refused: source_url: it is no such address; give rtsp://" in done.stdout
    assert "1 refused (dry run: nothing changed)" in done.stdout
    assert len(report.read_text(encoding="utf-8-sig").splitlines()) == 3
    assert secret not in done.stdout + done.stderr + report.read_text()
    wrong = hub.run("import", "boats", str(file))
    assert wrong.returncode == 2
    assert "use_units" in wrong.stderr
