"""`hub tail`: messages as they come, decoded; a session of its own that keeps nothing back."""

import asyncio
import json
import ssl
from contextlib import suppress
from datetime import timedelta
from typing import Annotated

import aiomqtt
import typer
from rich.text import Text

from core.clock import SystemClock
from core.errors import Unavailable
from devices.protocol.messages import Kind
from hub import broker, dialects, overheard
from hub.cli_ground import Data, console, plain, say, sound
from hub.folder import DataFolder
from hub.overheard import Ear, Overheard, Wanted
from ingest.lane import BrokerAddress

EVERYTHING = ("lift/v1/#", "kitchen/v1/#")
_COLOURS = {
    "call": "bold magenta",
    "receipt": "magenta",
    "event": "yellow",
    "finding": "yellow",
    "status": "cyan",
    "heartbeat": "dim",
}


def tail(
    *,
    what: Annotated[
        str,
        typer.Argument(
            metavar="[FILTER]",
            help="A lift's code, a gateway, a city, or a topic such as lift/v1/#.",
        ),
    ] = "",
    area: Annotated[str, typer.Option(help="Only this city (6-digit division code).")] = "",
    kind: Annotated[Kind | None, typer.Option(help="Only this kind of message.")] = None,
    refused: Annotated[bool, typer.Option("--refused", help="Only what cannot be read.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="Topic and payload as they came.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    count: Annotated[int, typer.Option(min=0, help="End after so many lines; 0: never.")] = 0,
    data: Data = None,
) -> None:
    """Print messages as they come; Ctrl-C ends it. It reads beside the hub and takes nothing away.

    Gateways that speak a dialect are heard in it. What cannot be read is red, with the reason;
    whether the registry knows the device is not asked.
    """
    settings = sound(data)
    folder = DataFolder(settings.data_dir.resolve())
    address = broker.address(folder, settings.mqtt)
    spoken = dialects.speakers(folder.database_url(settings.database.url))
    ear = Ear(dialects.load(folder.dialects).dialects, spoken)
    pattern = "/" in what
    wanted = Wanted(
        text="" if pattern else what,
        area=area,
        kind=str(kind or ""),
        refused_only=refused,
    )
    shown = _Shown(ear, wanted, raw=raw, as_json=as_json, count=count)
    filters = (what,) if pattern else (*EVERYTHING, *ear.filters())
    with suppress(KeyboardInterrupt):
        asyncio.run(_listen(address, filters, shown))


class _Shown:
    """What is printed of each message, until it was enough."""

    def __init__(self, ear: Ear, wanted: Wanted, *, raw: bool, as_json: bool, count: int) -> None:
        self._ear = ear
        self._wanted = wanted
        self._raw = raw
        self._json = as_json
        self._left = count or -1

    def take(self, topic: str, payload: bytes) -> bool:
        """Print it; False when it was enough."""
        at = SystemClock().now()
        for one in self._ear.read(topic, payload, at):
            if not self._wanted.takes(one):
                continue
            if self._raw:
                say(f"{plain(topic)} {plain(payload.decode('utf-8', 'backslashreplace'))}")
            elif self._json:
                say(json.dumps(one.as_json(), ensure_ascii=False))
            else:
                console.print(_line(one), soft_wrap=True)
            self._left -= 1
            if self._left == 0:
                return False
            if self._raw:
                break
        return True


def _line(one: Overheard) -> Text:
    line = Text(f"{one.at:%H:%M:%S}.{one.at.microsecond // 1000:03d} ", style="dim")
    if one.refused:
        line.append(f"{plain(one.topic)}  ", style="red")
        line.append(plain(overheard.words(one)), style="bold red")
        return line
    line.append(f"{one.kind:<9} ", style=_COLOURS.get(one.kind, ""))
    line.append(f"{one.area} {one.gateway:<12} {one.lift:<7}", style="bold")
    line.append(plain(overheard.words(one)))
    return line


async def _listen(address: BrokerAddress, filters: tuple[str, ...], shown: _Shown) -> None:
    """Listen until it was enough; raises Unavailable where the broker cannot be reached.

    QoS 0: the broker keeps nothing for this session, and forgets it when it ends.
    """
    trusted = None
    if address.tls:
        trusted = ssl.create_default_context(cafile=address.ca_file or None)
        if address.cert_file:
            trusted.load_cert_chain(address.cert_file, address.key_file or None)
    try:
        async with aiomqtt.Client(
            address.host,
            address.port,
            username=address.username or None,
            password=address.password or None,
            tls_context=trusted,
            timeout=timedelta(seconds=10).total_seconds(),
        ) as client:
            for each in filters:
                await client.subscribe(each)
            async for message in client.messages:
                if not shown.take(str(message.topic), message.payload):
                    return
    except (aiomqtt.MqttError, OSError) as error:
        raise Unavailable(
            f"the broker at {address.host}:{address.port} cannot be listened to: {error};"
            " `hub doctor` looks into it"
        ) from error
