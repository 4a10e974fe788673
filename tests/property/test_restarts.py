"""Whatever is killed when, and whatever comes again: each message is one row, and none is lost."""

import random
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.telemetry import STATUS, Room

OTHER = "lift/v1/410100/G2/status"
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.integers(1, 4)),
        st.tuples(st.just("wait"), st.integers(1, 3)),
        st.tuples(st.just("again"), st.integers(1, 6)),
        st.tuples(st.sampled_from(["kill", "stop"]), st.just(0)),
    ),
    min_size=5,
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(STEPS, st.integers(0, 2**32))
def test_a_message_is_one_row_over_any_restarts(steps: list[tuple[str, int]], seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  (a seeded story)
    with TemporaryDirectory() as folder:
        room = Room(Path(folder))
        said: list[tuple[str, bytes]] = []
        for step, count in steps:
            match step:
                case "say":
                    for _ in range(count):
                        topic, lift = chance.choice([(STATUS, "100001"), (OTHER, "100002")])
                        floor, load = len(said) % 10, 100 * len(said) % 19_000
                        payload = room.words(lift=lift, floor=floor, load_kg=load)
                        said.append((topic, payload))
                        room.broker.put(topic, payload)
                    room.settle()
                case "wait":  # a second or more: newest states are flushed
                    room.after(count)
                case "again":  # an acknowledgement was lost, or a gateway repeats itself
                    for topic, payload in chance.sample(said, min(count, len(said))):
                        room.broker.put(topic, payload)
                    room.settle()
                case "kill":
                    room = room.restart()
                case _:  # told to stop
                    room.latest.flush(room.lane.pipeline)
                    room = room.restart()
        rows = [p for lift in ("100001", "100002") for p in room.points(lift)]
        assert sorted(p.seq or 0 for p in rows) == list(range(1, len(said) + 1))
        room.close()
