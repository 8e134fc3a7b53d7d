"""Where the car is, or was."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from ..regions import Family
from . import times, values
from .car import Car

TIME_STAMP = ("Year", "Mon", "Day", "Hour", "Min", "Sec")
#: The zone in which the European cloud writes a car's wall time, wherever the car is.
EUROPE = "Europe/Berlin"


def location(car: Car) -> dict[str, Any]:
    if car.family is Family.EUROPE_CCI:
        # Only from this reply: the library would keep an old position with a time that it reads in the wrong zone.
        latitude = values.number(car.raw("Location.GeoCoord.Latitude"))
        longitude = values.number(car.raw("Location.GeoCoord.Longitude"))
        at = _tree_time(car)
    else:
        # Never `vehicle.location`: its getter turns latitude and longitude round.
        latitude = car.number("location_latitude")
        longitude = car.number("location_longitude")
        at = times.aware(car.get("location_last_updated_at"))
    if not _is_real(latitude, longitude):
        return {"latitude": None, "longitude": None, "accuracy_m": None, "at": None}
    return {
        "latitude": values.tidy(latitude, 6),
        "longitude": values.tidy(longitude, 6),
        "accuracy_m": None,
        "at": times.utc_text(at),
    }


def time_stamp(value: Any, zone: dt.tzinfo) -> dt.datetime | None:
    """The block of six numbers in which the newer protocol says when a position was taken."""
    return times.from_parts([values.whole(values.child(value, one)) for one in TIME_STAMP], zone)


def _tree_time(car: Car) -> dt.datetime | None:
    """`Date` is UTC, the block beside it the wall time."""
    found = times.vendor_time(car.raw("Location.Date"), times.UTC)
    return found or times.aware(time_stamp(car.raw("Location.TimeStamp"), ZoneInfo(EUROPE)))


def _is_real(latitude: float | None, longitude: float | None) -> bool:
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return False
    return abs(latitude) <= 90 and abs(longitude) <= 180
