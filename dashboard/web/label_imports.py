"""What importing files is called; gathered by `dashboard.web.labels`."""

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, str]] = {
    "import_kind": {
        "lifts": "Lifts",
        "firms": "Maintenance firms",
        "stations": "Rescue stations",
        "use_units": "Use units",
        "gateways": "Gateways",
        "kitchens": "Kitchens",
        "cameras": "Cameras",
        "divisions": "Divisions",
        "workers": "Workers",
        "contracts": "Contracts",
        "inspections": "Inspections",
        "rosters": "Duty rosters",
    },
    "import_state": {
        "uploaded": "Being checked",
        "tried": "Checked, not applied",
        "asked": "Being applied",
        "applied": "Applied",
        "unreadable": "Failed",
        "cancelled": "Stopped",
    },
    "import_doing": {
        "": "Waiting for its turn",
        "reading": "Reading and checking rows",
        "applying": "Applying rows",
    },
    "outcome": {
        "inserted": "New",
        "changed": "Changed",
        "unchanged": "Unchanged",
        "refused": "Bad rows",
    },
}
