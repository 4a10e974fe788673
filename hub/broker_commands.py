"""`hub broker files` and `hub broker emqx`: a broker that others run asks the registry."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection

from core.errors import Conflict
from devices import credential_commands as commands
from hub import admittance, broker, dialects, mosquitto
from hub.cli_ground import Data, console, registry, say, sound
from hub.folder import DataFolder

app = typer.Typer(no_args_is_help=True, help="A broker that others run.")
_EMQX = """\
authentication = [{{
  mechanism = password_based, backend = http, method = post
  url = "{url}/broker/emqx/authn"
  headers {{ content-type = "application/json", authorization = "Bearer {token}" }}
  body {{ username = "${{username}}", password = "${{password}}", clientid = "${{clientid}}" }}
}}]
authorization {{
  no_match = deny
  sources = [{{
    type = http, method = post
    url = "{url}/broker/emqx/authz"
    headers {{ content-type = "application/json", authorization = "Bearer {token}" }}
    body {{ username = "${{username}}", topic = "${{topic}}", action = "${{action}}" }}
  }}]
}}"""


@app.command()
def files(
    out: Annotated[Path, typer.Option("--out", help="Folder for the two files.")],
    data: Data = None,
) -> None:
    """Write the password and the access file for a mosquitto of your own, as things stand now."""
    settings = sound(data)
    folder = DataFolder(settings.data_dir.resolve())
    user, password = mosquitto.USER, folder.secret("mqtt").decode()
    if settings.mqtt.url:
        told = broker.parse_url(settings.mqtt.url)
        user, password = told.username or user, told.password or password
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    foreign = dialects.load(folder.dialects).patterns()
    with registry(data) as database:
        if database.read(partial(commands.door_of, gateway_id=user)) is not None:
            raise Conflict("exists", f"{user} is a gateway: let the hub sign in as another")
        own = mosquitto.password_line(user, password)
        number = database.read(partial(_write, file=out / mosquitto.PASSWORDS, own=own))
    rules = mosquitto.access_rules(foreign, anonymous=False, user=user)
    mosquitto.replace(out / mosquitto.ACCESS, [rules])
    say(f"{out}: {number} gateways, and the hub as {user}")
    say("in mosquitto.conf, and tell mosquitto (kill -HUP) after every time:")
    say("  allow_anonymous false")
    say(f"  password_file {(out / mosquitto.PASSWORDS).resolve()}")
    say(f"  acl_file {(out / mosquitto.ACCESS).resolve()}")
    if user == mosquitto.USER and not settings.mqtt.url:
        say(f"the hub's password stands in {folder.root / 'secrets' / 'mqtt'}; then set")
        say(f"  HUB_MQTT__URL=mqtts://{user}:PASSWORD@HOST")


def _write(connection: Connection, file: Path, own: str) -> int:
    number = 0

    def lines() -> Iterator[str]:
        nonlocal number
        yield own
        for line in admittance.lines(connection):
            number += 1
            yield line

    mosquitto.replace(file, lines())
    return number


@app.command()
def emqx(
    url: Annotated[str, typer.Option(help="The staff pages as the EMQX reaches them.")] = "",
    data: Data = None,
) -> None:
    """Print what an EMQX 5 needs to ask this hub, with the token that it has to show."""
    settings = sound(data)
    token = DataFolder(settings.data_dir.resolve()).secret("emqx").decode()
    say(_EMQX.format(url=(url or settings.staff_url).rstrip("/"), token=token))
    console.print(
        "The hub's own user belongs into another authenticator, such as EMQX's built-in database,"
        " with is_superuser: it must come in while these pages are away.",
        style="dim",
    )
