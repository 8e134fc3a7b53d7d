"""Waking a car, and telling whether it has reported because of it.

Some clouds hold the request until the car has answered. Others only take the wish, and the car reports some seconds
later, or not at all: there the stored state is read back until it moved or the gaps between reads are used up.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator

from .account import AccountState, LastRead
from .car_read import Reading, discarded, read_car
from .failures import code_of
from .http_watch import SecondWake, Seen
from .mapping import times
from .mapping.freshness import FUTURE_TOLERANCE
from .protocol import Request
from .regions import TYPE_1, Family
from .trouble import Trouble

#: Clocks of the car, the cloud and this machine differ a little; what was reported just before the wake is fresh too.
CLOCK_TOLERANCE = dt.timedelta(seconds=60)
#: A read this long before the wake still says what the cloud knew then.
BASELINE_AGE = dt.timedelta(minutes=5)
#: Left for the read itself, and for the answer to the bridge.
READ_ALLOWANCE_S = 5.0

#: Their parsers look for a forced state in the wrong place and stamp it with the present time.
FORCED_STATE_UNREADABLE = frozenset({Family.AUSTRALIA, Family.INDIA, Family.CHINA})
#: Clouds whose answer to a wake is not the car's.
READ_BACK = TYPE_1 | {Family.EUROPE_CCI}
#: A read-back that ends so says something about the account: nothing more is asked.
ENDS_READING_BACK = ("auth_failed", "otp_required", "consent_required", "rate_limited")


def wake(
    state: AccountState, request: Request, family: Family, seen: Seen
) -> tuple[Reading | None, bool]:
    """Wakes the car once. The newest reading, and whether the car reported because of the wake.

    There is no reading only where the vendor refused the wake and could not be read either.
    """
    before = state.last_reads.get(request.vehicle or "")
    started_at = times.now()
    first = newest = _first_reading(state, request, family, seen)
    if first is not None and has_advanced(first, before, started_at):
        return first, True
    for reading in _read_backs(state, request, family, seen, must_read=first is None):
        if has_advanced(reading, before, started_at) or _moved(first, reading):
            return reading, True
        newest, first = reading, first or reading
    return newest, False


def has_advanced(reading: Reading, before: LastRead | None, started_at: dt.datetime) -> bool:
    """Whether the car itself reported because of this wake.

    A wake process is often new and has nothing to compare with, and a read before every wake would cost two or three
    requests of a small daily budget. So the reported time is compared with the start of the wake; being off by the
    tolerance does no harm, since such a report is at most that much older than the wake. Only where the clocks differ
    by more does a report read shortly before the wake decide; a time in the future says nothing by itself.
    """
    after = reading.car_time
    if after is None:
        return False
    if before is not None and before.reported_at is not None and after <= before.reported_at:
        return False
    if started_at - CLOCK_TOLERANCE <= after <= reading.polled_at + FUTURE_TOLERANCE:
        return True
    return (
        before is not None
        and before.reported_at is not None
        and started_at - before.read_at <= BASELINE_AGE
    )


def _moved(first: Reading | None, later: Reading) -> bool:
    """Between two readings after the wake; the clocks do not matter here."""
    if first is None or first.car_time is None or later.car_time is None:
        return False
    return later.car_time > first.car_time


def _first_reading(
    state: AccountState, request: Request, family: Family, seen: Seen
) -> Reading | None:
    """What the library's own wake brings; None where the stored state has still to be read."""
    manager = state.manager
    force, cached = manager.force_refresh_vehicle_state, manager.update_vehicle_with_cached_state
    if family is Family.EUROPE_CCI:
        discarded(state, request, lambda car_id: _prewake(state, car_id))
        return None
    try:
        if family in FORCED_STATE_UNREADABLE and not _is_ccs2(state, request):
            discarded(state, request, force)
            return read_car(state, request, cached)
        return read_car(state, request, force)
    except SecondWake:
        # It was about to wake the car again for a device id that had become void; with the new one it can be read.
        return None
    except KeyError as missing:
        # Without a position the library drops the state it has just been given; the cloud has it now.
        if family is Family.HYUNDAI_USA and missing.args[:1] == ("vehicleLocation",):
            return read_car(state, request, cached)
        if _may_still_report(missing, request, family, seen):
            return None
        raise
    except Exception as error:
        if _may_still_report(error, request, family, seen):
            return None
        raise


def _prewake(state: AccountState, car_id: str) -> None:
    """The library's own force swallows every error of the wake for one brand, and has none for the other."""
    manager = state.manager
    prewakeup = getattr(manager.api, "prewakeup", None)
    if prewakeup is None:
        raise NotImplementedError("prewakeup")
    prewakeup(manager.token, manager.vehicles[car_id])


def _may_still_report(error: Exception, request: Request, family: Family, seen: Seen) -> bool:
    """The wish has gone out, and what failed is only the library's waiting for the car."""
    if family not in READ_BACK or not request.read_back_s or not seen.may_have_woken:
        return False
    trouble = Trouble(error, family, request.operation, seen)
    return code_of(trouble) in ("vehicle_timeout", "timeout")


def _is_ccs2(state: AccountState, request: Request) -> bool:
    return state.car(state.manager.vehicles.get(request.vehicle)).is_told_by_ccs2


def _read_backs(
    state: AccountState, request: Request, family: Family, seen: Seen, *, must_read: bool
) -> Iterator[Reading]:
    """Readings of the stored state after each gap. With `must_read` at least one, or the error that prevented it."""
    gaps = _gaps(request, family, seen)
    if must_read and not gaps:
        gaps = [0.0]
    read, trouble = state.manager.update_vehicle_with_cached_state, None
    for gap in gaps:
        is_last = seen.left_s < gap + READ_ALLOWANCE_S
        if is_last and not must_read:
            return
        time.sleep(0 if is_last else gap)
        try:
            reading = read_car(state, request, read)
        except Exception as error:
            trouble = error
            if code_of(Trouble(error, family, request.operation, seen)) in ENDS_READING_BACK:
                raise
        else:
            must_read = False
            yield reading
        if is_last:
            break
    if must_read and trouble is not None and not seen.is_wake_refused:
        raise trouble


def _gaps(request: Request, family: Family, seen: Seen) -> list[float]:
    is_of_use = family in READ_BACK and seen.may_have_woken
    return list(request.read_back_s) if is_of_use else []
