"""What a car is told to do, checked field by field (`remoteActionSchema` in src/vehicle/remote-action.ts)."""

from __future__ import annotations

from typing import Any

from .checks import (
    BadRequest,
    Check,
    flag,
    kind_of,
    list_of,
    number,
    object_of,
    one_of,
    or_null,
    text,
    whole,
    written_as,
)
from .mapping.climate import SEATS
from .mapping.schedule import WEEKDAYS

SEAT_LEVELS = (
    "off",
    "heat_low",
    "heat_medium",
    "heat_high",
    "cool_low",
    "cool_medium",
    "cool_high",
)
WINDOW_POSITIONS = ("close", "open", "vent")
HEATINGS = ("off", "all", "rear_window", "steering_wheel")
STEERING_WHEEL_LEVELS = ("off", "low", "high")
CHARGING_CURRENTS = (100, 90, 60)

NAME: dict[str, Check] = {"name": text}
START_STOP = {**NAME, "value": one_of("start", "stop")}
UNIT = one_of("C", "F")
CLOCK = written_as(r"([01]\d|2[0-3]):[0-5]\d", "a time HH:MM")


def _minutes(value: Any, field: str) -> None:
    whole(value, field)
    if value <= 0:
        raise BadRequest(f"{field}: expected a whole number above 0, got less")


DEPARTURE = object_of({"enabled": flag, "days": list_of(one_of(*WEEKDAYS)), "time": CLOCK})
PLACE = object_of({"name": text, "latitude": number, "longitude": number, "address": text})

ACTIONS: dict[str, dict[str, Check]] = {
    "lock": {**NAME, "value": one_of("lock", "unlock")},
    "climate_start": {
        **NAME,
        "temperature": or_null(number),
        "unit": UNIT,
        "duration_min": _minutes,
        "defrost": flag,
        "heating": one_of(*HEATINGS),
        "steering_wheel": or_null(one_of(*STEERING_WHEEL_LEVELS)),
        "seats": object_of({seat: or_null(one_of(*SEAT_LEVELS)) for seat in SEATS}),
    },
    "climate_stop": NAME,
    "charge": START_STOP,
    "charge_limits": {**NAME, "ac": whole, "dc": whole},
    "charging_current": {**NAME, "percent": one_of(*CHARGING_CURRENTS)},
    "charge_port": {**NAME, "value": one_of("open", "close")},
    "windows": {**NAME, **{seat: or_null(one_of(*WINDOW_POSITIONS)) for seat in SEATS}},
    "lights": NAME,
    "horn": NAME,
    "valet_mode": START_STOP,
    "v2l_limit": {**NAME, "percent": whole},
    "schedule": {
        **NAME,
        "part": one_of("all", "charge", "climate"),
        "enabled": flag,
        "offpeak_start": CLOCK,
        "offpeak_end": CLOCK,
        "offpeak_only": flag,
        "departures": list_of(DEPARTURE, length=2),
        "climate": object_of(
            {"enabled": flag, "temperature": number, "unit": UNIT, "defrost": flag}
        ),
    },
    "navigation": {**NAME, "pois": list_of(PLACE, at_least=1)},
}


def checked_action(action: Any, field: str) -> dict[str, Any]:
    """The action itself; raises BadRequest."""
    if not isinstance(action, dict):
        raise BadRequest(f"{field}: expected an object, got {kind_of(action)}")
    name = action.get("name")
    if not isinstance(name, str) or name not in ACTIONS:
        raise BadRequest(f"{field}.name: expected one of {', '.join(ACTIONS)}, got something else")
    object_of(ACTIONS[name])(action, field)
    return action
