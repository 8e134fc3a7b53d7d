"""Charge schedule and departures, on the car's own clock."""

from __future__ import annotations

import datetime as dt
from typing import Any

from ..regions import Family
from . import times, values
from .car import Car

WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
NO_SCHEDULE: dict[str, Any] = dict.fromkeys(
    ("enabled", "offpeak_start", "offpeak_end", "offpeak_only", "departures", "climate")
)
#: In the newer protocol a departure that the car does not send reads as "off".
CCS2_DEPARTURE = {
    "first": "Green.Reservation.Departure.Schedule1",
    "second": "Green.Reservation.Departure.Schedule2",
}
CCS2_CLIMATE = "Green.Reservation.Departure.Climate"
CLIMATE = "ev_first_departure_climate"
#: Without it the library says off, which means nothing.
LEGACY_CLIMATE = (
    "vehicleStatus.evStatus.reservChargeInfos.reservChargeInfo.reservChargeInfoDetail.reservFatcSet"
)


def schedule(car: Car) -> dict[str, Any]:
    return {
        "enabled": car.flag("ev_schedule_charge_enabled"),
        "offpeak_start": times.clock_text(car.get("ev_off_peak_start_time")),
        "offpeak_end": times.clock_text(car.get("ev_off_peak_end_time")),
        "offpeak_only": car.flag("ev_off_peak_charge_only_enabled"),
        "departures": _departures(car),
        "climate": _climate(car),
    }


def _departures(car: Car) -> list[dict[str, Any]] | None:
    both = [_departure(car, which) for which in ("first", "second")]
    is_known = any(value is not None for one in both for value in one.values())
    return both if is_known else None


def _departure(car: Car, which: str) -> dict[str, Any]:
    if car.family is Family.EUROPE_CCI:
        return _raw_departure(car.raw(CCS2_DEPARTURE[which]))
    enabled = car.flag(f"ev_{which}_departure_enabled")
    if car.is_ccs2 and car.raw(f"{CCS2_DEPARTURE[which]}.Enable") is None:
        enabled = None
    return {
        "enabled": enabled,
        "days": _days(car.get(f"ev_{which}_departure_days")),
        "time": times.clock_text(car.get(f"ev_{which}_departure_time")),
    }


def _raw_departure(block: Any) -> dict[str, Any]:
    """The library looks for days and time where no car has them."""
    hour, minute = (values.whole(values.child(block, part)) for part in ("Hour", "Min"))
    # A car without a departure sends 31:70.
    is_time = hour is not None and minute is not None and 0 <= hour < 24 and 0 <= minute < 60
    days = [day for day in WEEKDAYS if values.flag(values.child(block, day.title()))]
    return {
        "enabled": values.flag(values.child(block, "Enable")),
        "days": days or None,
        "time": times.clock_text(dt.time(hour or 0, minute or 0)) if is_time else None,
    }


def _days(value: Any) -> list[str] | None:
    """The vendors count from Sunday; 9 stands for no day."""
    if not isinstance(value, (list, tuple)):
        return None
    numbers = sorted({day for day in map(values.whole, value) if day is not None})
    return [WEEKDAYS[day] for day in numbers if 0 <= day < len(WEEKDAYS)]


def _climate(car: Car) -> dict[str, Any] | None:
    found = _raw_climate(car) if car.family is Family.EUROPE_CCI else _parsed_climate(car)
    return found if any(value is not None for value in found.values()) else None


def _parsed_climate(car: Car) -> dict[str, Any]:
    enabled = car.flag(f"{CLIMATE}_enabled")
    if car.family is Family.EUROPE and not car.is_ccs2 and car.raw(LEGACY_CLIMATE) is None:
        enabled = enabled or None
    return {
        "enabled": enabled,
        "temperature": values.tidy(car.number(f"{CLIMATE}_temperature"), 1),
        "unit": {"°C": "C", "°F": "F"}.get(car.unit(f"{CLIMATE}_temperature") or ""),
        "defrost": car.flag(f"{CLIMATE}_defrost"),
    }


def _raw_climate(car: Car) -> dict[str, Any]:
    """Beside the departures or in the first one; the library looks elsewhere."""
    block = car.raw(f"{CCS2_DEPARTURE['first']}.Climate") or car.raw(CCS2_CLIMATE)
    temperature = values.number(values.child(block, "Temperature"))
    unit = "F" if values.whole(values.child(block, "TemperatureUnit")) == 1 else "C"
    return {
        "enabled": values.flag(values.child(block, "Activation")),
        "temperature": values.tidy(temperature, 1),
        "unit": None if temperature is None else unit,
        "defrost": values.flag(values.child(block, "Defrost")),
    }
