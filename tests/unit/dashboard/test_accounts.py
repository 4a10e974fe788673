from pathlib import Path

import pytest

from core.errors import InvalidMessage
from dashboard import accounts
from dashboard.access import Role
from dashboard.accounts import NewSession, Refused
from tests.support.dashboards import NOON, PASSWORD, TEST, Dashboards


@pytest.fixture
def hub(tmp_path: Path) -> Dashboards:
    return Dashboards(tmp_path)


def signed(hub: Dashboards, password: str = PASSWORD) -> NewSession | Refused:
    return accounts.sign_in(hub.database, hub.clock, name="dispatcher", password=password)


def test_a_right_password_begins_a_session_that_ends_by_itself(hub: Dashboards) -> None:
    begun = signed(hub)
    assert isinstance(begun, NewSession)
    found = accounts.signed_by_session(hub.database, begun.token, now=NOON)
    assert found is not None
    assert found.account.role is Role.DISPATCHER
    later = NOON + accounts.SESSION_LASTS
    assert accounts.signed_by_session(hub.database, begun.token, now=later) is None


def test_signing_out_ends_the_session(hub: Dashboards) -> None:
    begun = signed(hub)
    assert isinstance(begun, NewSession)
    accounts.sign_out(hub.database, hub.clock, begun.token)
    assert accounts.signed_by_session(hub.database, begun.token, now=NOON) is None


def test_an_unknown_name_is_told_like_a_wrong_password(hub: Dashboards) -> None:
    answer = accounts.sign_in(hub.database, hub.clock, name="nobody", password=PASSWORD)
    assert answer == Refused("wrong")


def test_changing_the_password_ends_the_other_sessions(hub: Dashboards) -> None:
    here, there = signed(hub), signed(hub)
    assert isinstance(here, NewSession)
    assert isinstance(there, NewSession)
    assert accounts.change_password(
        hub.database,
        hub.clock,
        account=here.account,
        old=PASSWORD,
        new="another long sample",
        keep_session=here.token,
    )
    assert accounts.signed_by_session(hub.database, here.token, now=NOON) is not None
    assert accounts.signed_by_session(hub.database, there.token, now=NOON) is None
    assert signed(hub) == Refused("wrong")


def test_a_firm_account_without_a_firm_is_refused(hub: Dashboards) -> None:
    with pytest.raises(InvalidMessage, match="names its firm"):
        hub.database.write(
            lambda c: accounts.create_account(
                c,
                name="x",
                display_name="x",
                password_hash="!",
                role=Role.FIRM_ADMIN,
                now=NOON,
                actor=TEST,
            )
        )
