"""Whether every part of every process shows signs of life, and whether the lanes hear a broker."""

from collections.abc import Iterator, Mapping

from prometheus_client.parser import text_string_to_metric_families

from core import metrics, pulse
from core.clock import machine_ticks
from dashboard.checkup.check import Check, Weight
from dashboard.deps import AppContext
from dashboard.i18n import msgid

SILENT_AFTER_S = 10.0
PATIENCE_S: Mapping[str, float] = {"history.drain": 90.0}  # one write there may take a minute
CONNECTED = "hub_mqtt_connected"
TITLES: Mapping[str, str] = {
    "broker.door": msgid("Broker"),
    "rescue.lane": msgid("Rescue: emergency calls"),
    "rescue.engine": msgid("Rescue: deadlines"),
    "rescue.follower": msgid("Rescue: what telemetry and cameras find"),
    "rescue.courier": msgid("Rescue: notices"),
    "web.pages": msgid("Staff pages"),
    "web.imports": msgid("Imports of files"),
    "web.maintenance": msgid("Maintenance plans and reminders"),
    "web.rosters": msgid("Watch over duty rosters"),
    "web.contracts": msgid("Hand-overs between maintenance firms"),
    "telemetry.lane": msgid("Telemetry"),
    "history.keeper": msgid("Telemetry history: roll-ups and retention"),
    "history.drain": msgid("Telemetry history"),
    "public.pages": msgid("Public pages"),
    "video.fleet": msgid("Cameras' process"),
    "simulator.city": msgid("Simulated city"),
}
OF_SHARDS: Mapping[str, tuple[str, str]] = {
    "telemetry": ("telemetry.lane", msgid("Telemetry, shard %(shard)s")),
    "history.keeper": ("history.keeper", msgid("Roll-ups and retention, shard %(shard)s")),
    "history.drain": ("history.drain", msgid("Telemetry history, shard %(shard)s")),
}
LANE_OF_SHARD = msgid("Telemetry lane, shard %(shard)s")
LANES: Mapping[str, tuple[str, str]] = {
    "rescue.lane": ("emergency", msgid("Emergency lane")),
    "telemetry.lane": ("telemetry", msgid("Telemetry lane")),
}


def _named(part: str) -> tuple[str, str, str]:
    """The part without its shard, its title, and the shard if it is not the first one."""
    for before, (name, title) in OF_SHARDS.items():
        if part.startswith(f"{before}-"):
            return name, title, part.removeprefix(f"{before}-").partition(".")[0]
    return part, TITLES.get(part, part), ""


def parts(context: AppContext) -> Iterator[Check]:
    """Each part that should run: when its work last succeeded."""
    watched = context.watched
    if watched is None:
        return
    heard = pulse.heard(watched.pulses)
    now = machine_ticks()
    for name in watched.parts():
        weight = Weight.VITAL if name.startswith("rescue.") else Weight.WEIGHTY
        plain, title, shard = _named(name)
        values: dict[str, object] = {"shard": shard}
        beat = heard.get(name)
        if beat is None:
            yield Check(
                f"part {name}",
                title,
                ok=False,
                weight=weight,
                says=msgid("no sign of life yet"),
                values=values,
                remedy=msgid("It is starting. If this stays, look at the hub's log."),
            )
            continue
        silent = round(beat.silent_s(now)) if beat.done else round(now - beat.turned)
        values["seconds"] = silent
        if beat.done and silent < PATIENCE_S.get(plain, SILENT_AFTER_S):
            yield Check(
                f"part {name}", title, ok=True, weight=weight, says=msgid("works"), values=values
            )
        elif now - beat.turned < SILENT_AFTER_S:
            yield Check(
                f"part {name}",
                title,
                ok=False,
                weight=weight,
                says=msgid("runs, and nothing has succeeded for %(seconds)s s"),
                values=values,
                remedy=msgid("The hub's log names the error; it is tried again by itself."),
            )
        else:
            yield Check(
                f"part {name}",
                title,
                ok=False,
                weight=weight,
                says=msgid("hangs: silent for %(seconds)s s"),
                values=values,
                remedy=msgid("It is started again after half a minute; if not, restart the hub."),
            )


def lanes(context: AppContext) -> Iterator[Check]:
    """The broker sessions that lane processes have told of in the metrics folder."""
    text = metrics.exposition(context.metrics_folder).decode()
    told = {
        sample.labels["lane"]: sample.value > 0
        for family in text_string_to_metric_families(text)
        if family.name == CONNECTED
        for sample in family.samples
    }
    expected = context.watched.parts() if context.watched else ()
    titles = {lane: (title, "") for part, (lane, title) in LANES.items() if part in expected}
    for part in expected:
        plain, _, shard = _named(part)
        if plain == "telemetry.lane" and shard:
            titles[f"telemetry-{shard}"] = LANE_OF_SHARD, shard
    # A shard that was emptied has no lane any more, and its last figure stays in the folder.
    others = {lane for lane in told if not (expected and lane.startswith("telemetry-"))}
    for lane in [*titles, *sorted(others - titles.keys())]:
        title, shard = titles.get(lane, (lane, ""))
        connected = told.get(lane, False)
        yield Check(
            f"lane {lane}",
            title,
            ok=connected,
            weight=Weight.WEIGHTY,
            says=msgid("connected to the broker") if connected else msgid("no broker"),
            values={"shard": shard},
            remedy=msgid("It is tried again by itself. `hub doctor` tells what the broker says."),
        )
