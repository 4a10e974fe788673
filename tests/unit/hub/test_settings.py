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
    with pytest.raises(WrongSettings, match=r"HUB_WEB__PORT: .*less than or equal"):
        settings.load({"HUB_WEB__PORT": "99999"})


def test_an_unknown_zone_is_named() -> None:
    with pytest.raises(WrongSettings, match="HUB_ZONE: not a time zone"):
        settings.load({"HUB_ZONE": "Asia/Nowhere"})


def test_a_certificate_without_its_key_is_refused() -> None:
    with pytest.raises(WrongSettings, match="give both"):
        settings.load({"HUB_WEB__TLS_CERT": "/tmp/cert.pem"})  # noqa: S108
