"""Where the car is, or was."""

from __future__ import annotations

from typing import Any

from . import times, values
from .car import Car


def location(car: Car) -> dict[str, Any]:
    # Never `vehicle.location`: its getter turns latitude and longitude round.
    latitude = car.number("location_latitude")
    longitude = car.number("location_longitude")
    if not _is_real(latitude, longitude):
        return {"latitude": None, "longitude": None, "accuracy_m": None, "at": None}
    return {
        "latitude": values.tidy(latitude, 6),
        "longitude": values.tidy(longitude, 6),
        "accuracy_m": None,
        "at": times.utc_text(car.get("location_last_updated_at")),
    }


def _is_real(latitude: float | None, longitude: float | None) -> bool:
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return False
    return abs(latitude) <= 90 and abs(longitude) <= 180
