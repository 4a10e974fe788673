from importlib.util import find_spec
from pathlib import Path

import pytest

from hub import soundness
from hub.settings import DatabaseUrl, Demo, History, Mqtt, Public, Settings, Web, WrongSettings

PASSWORD = "sample-password"


def fitted(**parts: object) -> Settings:
    return Settings().model_copy(update=parts)


def test_the_defaults_are_sound(tmp_path: Path) -> None:
    assert soundness.check(fitted(data_dir=tmp_path / "new" / "data")) == []


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        (
            {"database": DatabaseUrl(url=f"postgresql://hub:{PASSWORD}@db/hub")},
            "HUB_DATABASE__URL: PostgreSQL comes with a later version; unset it",
        ),
        ({"database": DatabaseUrl(url="mysql://db/hub")}, "HUB_DATABASE__URL: mysql is not"),
        ({"database": DatabaseUrl(url="hub.db")}, "HUB_DATABASE__URL: cannot be read as a URL"),
        ({"database": DatabaseUrl(url="sqlite://")}, "HUB_DATABASE__URL: names no file"),
        ({"mqtt": Mqtt(url="foo")}, "HUB_MQTT__URL: expected mqtt://"),
        ({"mqtt": Mqtt(url=f"mqtt://hub:{PASSWORD}@b:99999")}, "HUB_MQTT__URL: its port is no"),
        ({"mqtt": Mqtt(url="mqtt://b:0")}, "HUB_MQTT__URL: its port is no"),
        ({"mqtt": Mqtt(port=99999)}, "HUB_MQTT__PORT: 99999 is no port: give 1 to 65534"),
        ({"web": Web(host="192.0.2.1")}, "HUB_WEB__HOST: 192.0.2.1 is no address of this machine"),
        ({"public": Public(port=8096)}, "HUB_PUBLIC__PORT: 8096 is the staff pages' port"),
        ({"web": Web(base_url="hub.example")}, "HUB_WEB__BASE_URL: is no web address"),
        ({"history": History(url="influx:8086")}, "HUB_HISTORY__URL: is no web address"),
        ({"demo": Demo(scenario="metropolis")}, "HUB_DEMO__SCENARIO: metropolis: no such"),
        ({"policy_file": Path("/nope")}, "HUB_POLICY_FILE: /nope: there is no such file"),
        ({"policy_file": Path("/")}, "HUB_POLICY_FILE: /: Is a directory"),
    ],
)
def test_what_cannot_be_used_is_one_line_with_its_remedy(
    tmp_path: Path, parts: dict[str, object], told: str
) -> None:
    (line,) = soundness.check(fitted(data_dir=tmp_path, **parts))
    assert line.startswith(told)
    assert "\n" not in line
    assert PASSWORD not in line


def test_influxdb_without_its_client_is_told(tmp_path: Path) -> None:
    history = History(url="http://127.0.0.1:8086")
    told = soundness.check(fitted(data_dir=tmp_path, history=history))
    if find_spec("influxdb_client"):
        assert told == []
    else:
        assert "pip install '.[influx]'" in told[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[default]\nanswer_s = 'soon'", "default.answer_s: expected seconds"),
        ("[defualt]\n", "defualt: expected [default] or [area.NNNNNN]"),
        ("[default", "is no TOML"),
    ],
)
def test_a_wrong_policy_is_told_with_its_key(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(text)
    (line,) = soundness.check(fitted(data_dir=tmp_path, policy_file=file))
    assert line.startswith(f"HUB_POLICY_FILE: {file}: {told}")


def test_a_file_is_no_data_folder(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    settings = fitted(data_dir=tmp_path / "data")
    with pytest.raises(WrongSettings, match=r"HUB_DATA_DIR: .* is a file: name a folder"):
        soundness.require(settings)
