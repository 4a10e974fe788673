"""A decision has a number of its own, and who names one names one that exists."""

import re
from collections import Counter

from tests.architecture.test_rooms import ROOT, tracked

NUMBERED = re.compile(r"(\d{4})-[a-z0-9-]+\.md")
HEADING = re.compile(r"# (\d{4}) · \S")
NAMED = re.compile(r"docs/adr/(\d{4})")
WORDS = {".md", ".py", ".yml", ".toml", ".txt"}


def numbers() -> list[str]:
    return [
        found[1]
        for file in sorted((ROOT / "docs" / "adr").iterdir())
        if (found := NUMBERED.fullmatch(file.name))
    ]


def test_no_two_decisions_share_a_number_and_none_is_missing() -> None:
    assert [number for number, times in Counter(numbers()).items() if times > 1] == []
    assert numbers() == [f"{n:04d}" for n in range(1, len(numbers()) + 1)]
    assert len(numbers()) == len(list((ROOT / "docs" / "adr").iterdir()))


def test_a_decision_says_the_number_of_its_file() -> None:
    for file in (ROOT / "docs" / "adr").iterdir():
        heading = HEADING.match(file.read_text(encoding="utf-8"))
        assert heading is not None, file
        assert heading[1] == file.name[:4]


def test_who_names_a_decision_names_one_that_exists() -> None:
    known = set(numbers())
    for file in tracked():
        if file.suffix in WORDS:
            named = set(NAMED.findall(file.read_text(encoding="utf-8")))
            assert named <= known, f"{file} names {named - known}"
