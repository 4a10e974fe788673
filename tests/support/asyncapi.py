"""Draw docs/asyncapi.json from the codec's types and the contract's examples.

`python -m tests.support.asyncapi` writes it; a test compares.
"""

import inspect
import json
from pathlib import Path
from typing import Any

import msgspec

from devices.protocol.codec import _STRUCTS, MAX_CALL, MAX_OBJECTS, MAX_PAYLOAD
from devices.protocol.messages import Kind
from devices.protocol.topics import Realm
from tests.support.wire import EXAMPLES

DOCUMENT = Path(__file__).parents[2] / "docs" / "asyncapi.json"
TO_DEVICE = {Kind.RECEIPT, Kind.CMD}
SUMMARIES = {
    (Realm.LIFT, Kind.CALL): "Somebody in the car asks for help, or a test of that ability. "
    "The only kind on the emergency lane. The device repeats the same object every 5 s (after the "
    "first minute every 15 s) until it has a receipt with the same event_id.",
    (Realm.LIFT, Kind.RECEIPT): "Answer to one call: it is safe in the hub, or refused with the "
    "reason.",
    (Realm.LIFT, Kind.EVENT): "Something began, changed or ended. Begin and end carry the same "
    "event_id.",
    (Realm.LIFT, Kind.STATUS): "State of a lift: on change, and at least once in 60 s. "
    "QoS 0 is tolerated.",
    (Realm.LIFT, Kind.STATS): "Counters since installation.",
    (Realm.LIFT, Kind.HEARTBEAT): "The gateway lives; also its last will, with offline true.",
    (Realm.LIFT, Kind.CMD): "Play a voice text, show a text, send status now, set the clock.",
    (Realm.LIFT, Kind.CMD_ACK): "Answer to a command.",
    (Realm.KITCHEN, Kind.SENSOR): "A measuring point of a kitchen, such as a cold room.",
    (Realm.KITCHEN, Kind.FINDING): "What a smart camera or edge box suspects.",
    (Realm.KITCHEN, Kind.STATUS): "States of a kitchen's cameras.",
    (Realm.KITCHEN, Kind.HEARTBEAT): "The gateway lives.",
}
PARAMETERS = {
    "area": {
        "description": "The city's 6-digit division code. A gateway publishes under the area it "
        "is enrolled in.",
        "examples": ["410100"],
    },
    "device": {
        "description": "The gateway's id, 1 to 32 of A-Z a-z 0-9 _ -. A gateway publishes under "
        "its own id only and speaks for the lifts that the registry gives it.",
        "examples": ["G0017"],
    },
}

Tree = dict[str, Any]  # a JSON document has no narrower type


def document() -> Tree:
    """The AsyncAPI 3.0 document, seen from the hub: it receives what devices send."""
    _, schemas = msgspec.json.schema_components(
        set(_STRUCTS.values()), ref_template="#/components/schemas/{name}"
    )
    # Python's \Z is what $ means in JSON Schema's dialect
    schemas = json.loads(json.dumps(schemas, sort_keys=True).replace(r"\\Z", "$"))
    for schema in schemas.values():  # unknown fields are counted and ignored, not refused
        schema.pop("additionalProperties", None)
        if "description" in schema:  # Python 3.13 takes the indentation out of docstrings itself
            schema["description"] = inspect.cleandoc(schema["description"])
    channels: Tree = {}
    operations: Tree = {}
    messages: Tree = {}
    for realm, kind in sorted(_STRUCTS):
        name = f"{realm}.{kind}"
        schema = {"$ref": f"#/components/schemas/{_STRUCTS[realm, kind].__name__}"}
        messages[name] = {
            "name": name,
            "summary": SUMMARIES[realm, kind],
            "contentType": "application/json",
            "payload": {
                "oneOf": [schema, {"type": "array", "maxItems": MAX_OBJECTS, "items": schema}]
            },
            "examples": [
                {"name": each.stem, "payload": json.loads(each.read_bytes())}
                for each in EXAMPLES
                if each.stem.split(".")[:2] == [realm, kind]
            ],
        }
        channels[name] = {
            "address": f"{realm}/v1/{{area}}/{{device}}/{kind}",
            "description": SUMMARIES[realm, kind],
            "parameters": {
                each: {"$ref": f"#/components/parameters/{each}"} for each in PARAMETERS
            },
            "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        }
        sends = kind in TO_DEVICE
        operations[f"{'send' if sends else 'receive'}.{name}"] = {
            "action": "send" if sends else "receive",
            "channel": {"$ref": f"#/channels/{name}"},
            "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
            "bindings": {
                "mqtt": {"qos": 0 if kind is Kind.HEARTBEAT else 1, "bindingVersion": "0.2.0"}
            },
        }
    operations["receive.lift.call"]["reply"] = {"channel": {"$ref": "#/channels/lift.receipt"}}
    operations["send.lift.cmd"]["reply"] = {"channel": {"$ref": "#/channels/lift.cmd-ack"}}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Supervision hub: devices on the wire",
            "version": "1",
            "description": "Messages between lift or kitchen gateways and the hub over MQTT 3.1.1 "
            "or 5. A payload is UTF-8 JSON: one object, or an array of up to "
            f"{MAX_OBJECTS} objects of that kind; at most {MAX_PAYLOAD // 1024} KiB, a call "
            f"at most {MAX_CALL // 1024} KiB. Nothing is retained. "
            "Unknown fields are counted and ignored; "
            "a field of a wrong type or out of range refuses its object with a reason, not its "
            "neighbours. An optional field that is not known is left out; null says the same.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "local": {
                "host": "127.0.0.1:1883",
                "protocol": "mqtt",
                "description": "The broker that the hub starts, or one of your own.",
            }
        },
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "parameters": PARAMETERS, "schemas": schemas},
    }


def text() -> str:
    """The document as it stands in docs/."""
    return json.dumps(document(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(text(), encoding="utf-8")
