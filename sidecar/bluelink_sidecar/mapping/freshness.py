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
    found = car_time(car)
    if found is None:
        return None
    return polled_at if found > polled_at + FUTURE_TOLERANCE else found


def car_time(car: Car) -> dt.datetime | None:
    """When the car reported, on its own clock."""
    if car.family is Family.EUROPE_CCI:
        # The library takes it for the time of an offset that the same reply names; it is UTC.
        return times.vendor_time(car.raw("Date"), dt.timezone.utc)
    found = times.aware(car.get("last_updated_at"))
    if found is None or is_made_up(car):
        return None
    return _canadian(car) or found if car.family is Family.CANADA else found


def is_without_state(car: Car) -> bool:
    """The newer European cloud may call it a success and say nothing of the car."""
    return car.family is Family.EUROPE_CCI and not car.raw("Date")


def is_made_up(car: Car) -> bool:
    """Whether the library wrote the time of the read, for want of another."""
    if car.is_ccs2:
        return car.raw("Date") is None
    path = RAW_TIME_OR_NOW.get(car.family)
    return path is not None and car.raw(path) is None


def _canadian(car: Car) -> dt.datetime | None:
    """Some replies carry the car's wall time; the library finds the zone out but reads it as UTC."""
    zone = car.get("timezone")
    if not isinstance(zone, dt.tzinfo):
        return None
    return times.vendor_time(car.raw("status.lastStatusDate"), zone)
