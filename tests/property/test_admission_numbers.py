"""However a gateway's messages are repeated and shuffled, each is taken at most once."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from ingest.admission import Admitted, Seen, admit


@given(st.lists(st.integers(min_value=0, max_value=30), max_size=80))
def test_no_number_is_taken_twice_and_gaps_close_the_balance(numbers: list[int]) -> None:
    seen: Seen | None = None
    taken: Counter[int] = Counter()
    for seq in numbers:
        answer = admit(seen, "b", seq)
        if isinstance(answer, Admitted):
            seen = answer.seen
            taken[seq] += 1
    assert all(times == 1 for times in taken.values())
    if seen is not None:
        assert seen.now.missing.isdisjoint(taken)
        counted = {seq for seq in taken if seq}  # devices count from 1; a will may bear 0
        assert set(range(1, seen.now.highest + 1)) == counted | seen.now.missing
