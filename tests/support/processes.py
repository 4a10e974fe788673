"""The processes below one, as ps tells them."""

from hub.proof.processes import descendants
from tests.support.wait import wait_until

__all__ = ["again", "descendants", "only"]


def only(pid: int, words: str) -> int:
    """The one process below `pid` whose command line holds these words."""
    hits = [each for each, args in descendants(pid).items() if words in args]
    assert len(hits) == 1, hits
    return hits[0]


def again(pid: int, words: str) -> int:
    """The same, once it is there: a killed one is started again by its parent."""
    return wait_until(
        lambda: [each for each, args in descendants(pid).items() if words in args],
        what=words,
        timeout_s=120,
        every_s=0.1,
    )[0]
