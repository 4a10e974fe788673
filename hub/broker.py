"""The broker ladder: a configured URL, else mosquitto as our child, else the embedded rumqttd.

Whichever it is, its address stands in run/broker.json for the other processes. A started broker
listens on the port of the settings, for devices know no other. The demo alone moves on to the first
port that is free, and keeps it when it is started again.
"""

import json
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from core import log
from core.clock import Clock
from core.errors import Unavailable
from core.pulse import Pulse
from hub import dialects, lifeline, mosquitto, probe
from hub.admittance import Admittance
from hub.folder import DataFolder
from hub.relay import relay
from hub.settings import Mqtt
from ingest.lane import BrokerAddress

ADDRESS_FILE = "broker.json"
LISTENING_WITHIN_S = 10.0
_PORTS_TRIED = 50
_ASK_EVERY_S = 3.0
_ANSWERS_WITHIN_S = 30.0
_STOPS_WITHIN_S = 5.0
_TURN = timedelta(milliseconds=50)
_log = log.get(__name__)


def parse_url(url: str) -> BrokerAddress:
    """Read `mqtt://user:password@host:port` or `mqtts://…`; raises ValueError with the remedy."""
    parts = urlsplit(url)
    if parts.scheme not in {"mqtt", "mqtts", "tcp", "ssl"} or not parts.hostname:
        raise ValueError("HUB_MQTT__URL: expected mqtt://[user:password@]host[:port] or mqtts://…")
    tls = parts.scheme in {"mqtts", "ssl"}
    return BrokerAddress(
        host=parts.hostname,
        port=parts.port or (8883 if tls else 1883),
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=tls,
    )


def address(folder: DataFolder, settings: Mqtt) -> BrokerAddress:
    """Where the broker is; raises Unavailable while none has been started."""
    if settings.url:
        return replace(
            parse_url(settings.url),
            ca_file=str(settings.ca_file or ""),
            cert_file=str(settings.cert_file or ""),
            key_file=str(settings.key_file or ""),
        )
    try:
        return BrokerAddress(**json.loads((folder.run / ADDRESS_FILE).read_text()))
    except FileNotFoundError as error:
        raise Unavailable("no broker runs: `hub serve`, or set HUB_MQTT__URL") from error


def announced(folder: DataFolder) -> bool:
    """Whether a started broker has written its address."""
    return (folder.run / ADDRESS_FILE).exists()


def free_port(first: int, *, span: int = 1) -> int:
    """The first port from `first` upward that is free on loopback, and `span - 1` behind it."""
    for port in range(first, first + _PORTS_TRIED):
        if all(is_free(port + n) for n in range(span)):
            return port
    last = first + _PORTS_TRIED
    raise Unavailable(f"no free port between {first} and {last}: set HUB_MQTT__PORT")


def require_port(port: int, *, span: int = 1) -> int:
    """The same port; raises Unavailable where it, or one of `span - 1` behind it, is taken."""
    for each in range(port, port + span):
        if not is_free(each):
            raise Unavailable(
                f"port {each}, where the broker is to listen, is taken by another program: end it, "
                "set HUB_MQTT__PORT to a free port and tell your devices, or, if that program is "
                "your own broker, name it in HUB_MQTT__URL"
            )
    return port


def run(
    folder: DataFolder,
    settings: Mqtt,
    *,
    share: int,
    supervised: bool,
    may_move: bool,
    database_url: str,
    pulse: Pulse,
    clock: Clock,
    stop: threading.Event,
) -> None:
    """Start the broker, announce it, and stay until `stop`.

    Call from the main thread: the kernel ends the child with the thread that started it. `share`
    is the folder lock that the child holds too; `database_url` is where it stands which gateways
    may sign in. Raises Unavailable when the broker ends by itself.
    """
    program = mosquitto.find() if settings.start != "embedded" else None
    if program is None and settings.start == "mosquitto":
        raise Unavailable("mosquitto is not on PATH; Debian: sudo apt-get install mosquitto")
    if program is None and not settings.anonymous:
        raise Unavailable(
            "HUB_MQTT__ANONYMOUS=false needs mosquitto: the embedded broker asks nobody who he is"
        )
    span = 1 if program else 2
    if may_move:
        port = free_port(_wished(folder, settings), span=span)
    else:
        port = require_port(settings.port, span=span)
    (folder.run / "broker.port").write_text(str(port))
    admittance: Admittance | None = None
    if program:
        password = folder.secret("mqtt").decode()
        place, foreign = folder.broker.resolve(), dialects.load(folder.dialects).patterns()
        file = mosquitto.write_files(place, port, foreign, anonymous=settings.anonymous)
        own = mosquitto.password_line(mosquitto.USER, password)
        admittance = Admittance(place / mosquitto.PASSWORDS, own, database_url, clock)
        admittance.begin()
        command = [program, "-c", str(file)]
        known = BrokerAddress("127.0.0.1", port, mosquitto.USER, password)
    else:
        command = [sys.executable, "-c", _EMBEDDED, str(_embedded_file(folder, port))]
        known = BrokerAddress("127.0.0.1", port)
    child = subprocess.Popen(  # noqa: S603  (found by us)
        command,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        pass_fds=(share,),
        preexec_fn=lifeline.die_with_parent,  # noqa: PLW1509  (no other thread runs yet)
    )
    if child.stderr is not None:
        relay(child.stderr, "mosquitto" if program else "rumqttd")
    if supervised:
        lifeline.watch_parent(child.kill)
    try:
        _until_listening(child, port, clock, stop)
        folder.write_run(ADDRESS_FILE, asdict(known))
        if port != settings.port:
            _log.warning("port taken", wanted=settings.port, broker_listens_on=port)
        _log.info("broker listens", kind="mosquitto" if program else "embedded", port=port)
        _watch(child, known, pulse, clock, stop, saved=folder.broker, admittance=admittance)
    finally:
        if admittance:
            admittance.close()
        child.terminate()
        try:
            child.wait(_STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:  # it hangs
            child.kill()
            child.wait()


def _watch(
    child: "subprocess.Popen[bytes]",
    known: BrokerAddress,
    pulse: Pulse,
    clock: Clock,
    stop: threading.Event,
    *,
    saved: Path,
    admittance: Admittance | None,
) -> None:
    """Until `stop`; raises Unavailable when the broker ends, or answers nobody for long.

    `saved` is where mosquitto saves what it holds; the embedded one has no `admittance`.
    """
    began = clock.monotonic()
    answered_at, ask_at = began, 0.0
    to_save = list(mosquitto.SAVED_AFTER_S) if admittance else []
    while not clock.wait(stop, _TURN):
        if child.poll() is not None:
            raise Unavailable(f"the broker ended with status {child.returncode}")
        pulse.turned()
        if admittance and admittance.changed():
            child.send_signal(signal.SIGHUP)
        if to_save and clock.monotonic() - began > to_save[0]:
            to_save.pop(0)
            if mosquitto.saved_bytes(saved) < mosquitto.SAVED_EARLY_BYTES:
                child.send_signal(signal.SIGUSR1)
        if clock.monotonic() < ask_at:
            continue
        if not probe.ask(known):
            pulse.beat()
            answered_at = clock.monotonic()
        elif clock.monotonic() - answered_at > _ANSWERS_WITHIN_S:
            raise Unavailable("the broker runs and answers nobody: it is started again")
        ask_at = clock.monotonic() + _ASK_EVERY_S


_EMBEDDED = (
    "import sys; from iotcore.iotcore import IotCoreBroker; "
    "IotCoreBroker(config_path=sys.argv[1]).run_forever()"
)


def _embedded_file(folder: DataFolder, port: int) -> Path:
    """Configuration of rumqttd: MQTT 3.1.1 on `port`, MQTT 5 on the next, loopback only."""
    connections = (
        f"connection_timeout_ms = 10000\nmax_payload_size = {mosquitto.LARGEST_PACKET}\n"
        "max_inflight_count = 500\n"
        "dynamic_filters = true\n"
    )
    text = (
        "id = 0\n[router]\nid = 0\nmax_connections = 10010\nmax_outgoing_packet_count = 500\n"
        "max_segment_size = 104857600\nmax_segment_count = 4\n"
        f'[v4.1]\nname = "v4-1"\nlisten = "127.0.0.1:{port}"\nnext_connection_delay_ms = 1\n'
        f"[v4.1.connections]\n{connections}"
        f'[v5.1]\nname = "v5-1"\nlisten = "127.0.0.1:{port + 1}"\nnext_connection_delay_ms = 1\n'
        f"[v5.1.connections]\n{connections}"
    )
    file = folder.broker.resolve() / "rumqttd.toml"
    file.write_text(text)
    return file


def _wished(folder: DataFolder, settings: Mqtt) -> int:
    try:
        last = int((folder.run / "broker.port").read_text())
    except (FileNotFoundError, ValueError):
        return settings.port
    return last if settings.port <= last < settings.port + _PORTS_TRIED else settings.port


def _until_listening(
    child: "subprocess.Popen[bytes]", port: int, clock: Clock, stop: threading.Event
) -> None:
    deadline = clock.monotonic() + LISTENING_WITHIN_S
    while is_free(port):
        if child.poll() is not None:
            raise Unavailable(f"the broker ended at its start with status {child.returncode}")
        if clock.monotonic() > deadline or clock.wait(stop, _TURN):
            raise Unavailable(f"the broker did not listen on port {port} in time")


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
