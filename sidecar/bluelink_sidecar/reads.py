"""Cached and forced reads of one car."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from .account import AccountState, LastRead
from .failures import not_advanced
from .fresh_copy import fresh_copy
from .http_watch import Seen
from .mapping import identity, times
from .mapping.freshness import reported_at
from .mapping.report import vehicle_report
from .protocol import Json, Request
from .refusals import Refused
from .regions import Family
from .replies import failed, read_result, succeeded

#: Clocks of the car, the cloud and this machine differ a little; what was reported just before the wake is fresh too.
CLOCK_TOLERANCE = dt.timedelta(seconds=60)
#: A read this long before the wake still says what the cloud knew then.
BASELINE_AGE = dt.timedelta(minutes=5)
#: Their parsers look for a forced state in the wrong place and stamp it with the present time.
FORCED_STATE_UNREADABLE = frozenset({Family.AUSTRALIA, Family.INDIA, Family.CHINA})

Read = Callable[[str], None]


def cached(state: AccountState, request: Request, seen: Seen) -> Json:
    state.adopt(request, state.enter(request.account))
    vehicle, polled_at = _read(state, request, state.manager.update_vehicle_with_cached_state)
    return succeeded(_result(state, "cached", vehicle, polled_at), seen.requests)


def force(state: AccountState, request: Request, seen: Seen) -> Json:
    place = state.enter(request.account)
    state.adopt(request, place)
    car_id = request.vehicle or ""
    before = state.last_reads.get(car_id)
    started_at = times.now()
    vehicle, polled_at = _wake(state, request, place.family)
    after = reported_at(state.car(vehicle), polled_at)
    if has_advanced(after, before, started_at):
        result = _result(state, "force", vehicle, polled_at, advanced=True)
        return succeeded(result, seen.requests)
    return failed(
        not_advanced(seen, "the values are the cloud's last ones"),
        seen.requests,
        cached=_result(state, "cached", vehicle, polled_at),
    )


def has_advanced(
    after: dt.datetime | None, before: LastRead | None, started_at: dt.datetime
) -> bool:
    """Whether the car itself reported because of this wake.

    A wake process is often new and has nothing to compare with, and a read before every wake would cost two or three
    requests of a small daily budget. So the reported time is compared with the start of the wake; being off by the
    tolerance does no harm, since such a report is at most that much older than the wake. Only where the clocks differ
    by more does a report read shortly before the wake decide.
    """
    if after is None:
        return False
    if before is not None and before.reported_at is not None and after <= before.reported_at:
        return False
    if after >= started_at - CLOCK_TOLERANCE:
        return True
    return (
        before is not None
        and before.reported_at is not None
        and started_at - before.read_at <= BASELINE_AGE
    )


def _wake(state: AccountState, request: Request, family: Family) -> tuple[Any, dt.datetime]:
    manager = state.manager
    wake, read = manager.force_refresh_vehicle_state, manager.update_vehicle_with_cached_state
    if family in FORCED_STATE_UNREADABLE and not _is_ccs2(manager, request.vehicle):
        _discarded(state, request, wake)
        return _read(state, request, read)
    try:
        return _read(state, request, wake)
    except KeyError as missing:
        # Without a position the library drops the state it has just been given; the cloud has it now.
        if family is Family.HYUNDAI_USA and missing.args[:1] == ("vehicleLocation",):
            return _read(state, request, read)
        raise


def _is_ccs2(manager: Any, car_id: str | None) -> bool:
    return bool(getattr(manager.vehicles.get(car_id), "ccu_ccs2_protocol_support", None))


def _read(state: AccountState, request: Request, read: Read) -> tuple[Any, dt.datetime]:
    """Runs one library call on a fresh copy of the car, and keeps the copy only if it succeeds."""
    car_id = request.vehicle or ""
    vehicles, before = state.manager.vehicles, _vehicle(state, car_id)
    vehicles[car_id] = fresh_copy(before, times.now())
    try:
        read(car_id)
    except BaseException:
        vehicles[car_id] = before
        raise
    polled_at = times.now()
    vehicle = vehicles[car_id]
    _learn_identity(state, vehicle)
    state.measured[car_id] = vehicle
    state.last_reads[car_id] = LastRead(reported_at(state.car(vehicle), polled_at), polled_at)
    return vehicle, polled_at


def _discarded(state: AccountState, request: Request, wake: Read) -> None:
    """Wakes the car and throws away what the library makes of the answer."""
    car_id = request.vehicle or ""
    vehicles, before = state.manager.vehicles, _vehicle(state, car_id)
    vehicles[car_id] = fresh_copy(before, times.now())
    try:
        wake(car_id)
    finally:
        vehicles[car_id] = before


def _vehicle(state: AccountState, car_id: str) -> Any:
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


def _result(
    state: AccountState, operation: str, vehicle: Any, polled_at: dt.datetime, **more: Any
) -> Json:
    brand = state.place.brand_word if state.place else None
    report = vehicle_report(state.car(vehicle), brand, polled_at)
    return read_result(operation, report, times.utc_text(polled_at) or "", **more)
