"""Tank and ranges."""

from __future__ import annotations

from typing import Any

from ..regions import Family
from . import values
from .car import Car

#: Of the newer protocol: all that is left, by what it comes from.
DTE = "Drivetrain.FuelSystem.DTE"
UNITS = {1: "km", 2: "mi", 3: "mi"}


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
    total = _total(car)
    if total is None and car.drivetrain in ("ice", "hev"):
        total = _fuel_range(car)
    return values.tidy(total, 1)


def electric_range(car: Car) -> float | None:
    found = values.not_negative(car.km("ev_driving_range"))
    if found is None and car.family is Family.EUROPE_CCI and car.drivetrain == "phev":
        found = _raw_range(car, "EV")
    return found


def _total(car: Car) -> float | None:
    if car.family is Family.EUROPE_CCI:
        # The library overwrites its figure with the distance driven.
        return _raw_range(car, "Total")
    return values.not_negative(car.km("total_driving_range"))


def _raw_range(car: Car, kind: str) -> float | None:
    unit = UNITS.get(values.whole(car.raw(f"{DTE}.Unit")) or 0)
    found = values.not_negative(values.number(car.raw(f"{DTE}.{kind}")))
    return None if found == values.SENTINEL_WORD else values.kilometres(found, unit, "km")


def _fuel_range(car: Car) -> float | None:
    found = values.not_negative(car.km("fuel_driving_range"))
    if found is not None or not car.is_ccs2:
        return found
    # The newer protocol's own figure for the tank can be absurd: total less electric is not.
    total = _total(car)
    electric = electric_range(car) if car.drivetrain == "phev" else 0.0
    if total is None or electric is None:
        return None
    return max(0.0, total - electric)
