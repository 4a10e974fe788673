"""Labelled traces of lifts whose ends are lost, late or out of order. Same form as the others."""

from tests.support.traces import AT_FLOOR, BETWEEN, Trace, event, repeated, ride, status, trace

LOST_ENDS: tuple[Trace, ...] = (
    trace(
        "trapped, the end is lost, the lift runs for days; trapped again after a restart",
        event(5, "e1", "begin", "trapped.between", floor=6, occupied=True),
        *(ride(100 + 60 * n, 1, 9) for n in range(5)),
        event(500, "f1", "begin", "trapped.between", boot="b2"),
        status(501, **BETWEEN, occupied=True, boot="b2"),
        raised={"trapped.between": (64, 66)},
        again={"trapped.between": (559, 566)},
    ),
    trace(
        "trapped, the end is lost, the lift runs; stuck again without an event",
        event(5, "e1", "begin", "trapped.level", floor=6, occupied=True),
        *(ride(100 + 60 * n, 1, 9) for n in range(5)),
        status(500, **BETWEEN, occupied=True),
        raised={"trapped.level": (64, 66), "trapped.between": (559, 562)},
    ),
    trace(
        "trapped, the end is lost, no status at all; trapped again after the gateway's restart",
        event(5, "e1", "begin", "trapped.between"),
        event(300, "f1", "begin", "trapped.between", boot="b2"),
        raised={"trapped.between": (64, 66)},
        again={"trapped.between": (359, 362)},
    ),
    trace(
        "trapped: the box tells it again and again under new ids",
        *(event(5 + 30 * n, f"e{n}", "begin", "trapped.between") for n in range(15)),
        repeated({**BETWEEN, "occupied": True}, 6, 500, 20),
        raised={"trapped.between": (64, 66)},
    ),
    trace(
        "trapped: a sensor says for a moment that the car runs",
        event(5, "e1", "begin", "trapped.between"),
        repeated({**BETWEEN, "occupied": True}, 6, 500, 20),
        status(207, car="running"),
        status(209, car="stopped"),
        event(300, "e2", "begin", "trapped.between"),
        raised={"trapped.between": (64, 66)},
    ),
    trace(
        "the car runs, stops between floors and tells it, before its status does",
        ride(0, 1, 9),
        status(100, car="running", door="closed", door_zone=False, occupied=True, mode="normal"),
        event(120, "e1", "begin", "trapped.between"),
        status(121, car="stopped"),
        raised={"trapped.between": (179, 182)},
    ),
    trace(
        "overspeed twice, the lift worked in between and no end was told",
        event(5, "o1", "begin", "overspeed"),
        ride(60, 1, 9),
        ride(100, 1, 9),
        event(300, "o2", "begin", "overspeed"),
        raised={"overspeed": (4, 6)},
        again={"overspeed": (299, 301)},
    ),
    trace(
        "begun in inspection without an end; a passenger is trapped long after",
        status(0, mode="inspection", **AT_FLOOR),
        event(30, "w1", "begin", "trapped.level"),
        status(100, mode="normal", **AT_FLOOR, occupied=False),
        ride(130, 1, 9),
        event(300, "e1", "begin", "trapped.level"),
        raised={"trapped.level": (359, 362)},
    ),
    trace(
        "begun in inspection without an end; the lift gets stuck long after",
        status(0, mode="inspection", **AT_FLOOR),
        event(30, "w1", "begin", "trapped.between"),
        status(100, mode="normal", **AT_FLOOR, occupied=False),
        ride(130, 1, 9),
        status(300, **BETWEEN, occupied=True),
        raised={"trapped.between": (359, 362)},
    ),
    trace(
        "technicians leave, and somebody is still trapped",
        event(5, "e1", "begin", "trapped.level"),
        status(20, mode="inspection", car="stopped", door_zone=True, door="closed"),
        status(100, mode="normal"),
        raised={"trapped.level": (159, 162)},
    ),
    trace(
        "technicians leave a chain open, which keeps the lift from running",
        status(0, mode="inspection", **AT_FLOOR),
        event(30, "w1", "begin", "safety_chain"),
        status(100, mode="normal", occupied=False),
        raised={"safety_chain": (159, 162)},
    ),
    trace(
        "technicians leave, the end of what they caused never comes, and the lift runs",
        status(0, mode="inspection", **AT_FLOOR),
        event(30, "w1", "begin", "safety_chain"),
        event(31, "w2", "begin", "overspeed"),
        status(100, mode="normal", occupied=False),
        ride(130, 1, 9),
    ),
    trace(
        "a noisy door without its last end; the door really stays shut the day after",
        *(
            step
            for n in range(5)
            for step in (
                event(n * 60, f"d{n}", "begin", "door.open"),
                *([event(n * 60 + 40, f"d{n}", "end", "door.open")] if n < 4 else []),
            )
        ),
        event(90_000, "late", "begin", "door.open"),
        raised={"door.open": (4, 7)},
        until=90_060,
    ),
    trace(
        "an end overtakes its begin",
        event(5, "e1", "end", "overspeed"),
        event(6, "e1", "begin", "overspeed"),
        event(50, "e2", "end", "trapped.level"),
        status(51, **AT_FLOOR, occupied=False),
        event(52, "e2", "begin", "trapped.level"),
    ),
)
