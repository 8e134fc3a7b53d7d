"""The traction battery and its charging."""

from __future__ import annotations

import datetime as dt
from typing import Any

from ..regions import Family
from . import times, values
from .car import Car
from .fuel import electric_range
from .schedule import NO_SCHEDULE, schedule

#: Above this an on-board charger cannot be at work.
FASTEST_AC_KW = 22
CURRENT_BY_LEVEL = {1: 100, 2: 90, 3: 60}
KJ_PER_KWH = 3600
COLDEST_C, HOTTEST_C = -60, 100
REPORTS_POWER = frozenset({Family.EUROPE, Family.KIA_USA, Family.HYUNDAI_USA})
HYUNDAI_USA_POWER = (
    "vehicleStatus.evStatus.batteryFstChrgPower",
    "vehicleStatus.evStatus.batteryStndChrgPower",
)

#: Attributes that are copied without a rule of their own: our key, the library's name.
DURATIONS = {
    "minutes_fast": "ev_estimated_fast_charge_duration",
    "minutes_portable": "ev_estimated_portable_charge_duration",
    "minutes_station": "ev_estimated_station_charge_duration",
}


def no_ev() -> dict[str, Any]:
    """For a car without a plug: every key, nothing known."""
    return {**dict.fromkeys(EV_KEYS), "schedule": dict(NO_SCHEDULE)}


def ev(car: Car, reported_at: dt.datetime | None) -> dict[str, Any]:
    if not car.has_plug:
        return no_ev()
    plugged = values.flag(car.get("ev_battery_is_plugged_in"))
    charging = False if plugged is False else car.flag("ev_battery_is_charging")
    power = _power(car, charging)
    plug_type = _plug_type(plugged, power)
    left = _minutes_to_limit(car, charging)
    limits = {
        "limit_ac": values.positive_percent(car.get("ev_charge_limits_ac")),
        "limit_dc": values.positive_percent(car.get("ev_charge_limits_dc")),
    }
    soc = car.percent("ev_battery_percentage")
    plan = schedule(car)
    limit = limits["limit_dc" if plug_type == "dc" else "limit_ac"]
    return {
        "soc": soc,
        "range_km": values.tidy(electric_range(car), 1),
        "charging": charging,
        "plugged": plugged,
        "plug_type": plug_type,
        "charge_state": _charge_state(plugged, charging, soc, limit, plan["enabled"]),
        "status": _status(plugged, charging),
        "charge_power_kw": values.tidy(power, 2),
        "minutes_to_limit": left,
        "finish_at": _finish_at(reported_at, left),
        **{ours: values.minutes(car.get(library)) for ours, library in DURATIONS.items()},
        **limits,
        "charge_current": CURRENT_BY_LEVEL.get(values.whole(car.get("ev_charging_current")) or 0),
        "port_open": _port_open(car),
        "range_at_ac_limit_km": _range_at_limit(car, "ev_target_range_charge_AC"),
        "range_at_dc_limit_km": _range_at_limit(car, "ev_target_range_charge_DC"),
        **_energy(car),
        "soh": values.positive_percent(car.get("ev_battery_soh_percentage")),
        "consumption_kwh_100km": _consumption(car),
        "used_90d_kwh": _kwh(car, "total_power_consumed"),
        "regenerated_90d_kwh": _kwh(car, "total_power_regenerated"),
        "temp_min_c": _battery_temperature(car, "ev_battery_temperature_min"),
        "temp_max_c": _battery_temperature(car, "ev_battery_temperature_max"),
        "preconditioning": car.flag("ev_battery_precondition_enabled"),
        "v2l_limit": values.positive_percent(car.get("ev_v2l_discharge_limit")),
        "schedule": plan,
    }


def _power(car: Car, charging: bool | None) -> float | None:
    reports = car.is_ccs2 or car.family in REPORTS_POWER
    if charging is False and reports:
        return 0.0
    found = car.number("ev_charging_power")
    if found is None and car.family is Family.HYUNDAI_USA:
        rates = [values.number(car.raw(path)) for path in HYUNDAI_USA_POWER]
        found = max((rate for rate in rates if rate is not None), default=None)
    return values.not_negative(found)


def _plug_type(plugged: bool | None, power: float | None) -> str | None:
    """The vendors' numbers for plugs contradict each other; only the power proves something."""
    if plugged is False:
        return "none"
    return "dc" if plugged and power is not None and power > FASTEST_AC_KW else None


def _charge_state(
    plugged: bool | None,
    charging: bool | None,
    soc: float | None,
    limit: float | None,
    scheduled: bool | None,
) -> str | None:
    if plugged is None:
        return None
    if not plugged:
        return "disconnected"
    if charging:
        return "charging"
    if soc is not None and limit is not None and soc >= limit:
        return "complete"
    return "scheduled" if scheduled else "connected"


def _status(plugged: bool | None, charging: bool | None) -> str | None:
    if charging:
        return "C"
    return None if plugged is None else "B" if plugged else "A"


def _minutes_to_limit(car: Car, charging: bool | None) -> int | None:
    """Not charging, the number is an old one or a guess."""
    return values.minutes(car.get("ev_estimated_current_charge_duration")) if charging else None


def _finish_at(reported_at: dt.datetime | None, left: int | None) -> str | None:
    if reported_at is None or left is None:
        return None
    end = reported_at + dt.timedelta(minutes=left, seconds=30)
    return times.utc_text(end.replace(second=0, microsecond=0))


def _port_open(car: Car) -> bool | None:
    if (
        car.family is Family.INDIA
        and not car.is_ccs2
        and car.raw("chargePortDoorOpenStatus") is None
    ):
        return None
    return car.flag("ev_charge_port_door_is_open")


def _range_at_limit(car: Car, name: str) -> float | None:
    found = car.km(name)
    return values.tidy(found, 1) if found is not None and found > 0 else None


def _energy(car: Car) -> dict[str, Any]:
    """The car counts in kJ; a capacity below one kWh is no reading."""
    capacity = car.number("ev_battery_capacity")
    remain = car.number("ev_battery_remain")
    if capacity is not None and capacity < KJ_PER_KWH:
        capacity = remain = None
    if remain is not None and remain <= 0:
        remain = None
    return {
        "energy_kwh": values.tidy(None if remain is None else remain / KJ_PER_KWH, 1),
        "capacity_kwh": values.tidy(None if capacity is None else capacity / KJ_PER_KWH, 1),
    }


def _consumption(car: Car) -> float | None:
    per_km = car.number("power_consumption_30d")
    if per_km is not None and car.unit("odometer") == "mi":
        per_km /= values.KM_PER_MILE
    return values.tidy(None if per_km is None else per_km * 0.1, 1)


def _kwh(car: Car, name: str) -> float | None:
    found = car.number(name)
    return values.tidy(None if found is None else found / 1000, 1)


def _battery_temperature(car: Car, name: str) -> float | None:
    found = car.celsius(name)
    if found is None or not COLDEST_C <= found <= HOTTEST_C:
        return None
    return values.tidy(found, 1)


EV_KEYS = (
    "soc",
    "range_km",
    "charging",
    "plugged",
    "plug_type",
    "charge_state",
    "status",
    "charge_power_kw",
    "minutes_to_limit",
    "finish_at",
    *DURATIONS,
    "limit_ac",
    "limit_dc",
    "charge_current",
    "port_open",
    "range_at_ac_limit_km",
    "range_at_dc_limit_km",
    "energy_kwh",
    "capacity_kwh",
    "soh",
    "consumption_kwh_100km",
    "used_90d_kwh",
    "regenerated_90d_kwh",
    "temp_min_c",
    "temp_max_c",
    "preconditioning",
    "v2l_limit",
)
