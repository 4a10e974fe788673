"""The settings tree: closed, frozen, read once; the sole reader of environment and hub.toml.

Every name is `HUB_<NAME>` or `HUB_<SECTION>__<NAME>` in the environment, or the same tree in
hub.toml of the working directory (HUB_CONFIG names another file); the environment wins. A name
that is not known is refused with the nearest one that is: a mistyped setting never passes silently.
"""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FilePath,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings.sources import PydanticBaseSettingsSource, TomlConfigSettingsSource

from core.errors import HubError
from hub.sign_in_settings import SignIn, SignOn

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

PREFIX = "HUB_"
CONFIG = "HUB_CONFIG"
_SECRET = {"url", "token", "client_secret"}
TESTS = "HUB_TEST_"  # the tests' own switches are no settings
_SECTION = ConfigDict(frozen=True, extra="forbid")


class WrongSettings(HubError):  # noqa: N818  (named for the caller's next step)
    """The settings cannot be used; the message names each and the remedy, a line each."""


class Web(BaseModel):
    """Where the staff pages listen."""

    model_config = _SECTION
    host: str = "127.0.0.1"
    port: int = Field(default=8096, ge=1, le=65534)
    base_url: str = ""
    tls_cert: Path | None = None
    tls_key: Path | None = None


class Public(BaseModel):
    """Where the public pages listen; without a port on the one after the staff pages'."""

    model_config = _SECTION
    host: str = ""
    port: int | None = Field(default=None, ge=1, le=65535)
    base_url: str = ""


class Mqtt(BaseModel):
    """The broker: one of your own by `url`, else one that the hub starts from `port` upward.

    Into a started one, on this machine alone, devices come without signing in unless `anonymous`
    is false; then each needs its credential.

    With an mqtts:// url, `ca_file` is the authority to trust instead of the system's, `cert_file`
    and `key_file` are the hub's own certificate. `subscriber` reads the telemetry lane: `batch`, or
    `paho` as the second implementation; `version` is what `batch` speaks.
    """

    model_config = _SECTION
    url: str = ""
    port: int = 1883
    start: Literal["auto", "mosquitto", "embedded"] = "auto"
    anonymous: bool = True
    subscriber: Literal["batch", "paho"] = "batch"
    version: Literal["3.1.1", "5"] = "3.1.1"
    ca_file: FilePath | None = None
    cert_file: FilePath | None = None
    key_file: FilePath | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.version == "5" and (self.subscriber == "paho" or not self.url):
            raise ValueError(
                "HUB_MQTT__VERSION=5 needs HUB_MQTT__SUBSCRIBER=batch and a broker of your own"
            )
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("HUB_MQTT__CERT_FILE and HUB_MQTT__KEY_FILE: give both or none")
        if (self.ca_file or self.cert_file) and not self.url.startswith(("mqtts:", "ssl:")):
            raise ValueError("HUB_MQTT__CA_FILE and __CERT_FILE need an mqtts:// HUB_MQTT__URL")
        return self


class History(BaseModel):
    """Where telemetry history is kept: an InfluxDB by `url`, else in the day files.

    InfluxDB 1.8: the bucket is `database/retention policy`, the token `user:password`.

    Of the day files, rows go after `raw_days` (they are rolled up by then) and refused messages
    after `quarantine_days`; roll-ups go after `minute_months` and `hour_years`. Below
    `floor_mb` of free disk no point is stored; below twice that, old rows go early.
    """

    model_config = _SECTION
    url: str = ""
    token: SecretStr = SecretStr("")
    org: str = ""
    bucket: str = "telemetry"
    keep_days: int = Field(default=0, ge=0)  # 0: by the bucket's own retention
    spool_mb: int = Field(default=20_000, ge=1)
    raw_days: int = Field(default=14, ge=8)  # a message may come seven days late
    quarantine_days: int = Field(default=30, ge=1)
    minute_months: int = Field(default=12, ge=1)
    hour_years: int = Field(default=10, ge=1)
    floor_mb: int = Field(default=1024, ge=0)


class Ingest(BaseModel):
    """What of telemetry is a row of history, and when a gateway is silent.

    With `dead_bands` a status that differs by less than its dead-bands from what was stored is
    none, but for one in `heartbeat_s`; without, every message is. A gateway of which nothing came
    for `silent_after_s` is told silent.
    """

    model_config = _SECTION
    dead_bands: bool = True
    heartbeat_s: int = Field(default=300, ge=1, le=86_400)
    silent_after_s: int = Field(default=300, ge=120, le=86_400)


class DatabaseUrl(BaseModel):
    """The relational database; empty: hub.db in the data folder."""

    model_config = _SECTION
    url: str = ""


class Log(BaseModel):
    """How logs are written."""

    model_config = _SECTION
    level: Literal["debug", "info", "warning", "error"] = "info"
    json_lines: bool = False


class Demo(BaseModel):
    """The simulated city: a shipped scenario's name or a file; empty: none."""

    model_config = _SECTION
    scenario: str = ""


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )
    data_dir: Path = Path("data")
    zone: str = "Asia/Shanghai"
    hotline: str = "96333"
    policy_file: Path | None = None
    web: Web = Web()
    public: Public = Public()
    mqtt: Mqtt = Mqtt()
    ingest: Ingest = Ingest()
    history: History = History()
    database: DatabaseUrl = DatabaseUrl()
    sign_in: SignIn = SignIn()
    sign_on: SignOn = SignOn()
    log: Log = Log()
    demo: Demo = Demo()

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("not a time zone; a good one is Asia/Shanghai") from error
        return name

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (its signature)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (likewise)
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The command line wins over the environment, the environment over hub.toml."""
        toml = TomlConfigSettingsSource(settings_cls, toml_file=config_file())
        return init_settings, env_settings, toml

    @property
    def tz(self) -> ZoneInfo:
        """The zone in which people read times."""
        return ZoneInfo(self.zone)

    @property
    def public_port(self) -> int:
        """Where the public pages listen."""
        return self.public.port or self.web.port + 1

    @property
    def public_host(self) -> str:
        """The address that the public pages listen on."""
        return self.public.host or self.web.host

    @property
    def tls(self) -> bool:
        """Whether the pages are served by HTTPS."""
        return self.web.tls_cert is not None and self.web.tls_key is not None

    @property
    def staff_url(self) -> str:
        """The address of the staff pages, as people type it."""
        return self.web.base_url or self._url(self.web.host, self.web.port)

    @property
    def local_url(self) -> str:
        """The address of the staff pages from this very machine, whatever stands before it."""
        return self._url(self.web.host, self.web.port)

    @property
    def public_url(self) -> str:
        """The address of the public pages, as people type it."""
        return self.public.base_url or self._url(self.public_host, self.public_port)

    def _url(self, host: str, port: int) -> str:
        shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104  (compared)
        shown = f"[{shown}]" if ":" in shown else shown
        return f"{'https' if self.tls else 'http'}://{shown}:{port}"


def config_file() -> Path:
    """The settings file that is read where it exists."""
    return Path(os.environ.get(CONFIG, "hub.toml"))  # noqa: TID251  (the one reader)


def load(changes: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; `changes` are environment names that the command line sets.

    They are put into this process's environment too, so that its children read the same.
    Raises WrongSettings naming every setting that is unknown or wrong.
    """
    os.environ.update(changes or {})  # noqa: TID251  (the one reader)
    if CONFIG in os.environ and not config_file().is_file():  # noqa: TID251  (the one reader)
        raise WrongSettings(f"{CONFIG}: {config_file()}: there is no such file")
    wrong = [*_unknown_variables(), *_unknown_keys()]
    if wrong:
        raise WrongSettings("\n".join(wrong))
    try:
        settings = Settings()
    except ValidationError as error:
        raise WrongSettings("\n".join(map(_told, error.errors()))) from error
    if (settings.web.tls_cert is None) != (settings.web.tls_key is None):
        raise WrongSettings("HUB_WEB__TLS_CERT and HUB_WEB__TLS_KEY: give both or none")
    return settings


def load_apart(file: Path) -> Settings:
    """The settings of `file` alone, for a hub apart: this process and its children forget all else.

    Raises WrongSettings as `load` does.
    """
    for name in list(os.environ):  # noqa: TID251  (the one reader)
        if name.upper().startswith(PREFIX) and not name.upper().startswith(TESTS):
            del os.environ[name]  # noqa: TID251  (the one reader)
    return load({CONFIG: str(file)})


def names() -> list[str]:
    """Every environment name that is known."""
    return sorted(PREFIX + name.upper() for name in _leaves(Settings))


def environment() -> dict[str, str]:
    """The environment of this process, for a child."""
    return dict(os.environ)  # noqa: TID251  (the one reader)


def _leaves(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from (f"{name}__{leaf}" for leaf in _leaves(kind))
        else:
            yield name


def _unknown_variables() -> Iterator[str]:
    known = [*names(), CONFIG]
    for name in sorted(os.environ):  # noqa: TID251  (the one reader)
        ours = name.upper().startswith(PREFIX) and not name.upper().startswith(TESTS)
        if ours and name not in known:
            yield _unknown(name, known)


def _unknown_keys() -> Iterator[str]:
    file = config_file()
    if not file.exists():
        return
    try:
        tree = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        yield f"{file}: is no TOML: {error}"
        return
    known = [leaf.replace("__", ".") for leaf in _leaves(Settings)]
    for key in _keys(tree, ""):
        if key not in known:
            yield f"{file}: {_unknown(key, known)}"


def _keys(tree: Mapping[str, Any], prefix: str) -> Iterator[str]:  # Any: parsed TOML
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _keys(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def _unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"{name}: no such setting" + (f"; did you mean {near[0]}?" if near else "")


def _told(error: "ErrorDetails") -> str:
    """One wrong value, where it stands and what to give instead; a secret is never repeated."""
    location = tuple(str(part) for part in error["loc"])
    name = PREFIX + "__".join(part.upper() for part in location)
    if name not in os.environ:  # noqa: TID251  (the one reader)
        name = f"{config_file()}: {'.'.join(location)} ({name})"
    limits = error.get("ctx", {})
    match error["type"]:
        case "greater_than_equal":
            wanted = f"give at least {limits['ge']}"
        case "less_than_equal":
            wanted = f"give at most {limits['le']}"
        case "int_type" | "int_parsing" | "int_from_float" | "int_parsing_size":
            wanted = "give a whole number"
        case "bool_type" | "bool_parsing":
            wanted = "give true or false"
        case "string_type" | "path_type":
            wanted = "give a text in quotes"
        case "literal_error":
            wanted = f"give {limits['expected']}"
        case _:
            return f"{name}: {error['msg'].removeprefix('Value error, ')}"
    shown = "" if _SECRET & set(location) else f"{error['input']!r:.40}: "
    return f"{name}: {shown}{wanted}"
