import base64
import hashlib
import socket
from pathlib import Path

import pytest

from core.errors import Unavailable
from hub import broker, dialects, mosquitto
from hub.folder import DataFolder
from hub.settings import Mqtt
from ingest.lane import BrokerAddress


def test_a_url_tells_host_port_user_password_and_tls() -> None:
    assert broker.parse_url("mqtts://a%40b:p%3Aw@broker.example") == BrokerAddress(
        "broker.example", 8883, "a@b", "p:w", tls=True
    )
    assert broker.parse_url("mqtt://broker.example:1999").port == 1999


def test_a_url_that_is_none_says_what_is_expected() -> None:
    with pytest.raises(ValueError, match="HUB_MQTT__URL: expected mqtt://"):
        broker.parse_url("broker.example:1883")


def test_a_port_that_is_taken_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert broker.free_port(port) > port


def test_without_a_broker_the_remedy_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="HUB_MQTT__URL"):
        broker.address(DataFolder(tmp_path), Mqtt())


def test_a_password_line_holds_salt_and_digest_and_never_the_password() -> None:
    line = mosquitto.password_line("hub", "secret-word")
    user, scheme, rounds, salt, digest = line.strip().replace(":$", "$").split("$")
    assert (user, scheme, rounds) == ("hub", "7", "101")
    expected = hashlib.pbkdf2_hmac("sha512", b"secret-word", base64.b64decode(salt), 101)
    assert base64.b64decode(digest) == expected


def test_the_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    main = mosquitto.write_files(tmp_path / "broker", 1883, anonymous=True)
    assert {file.stat().st_mode & 0o777 for file in main.parent.iterdir()} == {0o600}
    assert "listener 1883 127.0.0.1" in main.read_text()


def test_whoever_did_not_sign_in_may_say_what_devices_say_and_nothing_else() -> None:
    anonymous = mosquitto.access_rules(anonymous=True).split("pattern")[0].split()
    assert "lift/v1/+/+/call" in anonymous
    assert "#" not in anonymous
    assert "readwrite" not in anonymous


def test_devices_may_speak_on_the_topics_of_every_dialect_that_is_loaded(tmp_path: Path) -> None:
    foreign = dialects.load(tmp_path).patterns()
    rules = mosquitto.access_rules(foreign, anonymous=True).splitlines()
    assert {f"topic write {each.filter}" for each in foreign} <= set(rules)
    assert "topic write gb24476/+/+/up" in rules
    assert "pattern write gb24476/+/%u/up" in rules


def test_where_everybody_signs_in_no_rule_is_for_whoever_does_not() -> None:
    rules = mosquitto.access_rules(anonymous=False)
    before, _, hub = rules.partition("user hub")
    assert {line.split()[0] for line in before.split("\n") if line} == {"pattern"}
    assert all("%u" in line for line in before.split("\n") if line)
    assert "topic readwrite #" in hub
    assert "allow_anonymous false" in mosquitto.configuration(Path("/x"), 1, anonymous=False)
