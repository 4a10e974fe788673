"""Ask a broker whether it answers: a real CONNECT, since a hung one still lets sockets connect."""

import socket
import ssl

from ingest.lane import BrokerAddress
from ingest.subscriber.link import dial, secured

WITHIN_S = 3.0
_ACCEPTED = 0
_MEANINGS = {1: "speaks another MQTT", 2: "refuses our name", 3: "is not available"}


def ask(address: BrokerAddress, within_s: float = WITHIN_S) -> str:
    """Empty when the broker has taken us; else what is wrong, without its address."""
    try:
        with dial(address, secured(address), within_s) as door:
            door.sendall(_connect(address))
            answer = door.recv(4)
            door.sendall(b"\xe0\x00")
    except OSError as error:
        return _words(error)
    if len(answer) < 4 or answer[0] != 0x20:  # noqa: PLR2004  (a CONNACK)
        return "does not speak MQTT 3.1.1"
    if answer[3] == _ACCEPTED:
        return ""
    return _MEANINGS.get(answer[3], "refuses our user name and password")


def _words(error: OSError) -> str:
    match error:
        case TimeoutError():
            return "does not answer"
        case ConnectionRefusedError():
            return "nobody listens there"
        case socket.gaierror():
            return "its name is not known to this machine"
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted: {error.verify_message}"
        case _:
            return f"cannot be reached: {error.strerror or error}"


def _connect(address: BrokerAddress) -> bytes:
    """CONNECT of MQTT 3.1.1 without a name and without a session to leave behind."""
    flags = 0x02 | (0x80 if address.username else 0) | (0x40 if address.password else 0)
    body = b"\x00\x04MQTT\x04" + bytes((flags,)) + (10).to_bytes(2) + _text("")
    if address.username:
        body += _text(address.username)
    if address.password:
        body += _text(address.password)
    length = len(body)
    size = bytes((length,)) if length < 128 else bytes((length & 0x7F | 0x80, length >> 7))  # noqa: PLR2004
    return b"\x10" + size + body


def _text(value: str) -> bytes:
    content = value.encode()
    return len(content).to_bytes(2) + content
