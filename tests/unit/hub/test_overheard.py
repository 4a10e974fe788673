"""What `hub tail` says of a message, and what `hub top` makes of two looks."""

from datetime import UTC, datetime

import pytest

from hub import dialects, gauges, overheard
from hub.dialects import SHIPPED
from hub.overheard import Ear, Wanted

AT = datetime(2026, 11, 23, 4, tzinfo=UTC)
STATUS = "lift/v1/410100/G1/status"


def test_every_object_is_a_line_and_a_refused_one_tells_its_reason() -> None:
    good, bad = Ear().read(
        STATUS,
        b'[{"ts":1,"seq":1,"boot":"b","lift":"100001","floor":3},{"ts":2,"seq":2,"boot":"b","floor":"x"}]',
        AT,
    )
    assert (good.lift, good.gateway, good.area) == ("100001", "G1", "410100")
    assert overheard.words(good) == "floor=3"
    assert bad.refused == "bad_field"
    assert "floor" in overheard.words(bad)


def test_a_topic_outside_the_grammar_is_refused_and_shown() -> None:
    (odd,) = Ear().read("lift/v2/x", b"\xff", AT)
    assert odd.refused == "bad_topic"
    assert odd.as_json()["raw"] == "\\xff"


def test_a_filter_names_a_lift_a_gateway_or_a_city() -> None:
    (one,) = Ear().read(STATUS, b'{"ts":1,"seq":1,"boot":"b","lift":"100001","floor":3}', AT)
    for text in ("100001", "G1", "410100", ""):
        assert Wanted(text=text).takes(one)
    assert not Wanted(text="G2").takes(one)
    assert not Wanted(kind="event").takes(one)
    assert not Wanted(area="410200").takes(one)
    assert not Wanted(refused_only=True).takes(one)


def figures(received: int, stored: int, flight: int) -> gauges.Reading:
    return gauges.read(
        f"""
hub_ingest_received_total{{area="410100",lane="telemetry"}} {received}
hub_ingest_received_total{{area="410200",lane="replay"}} 1
hub_ingest_outcome_total{{area="410100",lane="telemetry",outcome="stored"}} {stored}
hub_ingest_outcome_total{{area="410200",lane="replay",outcome="duplicate"}} 1
hub_ingest_in_flight{{area="410100",lane="telemetry"}} {flight}
hub_ingest_commit_seconds_sum{{lane="telemetry"}} {received / 100}
hub_ingest_commit_seconds_count{{lane="telemetry"}} {received}
"""
    )


def test_two_looks_make_rates_lag_and_a_balance() -> None:
    before, now = figures(100, 100, 0), figures(120, 115, 3)
    replayed, lane = gauges.rows("lane", before, now, 2.0)
    assert (lane.name, lane.received, lane.outcomes["stored"]) == ("telemetry", 10.0, 7.5)
    assert (lane.in_flight, lane.balance) == (3, 0)  # 2 are open in this look alone
    assert gauges.unaccounted(now, "lane", "telemetry") == 2
    assert (replayed.received, replayed.balance) == (0, 0)
    assert gauges.rows("area", before, now, 2.0)[0].name == "410100"
    took = gauges.lag("telemetry", before, now)
    assert took.commit is not None
    assert round(took.commit, 6) == 0.01
    assert took.road is None


@pytest.mark.parametrize(
    ("before", "now", "open_by"),
    [
        ((100, 100, 0), (120, 120, 0), 0),
        ((100, 95, 0), (120, 112, 0), 5),  # open in both: that much is nowhere
        ((100, 95, 0), (120, 120, 5), 0),  # to either side: two batches being counted
        ((100, 100, 4), (120, 120, 9), -4),
    ],
)
def test_books_are_open_by_what_both_looks_miss(
    before: tuple[int, int, int], now: tuple[int, int, int], open_by: int
) -> None:
    (_, lane) = gauges.rows("lane", figures(*before), figures(*now), 1.0)
    assert lane.balance == open_by


def test_a_process_that_began_again_is_no_negative_rate() -> None:
    (_, lane) = gauges.rows("lane", figures(100, 100, 0), figures(5, 5, 0), 1.0)
    assert lane.received == 0


def test_a_dialect_is_heard_on_its_own_topics_and_from_gateways_that_speak_it() -> None:
    shipped = dialects.load(SHIPPED).dialects
    ear = Ear(shipped, {"BOX1": "camera-box"})
    assert "camerabox/+/+/+" in ear.filters()
    told = b'{"ts":1795000000000,"lift_code":"100001","floor":"3","door":1}'
    for topic in ("camerabox/410100/BOX1/state", "lift/v1/410100/BOX1/status"):
        (one,) = ear.read(topic, told, AT)
        assert (one.gateway, one.lift, one.kind) == ("BOX1", "100001", "status")
        assert overheard.words(one) == "floor=3 door=open"
        assert "seq" not in one.told
    # What says nothing of ours is heard all the same; what cannot be read is refused.
    (silent,) = ear.read("camerabox/410100/BOX1/state", b"[]", AT)
    assert (silent.kind, silent.refused) == ("camera-box", "")
    (odd,) = ear.read("camerabox/410100/BOX1/state", b"{", AT)
    assert odd.refused == "bad_json"
