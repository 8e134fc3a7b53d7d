"""Cached and forced reads of one car."""

from __future__ import annotations

from .account import AccountState
from .car_read import read_car, result_of
from .failures import not_advanced, not_woken
from .http_watch import Seen
from .protocol import Json, Request
from .regions import Family
from .replies import failed, succeeded
from .wakes import wake


def cached(state: AccountState, request: Request, seen: Seen) -> Json:
    state.adopt(request, state.enter(request.account))
    reading = read_car(state, request, state.manager.update_vehicle_with_cached_state)
    return succeeded(result_of(state, "cached", reading), seen.requests)


def force(state: AccountState, request: Request, seen: Seen) -> Json:
    place = state.enter(request.account)
    state.adopt(request, place)
    reading, has_advanced = wake(state, request, place.family, seen)
    if reading is not None and has_advanced:
        result = result_of(state, "force", reading, advanced=True)
        return succeeded(result, seen.requests)
    if reading is None:
        return failed(not_advanced(seen, "it could not be read either"), seen.requests)
    advice = "the values are the cloud's last ones"
    # Of a cloud that nobody knows here, the request that wakes is not known either.
    is_woken = seen.wakes > 0 or place.family is Family.OTHER
    return failed(
        not_advanced(seen, advice) if is_woken else not_woken(advice),
        seen.requests,
        cached=result_of(state, "cached", reading),
    )
