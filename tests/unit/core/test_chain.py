import hashlib

import pytest

from core.chain import FIRST, canonical, link


def test_the_form_of_a_link_never_changes() -> None:
    """Chains that were written must stay readable: these are literal bytes."""
    content = f'["{FIRST}",1,"甲",{{"a":1,"b":[true,null]}}]'
    expected = hashlib.sha256(content.encode()).hexdigest()
    assert link(FIRST, 1, ["甲", {"b": [True, None], "a": 1}]) == expected


def test_a_link_covers_its_place_and_the_one_before() -> None:
    links = {link(FIRST, 1, ["a"]), link(FIRST, 2, ["a"]), link("1" * 64, 1, ["a"])}
    assert len(links) == 3


def test_numbers_that_json_does_not_have_are_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical({"n": float("inf")})
