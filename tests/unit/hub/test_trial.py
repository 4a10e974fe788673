import subprocess

from devices.protocol import codec, topics
from devices.protocol.messages import Status
from hub.demo import trial


def test_the_line_to_try_is_a_status_that_the_hub_can_read() -> None:
    line = trial("city", 1893)
    said = subprocess.run(
        ["bash", "-c", f"mosquitto_pub() {{ printf '%s\\n' \"$@\"; }}; {line}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert said[said.index("-p") + 1] == "1893"
    topic = topics.parse(said[said.index("-t") + 1])
    decoded = codec.decode(topic, said[-1].encode())
    assert decoded.refusals == ()
    (status,) = decoded.messages
    assert isinstance(status, Status)
    assert status.lift == "235274"
