"""The report's form as the bridge checks it: every key present, nothing else, every value of its kind."""

from __future__ import annotations

import re
from typing import Any

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$")
CORNERS = ("front_left", "front_right", "rear_left", "rear_right")
SEAT_LEVELS = (
    "off",
    "heat_low",
    "heat_medium",
    "heat_high",
    "cool_low",
    "cool_medium",
    "cool_high",
)


def is_flag(value: Any) -> bool:
    return value is None or isinstance(value, bool)


def is_number(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


def is_distance(value: Any) -> bool:
    return is_number(value) and (value is None or value >= 0)


def is_percent(value: Any) -> bool:
    return is_number(value) and (value is None or 0 <= value <= 100)


def is_count(value: Any) -> bool:
    return value is None or (type(value) is int and value >= 0)


def is_time(value: Any) -> bool:
    return value is None or bool(TIME.match(value))


def is_clock(value: Any) -> bool:
    return value is None or bool(re.match(r"^([01]\d|2[0-3]):[0-5]\d$", value))


def is_text(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value != "")


def one_of(*words: Any) -> Any:
    return lambda value: value is None or value in words


SEATS = dict.fromkeys(CORNERS, one_of(*SEAT_LEVELS))
DEPARTURE_CLIMATE = {
    "enabled": is_flag,
    "temperature": is_number,
    "unit": one_of("C", "F"),
    "defrost": is_flag,
}
SHAPE: dict[str, Any] = {
    "vin": is_text,
    "brand": is_text,
    "model": is_text,
    "year": is_count,
    "drivetrain": one_of("ev", "phev", "hev", "ice"),
    "reported_at": is_time,
    "lock": {"state": one_of("locked", "unlocked")},
    "doors": dict.fromkeys((*CORNERS, "trunk", "hood"), is_flag),
    "windows": {
        **dict.fromkeys((*CORNERS, "sunroof"), is_flag),
        "all": one_of("open", "closed"),
    },
    "climate": {
        "mode": one_of("off", "auto"),
        "defrost": is_flag,
        "rear_window_heat": is_flag,
        "steering_wheel_heat": is_flag,
        "seat_status": SEATS,
        "unit": lambda value: value in ("C", "F"),
        "target": is_number,
        "duration_min": is_count,
        "start_defrost": is_flag,
        "seats": SEATS,
    },
    "location": {
        "latitude": is_number,
        "longitude": is_number,
        "accuracy_m": is_distance,
        "at": is_time,
    },
    "odometer_km": is_distance,
    "range_km": is_distance,
    "outside_temperature_c": is_number,
    "engine_running": is_flag,
    "ignition_on": is_flag,
    "drive_mode": is_text,
    "aux_battery": {"level": is_percent, "fault": is_flag},
    "tyres": {**{f"{corner}_kpa": is_number for corner in CORNERS}, "warning": is_flag},
    "warnings": dict.fromkeys(
        ("washer_fluid", "brake_fluid", "oil_level", "key_battery", "lamp"), is_flag
    ),
    "service": {"due_km": is_number, "last_km": is_number},
    "dtc": {"count": is_count},
    "ev": {
        "soc": is_percent,
        "range_km": is_distance,
        "charging": is_flag,
        "plugged": is_flag,
        "plug_type": one_of("none", "ac", "dc", "portable", "v2l"),
        "charge_state": one_of(
            "disconnected", "connected", "scheduled", "charging", "complete", "error"
        ),
        "status": one_of("A", "B", "C"),
        "charge_power_kw": is_distance,
        "minutes_to_limit": is_count,
        "finish_at": is_time,
        "minutes_fast": is_count,
        "minutes_portable": is_count,
        "minutes_station": is_count,
        "limit_ac": is_percent,
        "limit_dc": is_percent,
        "charge_current": is_percent,
        "port_open": is_flag,
        "range_at_ac_limit_km": is_distance,
        "range_at_dc_limit_km": is_distance,
        "energy_kwh": is_distance,
        "capacity_kwh": is_distance,
        "soh": is_percent,
        "consumption_kwh_100km": is_number,
        "used_90d_kwh": is_number,
        "regenerated_90d_kwh": is_number,
        "temp_min_c": is_number,
        "temp_max_c": is_number,
        "preconditioning": is_flag,
        "v2l_limit": is_percent,
        "schedule": {
            "enabled": is_flag,
            "offpeak_start": is_clock,
            "offpeak_end": is_clock,
            "offpeak_only": is_flag,
            "departures": lambda value: value is None or isinstance(value, list),
            "climate": lambda value: value is None or not mismatches(value, DEPARTURE_CLIMATE),
        },
    },
    "fuel": {"level": is_percent, "range_km": is_distance, "low": is_flag},
}


def mismatches(value: Any, shape: Any = None, path: str = "report") -> list[str]:
    """Every place where the report is not of the form; empty when it is."""
    shape = SHAPE if shape is None else shape
    if callable(shape):
        return [] if shape(value) else [f"{path}: {value!r}"]
    if not isinstance(value, dict) or value.keys() != shape.keys():
        found = sorted(value) if isinstance(value, dict) else value
        return [f"{path}: keys {found}, expected {sorted(shape)}"]
    return [one for key in shape for one in mismatches(value[key], shape[key], f"{path}.{key}")]
