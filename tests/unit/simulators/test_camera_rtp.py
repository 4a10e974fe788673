import pytest

from simulators.camera_rtp import MTU, Packetiser, payloads


@pytest.mark.parametrize("size", [1, 2, MTU - 1, MTU, MTU + 1, 2 * MTU, 9 * MTU + 7])
def test_fragments_give_the_unit_back(size: int) -> None:
    nal = bytes([0x65]) + bytes(i % 251 for i in range(size - 1))
    parts = list(payloads(nal))
    assert all(len(part) <= MTU for part in parts)
    if len(parts) == 1:
        assert parts == [nal]
        return
    assert [bool(part[1] & 0x80) for part in parts] == [True] + [False] * (len(parts) - 1)
    assert [bool(part[1] & 0x40) for part in parts] == [False] * (len(parts) - 1) + [True]
    head = bytes([parts[0][0] & 0xE0 | parts[0][1] & 0x1F])
    assert head + b"".join(part[2:] for part in parts) == nal


def test_only_the_last_packet_of_a_picture_is_marked() -> None:
    data = Packetiser(ssrc=1, channel=2).wrap((b"\x67abc", b"\x65" + bytes(3 * MTU)), 2**32 + 5)
    marks, sequences = [], []
    while data:
        assert data[:2] == b"$\x02"
        length = int.from_bytes(data[2:4], "big")
        packet, data = data[4 : 4 + length], data[4 + length :]
        marks.append(packet[1] >> 7)
        sequences.append(int.from_bytes(packet[2:4], "big"))
        assert int.from_bytes(packet[4:8], "big") == 5
    assert marks == [0] * (len(marks) - 1) + [1]
    assert sequences == list(range(len(marks)))
