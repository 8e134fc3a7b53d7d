"""Tyres, warnings, service, the 12 V battery and faults."""

from __future__ import annotations

from typing import Any

from ..regions import Family
from . import values
from .car import Car

TYRES = ("front_left", "front_right", "rear_left", "rear_right")
#: Where the tyre lamps stand in the raw reply. Without them the library says False, which means nothing.
TYRE_LAMPS = {
    Family.EUROPE: "vehicleStatus.tirePressureLamp",
    Family.HYUNDAI_USA: "vehicleStatus.tirePressureLamp",
    Family.CANADA: "status.tirePressureLamp",
    Family.AUSTRALIA: "status.tirePressureLamp",
    Family.CHINA: "status.tirePressureLamp",
    Family.INDIA: "tirePressureLamp",
}
CCS2_TYRES = "Chassis.Axle"
CCS2_KEY_BATTERY = "Electronics.FOB.LowBattery"
INDIA_LAMPS = "lampWireStatus"
#: Kia USA leaves out its flag, so that None already means "not known".
TYRE_WARNINGS = tuple(
    f"tire_pressure_{place}_warning_is_on"
    for place in ("all", "front_left", "front_right", "rear_left", "rear_right")
)
LAMPS = (
    "headlamp_status",
    "headlamp_left_low",
    "headlamp_right_low",
    "headlamp_left_high",
    "headlamp_right_high",
    "headlamp_left_bifunc",
    "headlamp_right_bifunc",
    "stop_lamp_left",
    "stop_lamp_right",
    "turn_signal_left_front",
    "turn_signal_right_front",
    "turn_signal_left_rear",
    "turn_signal_right_rear",
)


def tyres(car: Car) -> dict[str, Any]:
    found: dict[str, Any] = {f"{tyre}_kpa": _pressure(car, tyre) for tyre in TYRES}
    return {**found, "warning": _tyre_warning(car)}


def _pressure(car: Car, tyre: str) -> int | None:
    name = f"tire_pressure_{tyre}"
    return values.kilopascal(car.get(name), car.unit(name))


def _tyre_warning(car: Car) -> bool | None:
    flags = [flag for flag in map(car.flag, TYRE_WARNINGS) if flag is not None]
    if any(flags):
        return True
    if car.family is Family.KIA_USA:
        return False if flags else None
    path = CCS2_TYRES if car.is_ccs2 else TYRE_LAMPS.get(car.family, CCS2_TYRES)
    return False if flags and car.raw(path) is not None else None


def warnings(car: Car) -> dict[str, Any]:
    return {
        "washer_fluid": car.flag("washer_fluid_warning_is_on"),
        "brake_fluid": car.flag("brake_fluid_warning_is_on"),
        "oil_level": car.flag("oil_level_warning_is_on"),
        "key_battery": _key_battery(car),
        "lamp": _lamp(car),
    }


def _key_battery(car: Car) -> bool | None:
    if car.is_ccs2 and car.raw(CCS2_KEY_BATTERY) is None:
        return None
    return car.flag("smart_key_battery_warning_is_on")


def _lamp(car: Car) -> bool | None:
    if car.family is Family.INDIA and not car.is_ccs2 and car.raw(INDIA_LAMPS) is None:
        return None
    flags = [flag for flag in map(car.flag, LAMPS) if flag is not None]
    return any(flags) if flags else None


def ignition_on(car: Car) -> bool | None:
    if car.family is Family.INDIA and not car.is_ccs2 and car.raw("ign3") is None:
        return None
    return car.flag("ign3")


def service(car: Car) -> dict[str, Any]:
    due = car.km("next_service_distance")
    if due is not None and car.family is Family.CANADA:
        # Canada gives the odometer's reading at which it is due; below 0 it is overdue.
        odometer = car.km("odometer")
        due = None if odometer is None else due - odometer
    return {
        "due_km": values.tidy(due, 1),
        "last_km": values.tidy(car.km("last_service_distance"), 1),
    }


def aux_battery(car: Car) -> dict[str, Any]:
    level = car.percent("car_battery_percentage")
    return {
        "level": None if level is None else round(level),
        "fault": car.flag("battery_auxiliary_fail_warning_is_on"),
    }
