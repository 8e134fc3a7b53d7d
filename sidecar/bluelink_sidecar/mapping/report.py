"""The complete vehicle report (`vehicleReportSchema` in src/vehicle/state.ts): every key, always."""

from __future__ import annotations

import datetime as dt
from typing import Any

from . import body, charging, climate, condition, freshness, fuel, identity, location, times, values
from .car import Car


def vehicle_report(car: Car, brand: str | None, polled_at: dt.datetime) -> dict[str, Any]:
    reported_at = freshness.reported_at(car, polled_at)
    odometer = car.km("odometer")
    return {
        "vin": identity.vin(car),
        "brand": brand,
        "model": values.text(car.get("model")),
        "year": identity.year(car),
        "drivetrain": car.drivetrain,
        "reported_at": times.utc_text(reported_at),
        "lock": body.lock(car),
        "doors": body.doors(car),
        "windows": body.windows(car),
        "climate": climate.climate(car),
        "location": location.location(car),
        # Parked, several cars send an odometer of 0.
        "odometer_km": values.tidy(odometer, 1) if odometer is not None and odometer > 0 else None,
        "range_km": fuel.total_range(car),
        "outside_temperature_c": values.tidy(car.celsius("outside_temperature"), 1),
        "engine_running": car.flag("engine_is_running"),
        "ignition_on": condition.ignition_on(car),
        "drive_mode": values.word(car.get("drive_mode")),
        "aux_battery": condition.aux_battery(car),
        "tyres": condition.tyres(car),
        "warnings": condition.warnings(car),
        "service": condition.service(car),
        "dtc": {"count": values.count(car.get("dtc_count"))},
        "ev": charging.ev(car, reported_at),
        "fuel": fuel.fuel(car),
    }
