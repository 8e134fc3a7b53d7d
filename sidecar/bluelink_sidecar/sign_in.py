"""The one operation that may sign in: renews or opens the session, then lists the cars."""

from __future__ import annotations

import datetime as dt
from typing import Any

from .account import AccountState
from .mapping.identity import listed_vehicle
from .protocol import Json, Request
from .refusals import Refused


def sign_in(state: AccountState, request: Request) -> Json:
    place = state.enter(request.account)
    manager = state.renew(request.account, place, request.session)
    # Listed anew, so that cars that were sold go and new ones come.
    known, manager.vehicles = manager.vehicles, {}
    try:
        _renew(manager) if manager.token else _open(manager)
    except BaseException:
        manager.vehicles = manager.vehicles or known
        raise
    _carry_over(known, manager.vehicles)
    state.facts.apply(manager.vehicles)
    cars = [state.car(vehicle) for vehicle in manager.vehicles.values()]
    return {
        "operation": "sign_in",
        "vehicles": [listed_vehicle(car, place.brand_word) for car in cars],
    }


def _open(manager: Any) -> None:
    result = manager.login()
    if result is True:
        return
    if result:
        raise Refused("otp_required", "the vendor asks for a one-time code")
    raise Refused("auth_failed", "the vendor did not open a session")


def _renew(manager: Any) -> None:
    """A refresh, also of a token that looks valid: the vendor may have dropped it. Falls back to a full sign-in."""
    token, until = manager.token, manager.token.valid_until
    # The list is asked for right below, by the check itself; Kia USA would ask for it twice.
    manager.api.refresh_vehicles = lambda *_: None
    token.valid_until = dt.datetime.min
    try:
        manager.check_and_refresh_token()
    finally:
        del manager.api.refresh_vehicles
        if manager.token is token and token.valid_until == dt.datetime.min:
            token.valid_until = until


def _carry_over(known: dict[str, Any], listed: dict[str, Any]) -> None:
    """What only a read can tell stays known: the list of Kia USA has neither kind nor VIN of most cars."""
    for car_id, vehicle in listed.items():
        before = known.get(car_id)
        for name in ("engine_type", "VIN", "year"):
            if getattr(vehicle, name, None) is None:
                setattr(vehicle, name, getattr(before, name, None))
