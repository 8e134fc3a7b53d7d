"""Facts in the vendors' car lists that the library leaves out: the VIN of a Kia, the model year."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .mapping import values
from .mapping.identity import model_year

KIA_USA_LIST = "/ownr/gvl"
HYUNDAI_USA_LIST = "/enrollment/details/"


class ListingFacts:
    """Filled by the HTTP watch, applied to the cars once they are listed."""

    def __init__(self) -> None:
        self._facts: dict[str, tuple[str | None, int | None]] = {}

    def on_reply(self, path: str, body: Any) -> None:
        for car_id, vin, year in _facts_in(path, body):
            self._facts[car_id] = (vin, year)

    def apply(self, vehicles: dict[str, Any]) -> None:
        for car_id, (vin, year) in self._facts.items():
            vehicle = vehicles.get(car_id)
            if vehicle is None:
                continue
            vehicle.VIN = getattr(vehicle, "VIN", None) or vin
            vehicle.year = getattr(vehicle, "year", None) or year


def _facts_in(path: str, body: Any) -> Iterator[tuple[str, str | None, int | None]]:
    if path.endswith(KIA_USA_LIST):
        entries = values.child(body, "payload.vehicleSummary")
        id_key = "vehicleIdentifier"
    elif HYUNDAI_USA_LIST in path:
        listed = values.child(body, "enrolledVehicleDetails")
        entries = [values.child(one, "vehicleDetails") for one in listed or []]
        id_key = "regid"
    else:
        return
    for entry in entries if isinstance(entries, list) else []:
        car_id = values.text(values.child(entry, id_key))
        if car_id is not None:
            yield car_id, values.text(entry.get("vin")), model_year(entry.get("modelYear"))
