"""Half an outage must not cost a whole reading: what a read asks beside the car's state may fail by itself.

The library forgives such a failure in some regions and drops the state in others. There the calls are made to forgive:
what they would have told stays as it was known, or unknown.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .regions import Family

LOG = logging.getLogger(__name__)


class NotAnswered(dict[str, Any]):
    """In place of a reply; nothing is made of it."""


@dataclass(frozen=True)
class SideCalls:
    #: They ask the cloud, for something that one of the others makes use of.
    asking: tuple[str, ...] = ()
    #: They write into the car what was answered.
    writing: tuple[str, ...] = ()


SIDE_CALLS = {
    Family.HYUNDAI_USA: SideCalls(asking=("_get_ev_trip_details",)),
    Family.CANADA: SideCalls(
        asking=("_get_next_service", "_get_charge_limits"),
        writing=(
            "_update_vehicle_properties_service",
            "_update_vehicle_properties_location",
            "_update_vehicle_properties_charge",
            "_update_vehicle_properties_trip_details",
        ),
    ),
    Family.INDIA: SideCalls(
        asking=("_get_maintenance_alert", "_get_location", "_get_charge_limits"),
        writing=(
            "_update_vehicle_maintenance_alert",
            "_update_vehicle_location",
            "_update_vehicle_properties_charge",
        ),
    ),
}


@contextmanager
def forgiven(api: Any, family: Family) -> Iterator[None]:
    """While it lasts, the side calls of this API object do not fail."""
    calls = SIDE_CALLS.get(family, SideCalls())
    wrapped = [name for name in (*calls.asking, *calls.writing) if hasattr(api, name)]
    for name in wrapped:
        forgiving = _asking if name in calls.asking else _writing
        setattr(api, name, forgiving(name, getattr(api, name)))
    try:
        yield
    finally:
        for name in wrapped:
            delattr(api, name)


def _asking(name: str, ask: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def asked(token: Any, vehicle: Any) -> Any:
        try:
            return ask(token, vehicle)
        except Exception as error:
            _tell(name, error)
            # Canada compares it with what it knows, to see whether the car has moved.
            return NotAnswered(currentOdometer=vehicle.odometer or 0)

    return asked


def _writing(name: str, write: Callable[..., None]) -> Callable[..., None]:
    def written(*given: Any) -> None:
        if any(isinstance(one, NotAnswered) for one in given):
            return
        try:
            write(*given)
        except Exception as error:
            _tell(name, error)

    return written


def _tell(name: str, error: Exception) -> None:
    LOG.warning("%s failed (%s); the rest of the reading is kept", name, type(error).__name__)
