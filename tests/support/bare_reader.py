"""The limit: a subscriber that finds packet ids in what it reads and acknowledges, nothing else.

`python -m tests.support.bare_reader PORT FILTER` stays until it is ended.
"""

import socket
import struct
import sys

READ = 256 * 1024
PUBLISH_QOS_1 = 0x32


def packet_ids(data: bytes) -> tuple[list[int], int]:
    """The ids of all whole PUBLISH packets, and where they end."""
    ids = []
    at, size = 0, len(data)
    take = struct.Struct(">H").unpack_from
    while at + 2 < size:
        first, length, ahead = data[at], data[at + 1], at + 2
        if length & 128:
            length, ahead = length & 127 | data[at + 2] << 7, at + 3
        end = ahead + length
        if end > size:
            break
        if first & 0xF6 == PUBLISH_QOS_1:
            ids.append(take(data, ahead + 2 + take(data, ahead)[0])[0])
        at = end
    return ids, at


def main(port: str, wanted: str) -> None:
    """Connect, subscribe, acknowledge."""
    link = socket.create_connection(("127.0.0.1", int(port)))
    name = b"bare-reader"
    body = b"\x00\x04MQTT\x04\x00\x00\x00" + len(name).to_bytes(2, "big") + name
    link.sendall(bytes((0x10, len(body))) + body)
    said = wanted.encode()
    body = b"\x00\x01" + len(said).to_bytes(2, "big") + said + b"\x01"
    link.sendall(bytes((0x82, len(body))) + body)
    left = b""
    while data := link.recv(READ):
        left += data
        ids, at = packet_ids(left)
        left = left[at:]
        if ids:
            link.sendall(b"".join([b"\x40\x02" + mid.to_bytes(2, "big") for mid in ids]))


if __name__ == "__main__":
    main(*sys.argv[1:])
