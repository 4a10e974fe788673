import errno

import pytest

from hub.mishaps import in_words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EPERM, "/data: may not be changed by this user: chown it"),
        (errno.ENOSPC, "/data: the disk is full"),
        (errno.ENOENT, "/data: there is no such file"),
        (errno.EIO, "/data: the system refuses"),
    ],
)
def test_a_mishap_names_the_place_and_what_to_do(number: int, words: str) -> None:
    told = in_words(OSError(number, "as the system says it", "/data"))
    assert told.startswith(words)
    assert "Errno" not in told
