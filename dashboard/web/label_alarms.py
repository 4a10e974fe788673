"""What alarms, their states and their subjects are called, and what a seat does about each.

A group of `dashboard.web.labels`; remedies go by what stands before the dot of a code.
"""

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, str]] = {
    "alarm": {
        "active": "Open",
        "acknowledged": "Acknowledged",
        "cleared": "Ended, not yet acknowledged",
        "closed": "Closed",
    },
    "alarm_subject": {
        "lift": "Lift",
        "building": "Building",
        "gateway": "Gateway",
        "area": "City",
        "kitchen": "Kitchen",
        "camera": "Camera",
        "station": "Rescue station",
        "firm": "Maintenance firm",
        "team": "Team",
    },
    "alarm_code": {
        "camera.stalled": "Camera delivers no new pictures",
        "camera.offline": "Camera offline",
        "power.building": "Power cut in the building",
        "area.offline": "Many gateways of the city silent at once",
        "point.warm": "Kitchen point too warm",
        "point.cold": "Kitchen point too cold",
        "sensor.lost": "Sensor silent or faulty",
        "roster.gap": "Gap in the duty roster",
    },
    "alarm_detail": {  # what stands before the detail
        "power.building": "Lifts",
        "area.offline": "Silent gateways",
        "point.warm": "Read",
        "point.cold": "Read",
        "sensor.lost": "Read",
        "roster.gap": "From, until, and people of those needed:",
    },
    "alarm_remedy": {
        "trapped": "Somebody may be inside: follow the incident and speak into the car.",
        "alarm": "Somebody may be inside: follow the incident and speak into the car.",
        "overtravel": "Have the lift taken out of service until its firm has examined it.",
        "crash": "Have the lift taken out of service until its firm has examined it.",
        "ucm": "Have the lift taken out of service until its firm has examined it.",
        "overspeed": "Have the lift taken out of service until its firm has examined it.",
        "power": "Ask the site whether anybody is inside and when the power comes back.",
        "device": "Telephone the site: check the gateway's power and network.",
        "ebike": "Telephone the building's management to have the bicycle taken out.",
        "area": "Check the network and the broker of the city: the gateways are hardly at fault.",
        "point": "Telephone the kitchen: check the door and the cooling, and what is stored there.",
        "sensor": "Telephone the kitchen: check the sensor and its battery.",
        "camera": "Telephone the kitchen: check the camera's power and network.",
        "roster": "Telephone the station or firm: somebody must be on duty, or stand in.",
        "other": "Tell the maintenance firm and ask when it will be repaired.",
    },
}
