"""The interface does what its own description says, whatever is sent to it, whoever sends it.

Requests are made from the description, of its form and against it, by a fixed seed; where the form
takes anything, half of them name what there is. The longer form: `-m bench`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from dashboard.access import Role
from dashboard.app import create_app
from dashboard.maintaining import photo_folder
from devices.maintenance import photos
from tests.support import maintenance
from tests.support.dashboards import NOON
from tests.support.world import World, world_in

ROLES = (Role.TECHNICIAN, Role.FIRM_ADMIN, Role.DISTRICT_SUPERVISOR)
FEW, MANY = 6, 120
# What a rule refuses (another firm's lift, a visit in another state, a day too late) no description
# can tell: a request of the right form may be refused, as long as the refusal is described.
NOT_ASKED: list[Any] = [positive_data_acceptance]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_in(tmp_path_factory.mktemp("world")) as made:
        maintenance.crew(made.hub)
        yield made


def known(world: World, path: str) -> Mapping[str, Sequence[object]]:
    """What the members and parameters of a request may name, ours and theirs."""
    ours, theirs = world.ours, world.theirs
    hub = world.hub
    digest = photos.write(photo_folder(hub.context("staff")), maintenance.JPEG)
    firm = hub.lift.firm_id or 0
    of = {"lift_id": hub.lift.id, "firm_id": firm, "now": NOON, "by": "sample"}
    hub.database.write(lambda c: photos.note(c, digest, "image/jpeg", 17, **of))  # type: ignore[arg-type]
    place = "kitchen" if "kitchens" in path else "lift"
    return {
        "code": [ours[place], theirs[place]],
        "lift_code": [ours["lift"]],
        "lift": [ours["lift"], theirs["lift"]],
        "incident_id": [ours["incident"], theirs["incident"]],
        "assignment_id": [int(ours["assignment"]), int(theirs["assignment"])],
        "assignment": [int(ours["assignment"])],
        "event_id": [ours["alarm"]],
        "visit_id": [ours["visit"], theirs["visit"]],
        "record_id": [ours["record"], theirs["record"]],
        "digest": [digest],
        "list_name": ["A@1"],
        "unit_id": [int(ours["unit"]), int(theirs["unit"])],
        "workers": [["W1", "W2"]],
    }


def fill(given_: object, names: Mapping[str, Sequence[object]], draw: st.DataObject) -> None:
    """Let some members be what there is."""
    if isinstance(given_, dict):
        for name in given_:
            if name in names and draw.draw(st.booleans()):
                given_[name] = draw.draw(st.sampled_from(names[name]))


def hold(operation: Any, names: Mapping[str, Sequence[object]], bearer: str, examples: int) -> None:
    """Ask one operation so often; raises what schemathesis found."""
    asked = st.one_of(
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
        operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
    )

    @seed(11)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=asked, draw=st.data())
    def tried(case: Case[Any], draw: st.DataObject) -> None:
        for part in (case.path_parameters, case.query, case.body):
            fill(part, names, draw)
        sent = {"Authorization": f"Bearer {bearer}"}
        case.call_and_validate(headers=sent, excluded_checks=NOT_ASKED)

    tried()


def held(world: World, role: Role, examples: int) -> tuple[int, list[str]]:
    """Ask every operation; answers how many there are, and what was found."""
    app = create_app(world.hub.context("staff"))
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
    operations = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
    wrong = []
    for each in operations:
        try:
            hold(each, known(world, each.path), world.hub.tokens[role], examples)
        except Exception as found:  # noqa: BLE001  (told for all operations at once)
            wrong += [f"{each.label}: {one}" for one in getattr(found, "exceptions", (found,))]
    return len(operations), wrong


@pytest.mark.parametrize("role", ROLES)
def test_the_interface_keeps_to_its_description(world: World, role: Role) -> None:
    operations, wrong = held(world, role, FEW)
    assert operations > 30
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.bench
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("role", Role)
def test_the_interface_keeps_to_its_description_for_long(world: World, role: Role) -> None:
    _, wrong = held(world, role, MANY)
    assert not wrong, "\n\n".join(wrong)
