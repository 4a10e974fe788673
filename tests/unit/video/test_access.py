from datetime import UTC, datetime, timedelta

import pytest

from core.errors import Forbidden
from video import access

SECRET = b"a secret of the tests"
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
LIFETIME = timedelta(minutes=3)


def link(camera: str = "K0001-1", viewer: str = "示例观众") -> str:
    return access.issue(SECRET, camera, now=NOW, lifetime=LIFETIME, viewer=viewer)


def test_a_link_opens_its_camera_to_its_viewer_for_its_time() -> None:
    viewing = access.check(SECRET, link(), "K0001-1", NOW, viewer="示例观众")
    assert viewing == access.Viewing("K0001-1", "示例观众", NOW + LIFETIME)


def test_a_link_is_made_of_url_safe_characters() -> None:
    assert all(c.isascii() and (c.isalnum() or c in "-_.") for c in link())


def test_a_link_ends() -> None:
    with pytest.raises(Forbidden, match="over"):
        access.check(SECRET, link(), "K0001-1", NOW + LIFETIME)


def test_a_link_serves_no_other_camera_and_no_other_viewer() -> None:
    with pytest.raises(Forbidden, match="another"):
        access.check(SECRET, link(), "K0001-2", NOW)
    with pytest.raises(Forbidden, match="another"):
        access.check(SECRET, link(), "K0001-1", NOW, viewer="somebody else")


@pytest.mark.parametrize(
    "forged",
    ["", ".", "x.y", "é.é", link()[:-1], "A" + link(), link() + "A" * 2000, link().split(".")[0]],
)
def test_a_forged_link_opens_nothing(forged: str) -> None:
    with pytest.raises(Forbidden, match="not valid"):
        access.check(SECRET, forged, "K0001-1", NOW)


def test_a_link_of_another_secret_opens_nothing() -> None:
    with pytest.raises(Forbidden, match="not valid"):
        access.check(b"another", link(), "K0001-1", NOW)
