"""When the public may look into a kitchen: only if its operator publishes it, and in open hours.

Hours are local and may pass midnight (17:00 to 02:00); equal ends mean round the clock.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from devices.model import Camera, Kitchen


def open_now(kitchen: Kitchen, now: datetime, zone: ZoneInfo) -> bool:
    """Whether `now` lies in the kitchen's hours."""
    local = now.astimezone(zone).time()
    if kitchen.opens < kitchen.closes:
        return kitchen.opens <= local < kitchen.closes
    return kitchen.opens == kitchen.closes or local >= kitchen.opens or local < kitchen.closes


def shown(kitchen: Kitchen, camera: Camera, now: datetime, zone: ZoneInfo) -> bool:
    """Whether anybody may watch this camera now."""
    published = kitchen.published and camera.published and camera.enabled
    return published and open_now(kitchen, now, zone)
