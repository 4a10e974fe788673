"""The example messages of the wire contract, as files."""

from pathlib import Path

from devices.protocol.messages import Kind
from devices.protocol.topics import Realm, Topic

EXAMPLES = sorted((Path(__file__).parent.parent / "unit" / "devices" / "examples").glob("*.json"))


def topic_of(example: Path) -> Topic:
    """The topic that an example file (`realm.kind[.variant].json`) belongs on."""
    realm, kind, *_ = example.stem.split(".")
    return Topic(Realm(realm), "410100", "G0017", Kind(kind))
