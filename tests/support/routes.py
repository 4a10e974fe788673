"""Every route of the staff surface and who may use it: what the pages are held against."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from dashboard.access import Action
from tests.support import maintenance_routes, roster_routes

FAR = "外地"  # in the name and address of all that is theirs
NEAR = "邻区"  # likewise of all that stands next door


class Route(NamedTuple):
    """One route: what it needs (an action, any account, or nothing), of what, and what is sent."""

    method: str
    path: str
    needs: Action | str
    about: str = ""
    sent: Mapping[str, str] = {}
    query: str = ""


OPEN, ANYONE, BROKER = "open", "signed in", "a broker with its token"
A = Action
ROUTES = (
    Route("GET", "/api/v1/openapi.json", OPEN),
    Route("GET", "/api/v1/docs", OPEN),
    Route("GET", "/health/live", OPEN),
    Route("GET", "/health/ready", OPEN),
    Route("GET", "/metrics", OPEN),
    Route("POST", "/language", OPEN, sent={"locale": "zh", "next": "/"}),
    Route("GET", "/sign-in", OPEN),
    Route("POST", "/sign-in", OPEN, sent={"name": "nobody", "password": "nothing"}),
    Route("POST", "/sign-in/code", OPEN, sent={"ticket": "none", "code": "1"}),
    Route("GET", "/sign-on", OPEN),
    Route("GET", "/sign-on/back", OPEN),
    Route("GET", "/sign-on/end", OPEN),
    Route("POST", "/broker/emqx/authn", BROKER),
    Route("POST", "/broker/emqx/authz", BROKER),
    Route("GET", "/styleguide", ANYONE),
    Route("GET", "/account", ANYONE),
    Route("POST", "/account/second-factor/begin", ANYONE),
    Route("POST", "/account/second-factor/confirm", ANYONE, sent={"code": "1"}),
    Route("POST", "/account/second-factor/remove", ANYONE, sent={"code": "1"}),
    Route("POST", "/account/sessions/end", ANYONE, sent={"handle": "x"}),
    Route("POST", "/account/tokens", ANYONE, sent={"name": "示例"}),
    Route("POST", "/account/tokens/revoke", ANYONE, sent={"handle": "x"}),
    Route("GET", "/password", ANYONE),
    Route("POST", "/password", ANYONE, sent={"old": "wrong", "new": "wrong", "again": "wrong"}),
    Route("GET", "/fragments/palette", ANYONE, query="q=" + FAR),
    Route("GET", "/", A.SEE_INCIDENTS, query="state=all"),
    Route("GET", "/fragments/board", A.SEE_INCIDENTS, query="state=all"),
    Route("GET", "/incidents.csv", A.SEE_INCIDENTS, query="state=all"),
    Route("GET", "/incidents/{incident_id}", A.SEE_INCIDENTS, "incident"),
    Route("GET", "/fragments/incident/{incident_id}", A.SEE_INCIDENTS, "incident"),
    Route("GET", "/incidents/{incident_id}/do/{verb}", A.SEE_INCIDENTS),
    Route("POST", "/incidents/{incident_id}/do/{verb}", A.ADD_NOTE, "incident", {"text": "示例"}),
    Route("GET", "/assignments/{assignment_id}/do/{step}", A.ANSWER_ASSIGNMENT, "assignment"),
    Route("POST", "/assignments/{assignment_id}/do/{step}", A.ANSWER_ASSIGNMENT, "assignment"),
    Route("GET", "/incidents/new", A.OPEN_INCIDENT),
    Route("GET", "/fragments/lift-card", A.OPEN_INCIDENT, query="lift_code={far_lift}"),
    Route("GET", "/fragments/lift-picks", A.OPEN_INCIDENT, query="place=" + FAR),
    Route("POST", "/incidents/new", A.OPEN_INCIDENT, sent={"lift_code": "{far_lift}"}),
    Route("POST", "/refused-calls/{line_id}/settled", A.OPEN_INCIDENT, "refused"),
    Route("GET", "/lifts", A.SEE_LIFTS),
    Route("GET", "/lifts.csv", A.SEE_LIFTS),
    Route("GET", "/test-calls", A.SEE_LIFTS, query="ability=unconnected"),
    Route("GET", "/test-calls.csv", A.SEE_LIFTS, query="ability=unconnected"),
    Route("GET", "/lifts/{code}", A.SEE_LIFTS, "lift"),
    Route("GET", "/fragments/lift/{code}", A.SEE_LIFTS, "lift"),
    Route("POST", "/lifts/{code}/officer", A.REVEAL_PHONE, "lift"),
    Route("POST", "/incidents/{incident_id}/callers", A.REVEAL_PHONE, "incident"),
    Route("GET", "/kitchens", A.SEE_KITCHENS),
    Route("GET", "/kitchens.csv", A.SEE_KITCHENS),
    Route("GET", "/kitchens/{code}", A.SEE_KITCHENS, "kitchen"),
    Route("GET", "/media/{camera_id}/snapshot.jpg", A.SEE_CAMERAS, "camera"),
    Route("GET", "/media/{camera_id}/{name}", A.SEE_CAMERAS, "camera"),
    Route("GET", "/quarantine", A.SEE_QUARANTINE),
    Route("GET", "/quarantine.csv", A.SEE_QUARANTINE),
    Route("POST", "/quarantine/asked", A.MEND_QUARANTINE, sent={"verb": "drop", "kept": "-"}),
    Route("GET", "/audit", A.SEE_AUDIT),
    Route("GET", "/audit.csv", A.SEE_AUDIT),
    Route("GET", "/accounts", A.MANAGE_ACCOUNTS),
    Route("GET", "/accounts.csv", A.MANAGE_ACCOUNTS),
    Route("GET", "/accounts/new", A.MANAGE_ACCOUNTS),
    Route("POST", "/accounts/new", A.MANAGE_ACCOUNTS, sent={"name": "two words"}),
    Route("GET", "/accounts/at/{account}", A.MANAGE_ACCOUNTS, "account"),
    Route("GET", "/accounts/at/{account}/{act}", A.MANAGE_ACCOUNTS, "account"),
    Route("POST", "/accounts/at/{account}/{act}", A.MANAGE_ACCOUNTS, "account", {"reason": "例"}),
    Route("GET", "/imports", A.IMPORT_FILES),
    Route("POST", "/imports", A.IMPORT_FILES, sent={"kind": "lifts", "datum": "wgs84"}),
    Route("GET", "/imports/template/{kind}.csv", A.IMPORT_FILES),
    Route("GET", "/imports/at/{job_id}", A.IMPORT_FILES),
    Route("GET", "/fragments/imports/{job_id}", A.IMPORT_FILES),
    Route("GET", "/imports/at/{job_id}/report.csv", A.IMPORT_FILES),
    Route("POST", "/imports/at/{job_id}/apply", A.IMPORT_FILES),
    Route("POST", "/imports/at/{job_id}/stop", A.IMPORT_FILES),
    Route("GET", "/health", A.SEE_HEALTH),
    Route("GET", "/alarms", A.SEE_ALARMS),
    Route("GET", "/fragments/alarms", A.SEE_ALARMS),
    Route("GET", "/alarms.csv", A.SEE_ALARMS),
    Route("POST", "/alarms/acknowledge", A.ACKNOWLEDGE_ALARM, "alarm", {"event_id": "{alarm}"}),
    Route("GET", "/api/v1/alarms", A.SEE_ALARMS),
    Route("POST", "/api/v1/alarms/{event_id:path}/acknowledge", A.ACKNOWLEDGE_ALARM, "alarm"),
    Route("GET", "/live/board", A.SEE_INCIDENTS),
    Route("GET", "/live/incident/{incident_id}", A.SEE_INCIDENTS, "incident"),
    Route("GET", "/live/lift/{code}", A.SEE_LIFTS, "lift"),
    Route("GET", "/api/v1/incidents", A.SEE_INCIDENTS, query="state=all"),
    Route("POST", "/api/v1/incidents", A.OPEN_INCIDENT, sent={"lift_code": "{far_lift}"}),
    Route("GET", "/api/v1/incidents/{incident_id}", A.SEE_INCIDENTS, "incident"),
    Route(
        "POST",
        "/api/v1/incidents/{incident_id}/level",
        A.DIRECT_INCIDENT,
        "incident",
        {"level": "2", "reason": "示例"},
    ),
    Route(
        "POST",
        "/api/v1/incidents/{incident_id}/stand-down",
        A.DIRECT_INCIDENT,
        "incident",
        {"assignment": "{assignment}", "reason": "示例"},
    ),
    Route("POST", "/api/v1/incidents/{incident_id}/{verb}", A.ADD_NOTE, "incident", {"text": "例"}),
    Route("GET", "/api/v1/assignments", A.SEE_INCIDENTS),
    Route("GET", "/api/v1/assignments/{assignment_id}", A.SEE_INCIDENTS, "assignment"),
    Route("POST", "/api/v1/assignments/{assignment_id}/{step}", A.ANSWER_ASSIGNMENT, "assignment"),
    Route("GET", "/api/v1/lifts", A.SEE_LIFTS),
    Route("GET", "/api/v1/lifts/best", A.SEE_LIFTS, query="q=" + FAR),
    Route("GET", "/api/v1/lifts/{code}", A.SEE_LIFTS, "lift"),
    Route("GET", "/api/v1/lifts/{code}/history", A.SEE_HISTORY, "lift", query="field=floor"),
    Route("GET", "/api/v1/test-calls", A.SEE_LIFTS, query="ability=unconnected"),
    Route("GET", "/api/v1/kitchens", A.SEE_KITCHENS),
    Route("GET", "/api/v1/kitchens/{code}", A.SEE_KITCHENS, "kitchen"),
    Route("POST", "/api/v1/telemetry", A.SEND_TELEMETRY, sent={"items": "[]"}),
    *(Route(*row) for row in maintenance_routes.ROWS),
    *(Route(*row) for row in roster_routes.ROWS),
    Route("POST", "/sign-out", ANYONE),
)


def routes_of(routes: object, before: str = "") -> Iterator[tuple[str, str]]:
    """Method and path of every route, of included routers too; static files have none."""
    for each in routes:  # type: ignore[attr-defined]
        if (inner := getattr(each, "original_router", None)) is not None:
            yield from routes_of(inner.routes, before + each.include_context.prefix)
        elif methods := getattr(each, "methods", None):
            yield from ((method, before + each.path) for method in methods - {"HEAD"})
