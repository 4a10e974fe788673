"""Notices tell their deadlines by the clock on the wall of the hub's zone."""

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alerts import queries
from alerts.policy import PolicyBook, from_json, parse
from core.errors import InvalidMessage
from tests.support.rescue import START, Rescue

URUMQI = ZoneInfo("Asia/Urumqi")  # two hours behind Beijing


def test_an_offer_tells_the_answers_deadline_in_the_hubs_zone(tmp_path: Path) -> None:
    rescue = Rescue(tmp_path)
    rescue.policies = PolicyBook(zone=URUMQI)
    opened = rescue.open()
    told = rescue.database.read(lambda c: queries.incident(c, opened.incident_id))
    due = (START + PolicyBook().default.level2_after_unanswered).astimezone(URUMQI)
    assert f"请于 {due:%H:%M:%S} 前应答" in str(told.notices[0].body["text"])
    assert told.incident.policy.zone == "Asia/Urumqi"


def test_the_snapshot_carries_the_books_zone_and_an_older_one_reads_as_before() -> None:
    policy = PolicyBook(zone=URUMQI).for_area("410100")
    assert from_json(policy.to_json()) == policy
    older = {key: value for key, value in policy.to_json().items() if key != "zone"}
    assert from_json(older) == replace(policy, zone="Asia/Shanghai")


def test_the_zone_is_no_choice_of_the_policy_file() -> None:
    with pytest.raises(InvalidMessage, match="unknown"):
        parse({"default": {"zone": "Asia/Urumqi"}})
