"""Which visits are looked at by chance: a draw that everybody can repeat.

Theory of operation. Each visit's place in the draw is a digest of the draw's seed and the visit's
name. Who knows the seed can repeat the draw; who does not cannot know beforehand whether a visit
will be drawn; and a visit's place depends on no other visit, so adding one moves no other. The
seed is therefore drawn and published after the visits are in.
"""

from collections.abc import Iterable

from core.chain import FIRST, link


def drawn(visits: Iterable[str], seed: str, count: int) -> tuple[str, ...]:
    """`count` of the different visits (all, when they are fewer), in the order of the draw."""
    return tuple(sorted(set(visits), key=lambda visit: link(FIRST, 0, [seed, visit]))[:count])
