"""When the car last told the cloud."""

from __future__ import annotations

import datetime as dt

from ..regions import Family
from . import times
from .car import Car

#: A clock of the car or the cloud may run ahead; further ahead the time is wrong.
FUTURE_TOLERANCE = dt.timedelta(minutes=5)

#: Where the raw time stands. Where it is missing these parsers write the time of the read instead.
RAW_TIME_OR_NOW = {
    Family.EUROPE: "vehicleStatus.time",
    Family.AUSTRALIA: "status.time",
    Family.CHINA: "status.time",
    Family.INDIA: "time",
}


def reported_at(car: Car, polled_at: dt.datetime) -> dt.datetime | None:
    found = times.aware(car.get("last_updated_at"))
    if found is None or _is_made_up(car):
        return None
    if car.family is Family.CANADA:
        found = _canadian(car) or found
    return polled_at if found > polled_at + FUTURE_TOLERANCE else found


def _is_made_up(car: Car) -> bool:
    if car.is_ccs2:
        return car.raw("Date") is None
    path = RAW_TIME_OR_NOW.get(car.family)
    return path is not None and car.raw(path) is None


def _canadian(car: Car) -> dt.datetime | None:
    """Some replies carry the car's wall time; the library finds the zone out but reads it as UTC."""
    raw, zone = car.raw("status.lastStatusDate"), car.get("timezone")
    if not isinstance(raw, str) or not isinstance(zone, dt.tzinfo):
        return None
    try:
        wall = dt.datetime.strptime(raw[:14], "%Y%m%d%H%M%S")
    except ValueError:
        return None
    return times.aware(wall.replace(tzinfo=zone))
