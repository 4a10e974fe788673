"""The people of the pretend world at their desks: crews at work, and the dispatcher's seat.

They are robots with accounts of their own, and give way to people: where a person has taken a
crew's step, no robot crew acts any more; where a person has directed an incident, the robot's seat
leaves it alone. That a person took the call or wrote a note keeps nobody from coming.
"""

from collections.abc import Callable, Mapping
from random import Random

from simulators import crew, seat
from simulators.agenda import Step
from simulators.hub_api import Case, HubApi
from simulators.scenario import Scenario

# What a person does in an incident without taking it over: the call, and what the hub does with it.
_CALL = frozenset({"opened", "merged", "rung", "offered", "note", "comfort_call", "located"})
_CREW = frozenset({"accepted", "refused", "en_route", "arrived", "finished", "stood_down"})
_OVER = frozenset({"freed", "confirmed", "cause_reported", "closed", "self_escaped", "false_alarm"})


class CrewWork:
    """What the crew of one firm or station does; `freed` is told the incident's number."""

    def __init__(
        self,
        name: str,
        api: HubApi,
        *,
        scenario: Scenario,
        character: crew.Character,
        dice: Random,
        freed: Callable[[str], None],
    ) -> None:
        self.name = name
        self._api, self._scenario, self._character = api, scenario, character
        self._dice, self._freed = dice, freed
        self._incidents: dict[str, str] = {}

    async def look(self) -> list[tuple[str, str]]:
        """Open assignments of this firm or station."""
        orders = await self._api.orders()
        self._incidents = {str(order.id): order.number for order in orders}
        return [(str(order.id), order.state) for order in orders]

    def decide(self, key: str, state: str) -> Step | None:
        """The next step of this crew; `key` makes no difference to it."""
        del key
        plan, speed = self._scenario.crews, self._scenario.speed
        return crew.next_step(state, self._character, plan, speed=speed, dice=self._dice)

    async def act(self, key: str, verb: str) -> None:
        """Tell the hub, unless a person plays the crew; after the release, tell the world."""
        number = self._incidents.get(key, "")
        if number and (await self._api.story(number)).by_people() & _CREW:
            return
        await self._api.answer(key, verb, crew.body(verb, f"示例救援员 {self.name[-3:]}"))
        if verb == "freed":
            self._freed(number)


class SeatWork:
    """What the dispatcher's seat does. It also sees who has been freed by other hands.

    `stuck` tells the stuck lifts with their incidents; `released` is told the rescue code of one
    whose incident is over.
    """

    name = "dispatcher"

    def __init__(
        self,
        api: HubApi,
        *,
        scenario: Scenario,
        dice: Random,
        stuck: Callable[[], Mapping[str, str]],
        released: Callable[[str], None],
    ) -> None:
        self._api, self._scenario, self._dice = api, scenario, dice
        self._stuck, self._released = stuck, released
        self._cases: dict[str, Case] = {}

    async def look(self) -> list[tuple[str, str]]:
        """Open incidents; a lift whose incident is open no more, or past release, is let go."""
        stuck = dict(self._stuck())  # before asking: these incidents existed then
        self._cases = {case.id: case for case in await self._api.cases()}
        for rescue_code, number in stuck.items():
            case = self._cases.get(number)
            if number and (case is None or case.state in _OVER):
                self._released(rescue_code)
        return [(case.id, case.state) for case in self._cases.values()]

    def decide(self, key: str, state: str) -> Step | None:
        """The next step of the seat, if the scenario has one."""
        plan, speed = self._scenario.seat, self._scenario.speed
        if not plan.enabled:
            return None
        level = self._cases[key].level
        return seat.next_step(state, level, plan, speed=speed, dice=self._dice)

    async def act(self, key: str, verb: str) -> None:
        """Tell the hub, unless a person directs this incident."""
        if (await self._api.story(key)).by_people() - _CALL:
            return
        await self._api.direct(key, verb, seat.body(verb, self._dice))
