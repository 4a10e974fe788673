"""What the doctor says of the shards: the map, a move under way, a broker unfit for them."""

from collections.abc import Iterator

from core.errors import InvalidMessage
from hub import mosquitto
from hub.finding import Finding, Verdict
from hub.folder import DataFolder
from hub.settings import Settings
from ingest.shard_file import ShardFile

_SUBJECT = "shards"


def examine(settings: Settings, folder: DataFolder, *, running: bool) -> Iterator[Finding]:
    """Nothing where everything is one worker's, as it is unless somebody asked for more."""
    file = ShardFile(folder.telemetry)
    try:
        known = file.read()
    except (InvalidMessage, OSError) as error:
        remedy = f"mend {file.path}, or take it from a backup; workers go on as they were"
        yield Finding(_SUBJECT, Verdict.SERIOUS, f"the map cannot be read: {error}", remedy)
        return
    if not known.moves:
        return
    told = "; ".join(
        f"{name}: {', '.join(sorted(known.areas(name))) or 'emptied'}" for name in known.names()[1:]
    )
    embedded = settings.mqtt.start == "embedded" or mosquitto.find() is None
    if known.elsewhere() and embedded and not settings.mqtt.url:
        yield Finding(
            _SUBJECT,
            Verdict.SERIOUS,
            f"{told}; the embedded broker answers no UNSUBSCRIBE, and overwrites what is unread",
            "apt-get install mosquitto, or name yours in HUB_MQTT__URL",
        )
    elif known.move is None:
        yield Finding(_SUBJECT, Verdict.WELL, f"{told}; every other city: 0")
    else:
        move = known.move
        says = f"{', '.join(move.areas)} from {move.source} to {move.target}, at {move.step}"
        remedy = "look again; if it stays, look at the log of both workers, or `hub shards cancel`"
        if not running:
            remedy = "start the hub: it goes on by itself"
        yield Finding(_SUBJECT, Verdict.WORTH_KNOWING, f"{says}; {told}", remedy)
