"""From what a car is told to the call of the library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .command_options import (
    climate_options,
    points_of_interest,
    schedule_options,
    window_options,
)
from .library import Library
from .mapping.car import Car
from .protocol import Json
from .regions import Family

CHARGING_CURRENTS = {100: 1, 90: 2, 60: 3}


@dataclass(frozen=True)
class Told:
    """A car and what it is told."""

    library: Library
    manager: Any
    car: Car
    action: Json

    @property
    def id(self) -> str:
        return str(self.car.get("id"))

    @property
    def api(self) -> Any:
        return self.manager.api


def call_of(told: Told) -> Callable[[], Any]:
    """The call, with all that it is given made beforehand."""
    return CALLS[told.action["name"]](told)


def rest_of(told: Told) -> Json | None:
    """Cars that take the halves of a schedule one by one get the charge half first."""
    if told.action["name"] != "schedule" or told.action["part"] != "all":
        return None
    return {**told.action, "part": "climate"} if is_told_halves(told) else None


def is_told_halves(told: Told) -> bool:
    return takes_halves(told.car) and sends_halves(told.api)


def takes_halves(car: Car) -> bool:
    """Electric cars of the newer protocol; the newest European cloud takes the whole for them."""
    is_electric = car.is_told_by_ccs2 and car.drivetrain == "ev"
    return is_electric and car.family is not Family.EUROPE_CCI


def sends_halves(api: Any) -> bool:
    """Releases up to 4.23 send the whole to every car."""
    return hasattr(api, "_schedule_ev5_flat")


def _by_value(told: Told, **methods: str) -> Callable[[], Any]:
    method = getattr(told.manager, methods[told.action["value"]])
    return lambda: method(told.id)


def _climate_start(told: Told) -> Callable[[], Any]:
    options = climate_options(told.library.api, told.api, told.car, told.action)
    return lambda: told.manager.start_climate(told.id, options)


def _charge_limits(told: Told) -> Callable[[], Any]:
    ac, dc = told.action["ac"], told.action["dc"]
    return lambda: told.manager.set_charge_limits(told.id, ac, dc)


def _charging_current(told: Told) -> Callable[[], Any]:
    level = CHARGING_CURRENTS[told.action["percent"]]
    return lambda: told.manager.set_charging_current(told.id, level)


def _windows(told: Told) -> Callable[[], Any]:
    options = window_options(told.library.api, told.car, told.action)
    return lambda: told.manager.set_windows_state(told.id, options)


def _v2l_limit(told: Told) -> Callable[[], Any]:
    percent = told.action["percent"]
    return lambda: told.manager.set_vehicle_to_load_discharge_limit(told.id, percent)


def _schedule(told: Told) -> Callable[[], Any]:
    part = told.action["part"]
    if not is_told_halves(told):
        part = "all"
    elif part == "all":
        part = "charge"
    options = schedule_options(told.library.api, told.car, told.action, part)
    return lambda: told.manager.schedule_charging_and_climate(told.id, options)


def _navigation(told: Told) -> Callable[[], Any]:
    points = points_of_interest(told.library.api, told.action)
    return lambda: told.manager.set_navigation(told.id, points)


CALLS: dict[str, Callable[[Told], Callable[[], Any]]] = {
    "lock": lambda told: _by_value(told, lock="lock", unlock="unlock"),
    "climate_start": _climate_start,
    "climate_stop": lambda told: lambda: told.manager.stop_climate(told.id),
    "charge": lambda told: _by_value(told, start="start_charge", stop="stop_charge"),
    "charge_limits": _charge_limits,
    "charging_current": _charging_current,
    "charge_port": lambda told: _by_value(told, open="open_charge_port", close="close_charge_port"),
    "windows": _windows,
    "lights": lambda told: lambda: told.manager.start_hazard_lights(told.id),
    "horn": lambda told: lambda: told.manager.start_hazard_lights_and_horn(told.id),
    "valet_mode": lambda told: _by_value(told, start="start_valet_mode", stop="stop_valet_mode"),
    "v2l_limit": _v2l_limit,
    "schedule": _schedule,
    "navigation": _navigation,
}
