"""`hub maintenance`: on-demand terms of a lift, and firms on trial."""

from datetime import datetime
from functools import partial
from typing import Annotated

import typer

from core.clock import SystemClock
from core.errors import HubError
from devices import queries
from devices.days import local_day
from devices.maintenance import shipped, terms
from devices.maintenance.on_demand import Terms
from hub.cli_ground import Data, Why, operator, registry, say, sound

app = typer.Typer(no_args_is_help=True, help="The maintenance log.")
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]


@app.command("trial")
def trial(
    firm: Annotated[str, typer.Argument(help="Code of the firm.")],
    end: Annotated[
        bool, typer.Option("--end", help="The firm's records count from now on.")
    ] = False,
    reason: Why = "",
    data: Data = None,
) -> None:
    """Put a firm on trial: its records are checked and kept, and count nowhere."""
    now = SystemClock().now()
    with registry(data) as database:
        try:
            put = partial(terms.set_trial, firm_code=firm, now=now, actor=operator())
            database.write(partial(put, until_ended=not end, reason=reason))
        except HubError as error:
            raise typer.BadParameter(str(error), param_hint="FIRM") from error
    say(f"{firm}: {'counts' if end else 'on trial'}")


@app.command("on-demand")
def on_demand(
    lift: Annotated[str, typer.Argument(help="Rescue code of the lift.")],
    longest_days: Annotated[int, typer.Option(help="The longest time between two visits.")] = 30,
    since: Day = None,
    until: Day = None,
    online_share: Annotated[float, typer.Option(help="At least, from 0 to 1.")] = 0.95,
    end: Annotated[bool, typer.Option("--end", help="By the calendar again.")] = False,
    reason: Why = "",
    data: Data = None,
) -> None:
    """Let the lift's state call for visits, as long as its conditions hold."""
    zone = sound(data).tz
    now = SystemClock().now()
    rules = shipped.rules(zone)
    with registry(data) as database:
        try:
            wanted = Terms(
                since=since.date() if since else local_day(now, zone),
                until=until.date() if until else None,
                longest_days=longest_days,
                online_share_at_least=online_share,
            )
            found = database.read(partial(queries.lift_by_code, code=lift))
            plan = database.write(
                partial(
                    terms.set_terms,
                    lift=found,
                    terms=None if end else wanted,
                    now=now,
                    actor=operator(),
                    rules=rules,
                    reason=reason,
                )
            )
        except (HubError, ValueError) as error:
            raise typer.BadParameter(str(error)) from error
    say(f"{lift}: due {plan.due_on}; {', '.join(plan.reasons) or 'its conditions hold'}")
