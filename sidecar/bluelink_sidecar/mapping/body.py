"""Locks, doors and windows."""

from __future__ import annotations

from typing import Any

from ..regions import Family
from . import values
from .car import Car

#: Our corner, and the library's word for it.
CORNERS = {
    "front_left": "front_left",
    "front_right": "front_right",
    "rear_left": "back_left",
    "rear_right": "back_right",
}
#: Real Kia cars in the USA put the windows beside the place where the library looks.
KIA_USA_WINDOWS = "lastVehicleInfo.vehicleStatusRpt.vehicleStatus.windowStatus"
KIA_USA_WINDOW = {
    "front_left": "windowFL",
    "front_right": "windowFR",
    "rear_left": "windowRL",
    "rear_right": "windowRR",
}


def lock(car: Car) -> dict[str, Any]:
    locked = _all_doors_locked(car) if car.is_ccs2 else car.flag("is_locked")
    return {"state": None if locked is None else "locked" if locked else "unlocked"}


def _all_doors_locked(car: Car) -> bool | None:
    """The library's own answer mixes "open" and "not known"."""
    doors = [car.flag(f"{library}_door_is_locked") for library in CORNERS.values()]
    if any(door is False for door in doors):
        return False
    return True if all(doors) else None


def doors(car: Car) -> dict[str, Any]:
    found: dict[str, Any] = {
        ours: car.flag(f"{library}_door_is_open") for ours, library in CORNERS.items()
    }
    return {**found, "trunk": car.flag("trunk_is_open"), "hood": car.flag("hood_is_open")}


def windows(car: Car) -> dict[str, Any]:
    found = {ours: _window(car, ours, library) for ours, library in CORNERS.items()}
    return {**found, "sunroof": car.flag("sunroof_is_open"), "all": _all_windows(found)}


def _window(car: Car, ours: str, library: str) -> bool | None:
    is_open = car.flag(f"{library}_window_is_open")
    if is_open is None and car.family is Family.KIA_USA:
        return values.flag(car.raw(f"{KIA_USA_WINDOWS}.{KIA_USA_WINDOW[ours]}"))
    return is_open


def _all_windows(found: dict[str, bool | None]) -> str | None:
    if any(found.values()):
        return "open"
    return "closed" if all(one is False for one in found.values()) else None
