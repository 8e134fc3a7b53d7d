"""One read of one car through the library, and what is made of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .account import AccountState, LastRead
from .capabilities import offered_by_reading
from .device_repair import with_known_device
from .fresh_copy import fresh_copy
from .mapping import identity, times
from .mapping.freshness import car_time, is_made_up, is_without_state
from .mapping.report import vehicle_report
from .protocol import Json, Request
from .refusals import Refused
from .replies import read_result
from .side_calls import forgiven
from .tolerant_parser import NoState, tolerant

Read = Callable[[str], None]


@dataclass(frozen=True)
class Reading:
    vehicle: Any
    polled_at: dt.datetime
    #: As the car's clock has it, also where that runs ahead.
    car_time: dt.datetime | None


def read_car(state: AccountState, request: Request, read: Read) -> Reading:
    """Runs one library call on a fresh copy of the car, and keeps the copy only if it succeeds."""
    car_id = request.vehicle or ""
    vehicles, before = state.manager.vehicles, known_vehicle(state, car_id)
    vehicles[car_id] = fresh_copy(before, times.now())
    try:
        api, family = state.manager.api, state.car(before).family
        with tolerant(api, state.library.const, family), forgiven(api, family):
            with_known_device(state, lambda: read(car_id))
        vehicle = vehicles[car_id]
        if is_without_state(state.car(vehicle)):
            raise NoState
    except BaseException:
        vehicles[car_id] = before
        raise
    reading = Reading(vehicle, times.now(), car_time(state.car(vehicle)))
    if is_made_up(state.car(vehicle)) and hasattr(vehicle, "_last_updated_at"):
        # The library keeps the newest time it saw: this one would hide all true ones until the car reports again.
        vehicle._last_updated_at = before._last_updated_at
    _learn_identity(state, vehicle)
    state.measured[car_id] = vehicle
    state.last_reads[car_id] = LastRead(reading.car_time, reading.polled_at)
    return reading


def discarded(state: AccountState, request: Request, call: Read) -> None:
    """Runs a library call and throws away what it makes of the car."""
    car_id = request.vehicle or ""
    vehicles, before = state.manager.vehicles, known_vehicle(state, car_id)
    vehicles[car_id] = fresh_copy(before, times.now())
    try:
        with_known_device(state, lambda: call(car_id))
    finally:
        vehicles[car_id] = before


def result_of(state: AccountState, operation: str, reading: Reading, **more: Any) -> Json:
    brand = state.place.brand_word if state.place else None
    car = state.car(reading.vehicle)
    report = vehicle_report(car, brand, reading.polled_at)
    offered = offered_by_reading(state, reading.vehicle)
    polled_at = times.utc_text(reading.polled_at) or ""
    return read_result(operation, report, polled_at, commands=offered, **more)


def known_vehicle(state: AccountState, car_id: str) -> Any:
    vehicle = state.manager.vehicles.get(car_id)
    if vehicle is None:
        raise Refused("unknown_vehicle", "the account's list does not hold this car")
    if getattr(vehicle, "enabled", True) is False:
        # The library would skip it without a word.
        raise Refused("unsupported", "the car's subscription has been cancelled")
    return vehicle


def _learn_identity(state: AccountState, vehicle: Any) -> None:
    car = state.car(vehicle)
    state.facts.apply({str(vehicle.id): vehicle})
    if getattr(vehicle, "VIN", None) is None:
        vehicle.VIN = identity.vin(car)
    if getattr(vehicle, "year", None) is None:
        vehicle.year = identity.year(car)
