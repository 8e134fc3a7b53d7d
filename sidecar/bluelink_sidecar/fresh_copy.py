"""A read works on a copy: a failed one must leave no half of itself, and old values must not pass for new ones."""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
from typing import Any

from .mapping.freshness import FUTURE_TOLERANCE
from .session import IDENTITY

#: Settings and slow facts that a reply may leave out without meaning "unknown", and the library's own notes.
KEPT = frozenset(
    {
        *IDENTITY,
        "engine_type",
        "timezone",
        "dtc_count",
        "ev_charge_limits_ac",
        "ev_charge_limits_dc",
        "ev_battery_soh_percentage",
        "_location_latitude",
        "_location_longitude",
        "_location_last_set_time",
        "_location_fetch_attempted",
        "_odometer",
        "_odometer_value",
        "_odometer_unit",
        "_last_updated_at",
        "_last_scanned_at",
        "_daily_stats",
        "_month_trip_info",
        "_day_trip_info",
        "supports_window_control",
        "supports_valet_mode",
        "supports_svm",
        "software_version",
        "ota_update_available",
        "_ota_checked",
        "_valet_failed",
    }
)


def fresh_copy(vehicle: Any, now: dt.datetime) -> Any:
    """The car without its measured values: parsers skip what a reply lacks, and the old value would stay."""
    twin = copy.copy(vehicle)
    for one in dataclasses.fields(vehicle):
        if one.name not in KEPT:
            setattr(twin, one.name, _default(one))
    last = getattr(twin, "last_updated_at", None)
    if isinstance(last, dt.datetime) and last.tzinfo and last > now + FUTURE_TOLERANCE:
        # The library keeps the newest time it saw, so one wrong clock would hide every later report.
        twin.last_updated_at = None
    return copy.deepcopy(twin)


def _default(one: dataclasses.Field[Any]) -> Any:
    if one.default_factory is not dataclasses.MISSING:
        return one.default_factory()
    return None if one.default is dataclasses.MISSING else one.default
