import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub import settings
from hub.settings import WrongSettings


@pytest.fixture(autouse=True)
def own_environment(tmp_path: Path) -> Iterator[None]:
    before = dict(os.environ)  # noqa: TID251
    for name in before:
        if name.startswith("HUB_"):
            del os.environ[name]  # noqa: TID251
    (tmp_path / "hub.toml").touch()
    os.environ["HUB_CONFIG"] = str(tmp_path / "hub.toml")  # noqa: TID251
    yield
    os.environ.clear()  # noqa: TID251
    os.environ.update(before)  # noqa: TID251


def test_without_any_setting_it_listens_on_loopback_alone() -> None:
    found = settings.load()
    assert (found.web.host, found.web.port, found.public_port) == ("127.0.0.1", 8096, 8097)
    assert found.staff_url == "http://127.0.0.1:8096"


def test_a_mistyped_name_is_refused_with_the_nearest_that_is_known() -> None:
    with pytest.raises(WrongSettings, match=r"HUB_WEB__PROT: no such .* HUB_WEB__PORT\?"):
        settings.load({"HUB_WEB__PROT": "1"})


def test_a_mistyped_top_name_is_refused_too() -> None:
    with pytest.raises(WrongSettings, match=r"HUB_ZOEN: no such .* HUB_ZONE\?"):
        settings.load({"HUB_ZOEN": "Asia/Shanghai"})


def test_a_mistyped_key_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text("[web]\nprot = 1\n")
    with pytest.raises(WrongSettings, match=r"web\.prot: no such setting; did you mean web\.port"):
        settings.load()


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text('hotline = "12345"\n[web]\nport = 9000\n')
    found = settings.load({"HUB_WEB__PORT": "9100"})
    assert (found.hotline, found.web.port, found.public_port) == ("12345", 9100, 9101)


def test_a_wrong_value_is_named_by_its_variable() -> None:
    with pytest.raises(WrongSettings, match=r"^HUB_WEB__PORT: '99999': give at most 65534$"):
        settings.load({"HUB_WEB__PORT": "99999"})


def test_an_unknown_zone_is_named() -> None:
    with pytest.raises(WrongSettings, match="HUB_ZONE: not a time zone"):
        settings.load({"HUB_ZONE": "Asia/Nowhere"})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"HUB_MQTT__VERSION": "5"}, "a broker of your own"),
        (
            {
                "HUB_MQTT__VERSION": "5",
                "HUB_MQTT__URL": "mqtt://broker.example",
                "HUB_MQTT__SUBSCRIBER": "paho",
            },
            "HUB_MQTT__SUBSCRIBER=batch",
        ),
        ({"HUB_MQTT__SUBSCRIBER": "gmqtt"}, "HUB_MQTT__SUBSCRIBER"),
        ({"HUB_MQTT__CA_FILE": "nowhere.pem"}, "HUB_MQTT__CA_FILE"),
        ({"HUB_MQTT__CA_FILE": __file__, "HUB_MQTT__URL": "mqtt://broker.example"}, "mqtts://"),
        ({"HUB_MQTT__CERT_FILE": __file__, "HUB_MQTT__URL": "mqtts://b.example"}, "give both"),
    ],
)
def test_settings_of_the_broker_that_do_not_fit_are_named(
    changes: dict[str, str], told: str
) -> None:
    with pytest.raises(WrongSettings, match=told):
        settings.load(changes)


def test_a_certificate_without_its_key_is_refused() -> None:
    with pytest.raises(WrongSettings, match="give both"):
        settings.load({"HUB_WEB__TLS_CERT": "/tmp/cert.pem"})  # noqa: S108


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[web]\nport = 'many'", "web.port (HUB_WEB__PORT): 'many': give a whole number"),
        ("[web]\nport = 0", "web.port (HUB_WEB__PORT): 0: give at least 1"),
        ("hotline = 96333", "hotline (HUB_HOTLINE): 96333: give a text in quotes"),
        ("[log]\nlevel = 'loud'", "log.level (HUB_LOG__LEVEL): 'loud': give 'debug'"),
        ("[log]\njson_lines = 'maybe'", "log.json_lines (HUB_LOG__JSON_LINES): 'maybe': give true"),
        ("[database]\nurl = 5", "database.url (HUB_DATABASE__URL): give a text in quotes"),
        ("web = 8096", "web: no such setting"),
    ],
)
def test_a_wrong_type_in_the_file_is_told_in_words(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "hub.toml").write_text(text)
    with pytest.raises(WrongSettings) as error:
        settings.load()
    assert f"hub.toml: {told}" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_settings_file_that_is_named_and_missing_is_told(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").unlink()
    with pytest.raises(WrongSettings, match=r"HUB_CONFIG: .*hub\.toml: there is no such file"):
        settings.load()
