"""A hub with an authority of its own: what a phone, a browser and the demo's crews meet."""

import json
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.client import HTTPSConnection
from typing import TYPE_CHECKING

import pytest
import segno

from tests.support.hub_process import HubProcess
from tests.support.wait import wait_until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.broker, pytest.mark.timeout(240)]

SCENARIO = """
name = "test"
seed = 7
speed = 60.0
[city]
area = "410100"
zone = "Asia/Shanghai"
lifts = 10
firms = 1
stations = 1
kitchens = 1
kitchens_with_cameras = 0
[entrapments]
first_after_s = 2.0
every_minutes = 30.0
[crews]
silent_share = 0.0
refusing_share = 0.0
poll_s = 1.0
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    folder: Path = tmp_path_factory.mktemp("https")
    scenario = folder / "test.toml"
    scenario.write_text(SCENARIO)
    files = folder / "data" / "tls"
    process = HubProcess(
        folder / "data",
        settings={"HUB_DEMO__SCENARIO": str(scenario)},
        authority=files / "authority.pem",
    )
    told = process.run("tls", "init", "hub.example")
    assert told.returncode == 0, told.stderr
    (folder / "told").write_text(told.stdout)
    key = ["--tls-cert", str(files / "server.pem"), "--tls-key", str(files / "server.key")]
    with process:
        process.start(("demo", *key), timeout_s=150)
        known = json.loads((process.data / "demo" / "demo.json").read_text())
        process.token = known["tokens"]["dispatcher"]
        yield process


def test_the_code_leads_a_phone_to_the_authority(hub: HubProcess) -> None:
    told = (hub.data.parent / "told").read_text()
    found = re.search(r"https://\S+/ca\.crt", told)
    assert found is not None
    assert found[0] == f"https://hub.example:{hub.public_port}/ca.crt"
    drawn = hub.data.parent / "drawn.png"
    segno.make(found[0], micro=False).save(str(drawn), scale=8)
    assert (hub.data / "tls" / "authority-qr.png").read_bytes() == drawn.read_bytes()

    with hub.open(f"{hub.public_url}/ca.crt") as answer:
        assert answer.headers["Content-Type"] == "application/x-x509-ca-cert"
        installed = ssl.DER_cert_to_PEM_cert(answer.read())
    assert hub.authority is not None
    assert installed == hub.authority.read_text()
    # With nothing but what the phone has installed, both surfaces are trusted by their name.
    trusted = ssl.create_default_context(cadata=installed)
    for port in (hub.web_port, hub.public_port):
        connection = HTTPSConnection("127.0.0.1", port, context=trusted, timeout=10)
        connection.request("GET", "/health/live", headers={"Host": "hub.example"})
        answer_there = connection.getresponse()
        assert answer_there.status == 200
        assert "max-age" in answer_there.headers["Strict-Transport-Security"]
        connection.close()


def test_whoever_has_not_installed_it_is_warned(hub: HubProcess) -> None:
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(f"{hub.url}/health/live", timeout=10)  # noqa: S310


def test_the_machine_itself_is_promised_nothing_for_its_other_ports(hub: HubProcess) -> None:
    with hub.open(f"{hub.url}/health/live") as answer:
        assert answer.headers["Strict-Transport-Security"] is None


def test_the_session_never_travels_unencrypted(hub: HubProcess) -> None:
    accounts = json.loads((hub.data / "demo" / "demo.json").read_text())["accounts"]
    form = {"name": "dispatcher", "password": accounts["dispatcher"]}
    assert hub.authority is not None
    trusted = ssl.create_default_context(cafile=hub.authority)
    connection = HTTPSConnection("127.0.0.1", hub.web_port, context=trusted, timeout=10)
    connection.request(
        "POST",
        "/sign-in",
        body=urllib.parse.urlencode(form),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    answer = connection.getresponse()
    assert answer.status == 303
    [cookie] = [c for c in answer.headers.get_all("Set-Cookie") or [] if "Host-" in c]
    name, *rules = [part.strip() for part in cookie.split(";")]
    assert name.startswith("__Host-")
    assert {"secure", "httponly", "path=/"} <= {rule.lower() for rule in rules}
    connection.close()


def test_the_crews_of_the_demo_work_over_https(hub: HubProcess) -> None:
    def answered() -> list[str]:
        incidents = hub.ask("/incidents?state=recent")["items"]
        return [each["id"] for each in incidents if each["acknowledged_at"]]

    wait_until(answered, what="a crew to accept", timeout_s=90, every_s=0.5)


def test_a_key_that_does_not_fit_is_told_before_anything_starts(hub: HubProcess) -> None:
    other = hub.data.parent / "other"
    assert hub.run("tls", "init", "hub.example", "--data", str(other)).returncode == 0
    told = hub.run(
        "serve",
        *("--data", str(hub.data.parent / "fresh")),
        *("--tls-cert", str(hub.data / "tls" / "server.pem")),
        *("--tls-key", str(other / "tls" / "server.key")),
    )
    assert told.returncode == 2
    assert "no certificate with its key" in told.stderr
    assert "Traceback" not in told.stderr
