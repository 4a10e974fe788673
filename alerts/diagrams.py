"""docs/design/life-cycles.md, drawn from the tables.

After a change of a table: `python -m alerts.diagrams > docs/design/life-cycles.md`; a test keeps
the file current.
"""

import sys

from alerts.alarm import ALARM
from alerts.assignment import ASSIGNMENT
from alerts.incident import INCIDENT
from devices.import_jobs import LIFE
from devices.maintenance.stopping import SERVICE
from devices.maintenance.visit import VISIT


def document() -> str:
    """The whole file: one mermaid diagram for each life cycle."""
    parts = [
        "# Life cycles\n\nDrawn from the tables in `alerts/` and `devices/`; do not edit by hand.\n"
    ]
    for title, drawing in (
        ("Incident (救援事件)", INCIDENT.mermaid()),
        ("Assignment (派单)", ASSIGNMENT.mermaid()),
        ("Alarm (报警)", ALARM.mermaid()),
        ("Maintenance visit (维保作业)", VISIT.mermaid()),
        ("A lift's service (电梯启停)", SERVICE.mermaid()),
        ("An uploaded file (导入文件)", LIFE.mermaid()),
    ):
        parts.append(f"\n## {title}\n\n```mermaid\n{drawing}\n```\n")
    return "".join(parts)


if __name__ == "__main__":
    sys.stdout.write(document())
