"""Who the car is: as its account lists it, and what a read adds."""

from __future__ import annotations

from typing import Any

from ..regions import Family
from . import values
from .car import Car

KIA_USA_VEHICLE = "vehicleConfig.vehicleDetail.vehicle"
#: Canada gives this year to cars whose year it does not know.
EARLIEST_MODEL_YEAR = 1990


def vin(car: Car) -> str | None:
    found = values.text(car.get("VIN"))
    if found is None and car.family is Family.KIA_USA:
        found = values.text(car.raw(f"{KIA_USA_VEHICLE}.vin"))
    return found.upper() if found else None


def model_year(value: Any) -> int | None:
    found = values.whole(value)
    return found if found is not None and EARLIEST_MODEL_YEAR <= found <= 2100 else None


def year(car: Car) -> int | None:
    candidates = [car.get("year")]
    if car.family is Family.KIA_USA:
        candidates += [
            car.raw(f"{KIA_USA_VEHICLE}.trim.modelYear"),
            car.raw(f"{KIA_USA_VEHICLE}.modelYear"),
        ]
    if car.family is Family.HYUNDAI_USA:
        candidates.append(car.raw("vehicleDetails.modelYear"))
    return next((one for one in map(model_year, candidates) if one is not None), None)


def listed_vehicle(car: Car, brand: str | None) -> dict[str, Any]:
    return {
        "id": str(car.get("id")),
        "vin": vin(car),
        "name": values.text(car.get("name")),
        "model": values.text(car.get("model")),
        "year": year(car),
        "brand": brand,
        "drivetrain": car.drivetrain,
    }
