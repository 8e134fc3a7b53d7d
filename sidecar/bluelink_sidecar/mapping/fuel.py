"""Tank and total range."""

from __future__ import annotations

from typing import Any

from . import values
from .car import Car


def fuel(car: Car) -> dict[str, Any]:
    if not car.has_tank:
        return {"level": None, "range_km": None, "low": None}
    level, distance = car.percent("fuel_level"), _fuel_range(car)
    is_unsure = car.drivetrain is None and level is None and distance is None
    return {
        "level": level,
        "range_km": values.tidy(distance, 1),
        "low": None if is_unsure else car.flag("fuel_level_is_low"),
    }


def total_range(car: Car) -> float | None:
    total = values.not_negative(car.km("total_driving_range"))
    if total is None and car.drivetrain in ("ice", "hev"):
        total = _fuel_range(car)
    return values.tidy(total, 1)


def _fuel_range(car: Car) -> float | None:
    found = values.not_negative(car.km("fuel_driving_range"))
    if found is not None or not car.is_ccs2:
        return found
    # The newer protocol's own figure for the tank can be absurd: total less electric is not.
    total = values.not_negative(car.km("total_driving_range"))
    electric = car.km("ev_driving_range") if car.drivetrain == "phev" else 0.0
    if total is None or electric is None:
        return None
    return max(0.0, total - electric)
