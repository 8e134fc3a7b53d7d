"""Climate: what the car reports; the set-points start as that and belong to the bridge."""

from __future__ import annotations

from typing import Any

from ..regions import USA, Family
from . import values
from .car import Car

SEATS = ("front_left", "front_right", "rear_left", "rear_right")
SEAT_LEVELS = {
    "off": "off",
    "on": "heat_high",
    "low_heat": "heat_low",
    "medium_heat": "heat_medium",
    "high_heat": "heat_high",
    "low_cool": "cool_low",
    "medium_cool": "cool_medium",
    "high_cool": "cool_high",
}
SEAT_CODES = {
    0: "off",
    1: "heat_high",
    2: "off",
    3: "cool_low",
    4: "cool_medium",
    5: "cool_high",
    6: "heat_low",
    7: "heat_medium",
    8: "heat_high",
}
#: Real cars send their seats here, where the library does not look.
RAW_SEATS = {
    Family.HYUNDAI_USA: "vehicleStatus.seatHeaterVentInfo",
    Family.CANADA: "status.seatHeaterVentInfo",
}
RAW_SEAT = {"front_left": "drv", "front_right": "ast", "rear_left": "rl", "rear_right": "rr"}
#: What can be set, generously. A sentinel lies outside, and so does a figure that has another unit than is said.
SET_POINTS = {"C": (10, 40), "F": (50, 104)}
#: Canada, cars that are off: real ones send the lowest set point there is for "none".
CANADA_LOWEST_C, CANADA_LOWEST_C_BEFORE_2020 = 14, 16


def climate(car: Car) -> dict[str, Any]:
    on = car.flag("air_control_is_on")
    reported = seats(car)
    return {
        "mode": None if on is None else "auto" if on else "off",
        "defrost": car.flag("defrost_is_on"),
        "rear_window_heat": car.flag("back_window_heater_is_on"),
        "steering_wheel_heat": car.flag("steering_wheel_heater_is_on"),
        "seat_status": reported,
        "unit": unit(car),
        "target": _target(car),
        "duration_min": None,
        "start_defrost": False,
        "seats": dict(reported),
    }


def seats(car: Car) -> dict[str, str | None]:
    return {seat: _seat(car, seat) for seat in SEATS}


def _seat(car: Car, seat: str) -> str | None:
    said = SEAT_LEVELS.get(values.word(car.get(f"{seat}_seat_status")) or "")
    path = RAW_SEATS.get(car.family)
    if said is not None or path is None:
        return said
    code = values.whole(car.raw(f"{path}.{RAW_SEAT[seat]}SeatHeatState"))
    return None if code is None else SEAT_CODES.get(code)


def unit(car: Car) -> str:
    said = car.unit("air_temperature")
    if said is None:
        return "F" if car.family in USA else "C"
    return "F" if said == "°F" else "C"


def _target(car: Car) -> float | None:
    """In the car's own unit, not converted."""
    found = car.number("air_temperature")
    if found is None or _is_canadian_filler(car, found):
        return None
    coldest, warmest = SET_POINTS[unit(car)]
    if not coldest <= found <= warmest:
        return None
    return values.tidy(found, 1)


def _is_canadian_filler(car: Car, target: float) -> bool:
    if car.family is not Family.CANADA or car.flag("air_control_is_on"):
        return False
    year = car.number("year")
    is_old = year is not None and year < 2020
    return target <= (CANADA_LOWEST_C_BEFORE_2020 if is_old else CANADA_LOWEST_C)
