"""Opens or renews the session, and lists the cars."""

from __future__ import annotations

import datetime as dt
from typing import Any

from .account import AccountState, Place
from .capabilities import offered
from .http_watch import Seen
from .mapping.identity import listed_vehicle
from .protocol import Json, Request
from .refusals import Refused, SignInNeeded
from .regions import Family
from .renewal import SignInGate, outage
from .session import TOLD

#: Kia USA: the vendor has dropped the session. Releases up to 4.23 do not look at it in a list.
KIA_DROPPED = frozenset({"1003", "1005"})


def sign_in(state: AccountState, request: Request, seen: Seen) -> Json:
    """Renews by what the session holds; with the password only where the vendor wants it."""
    gate = gated(state, request, state.enter(request.account), seen)
    return opened(state, gate)


def list_cars(state: AccountState, request: Request, seen: Seen) -> Json:
    """Lists with the session as it is: no sign-in."""
    place = state.enter(request.account)
    manager = state.adopt(request, place)
    known, manager.vehicles = manager.vehicles, {}
    try:
        manager.initialize_vehicles()
    except Exception:
        manager.vehicles = known
        if place.family is Family.KIA_USA and not seen.codes.isdisjoint(KIA_DROPPED):
            raise SignInNeeded("the vendor no longer accepts this session") from None
        raise
    return listed(state, known, "list")


def gated(state: AccountState, request: Request, place: Place, seen: Seen) -> SignInGate:
    """A manager on which the library may sign in once, and not on account of an outage."""
    manager = state.renew(request, place)
    before = seen.requests

    def why_not() -> Refused | None:
        if seen.requests == before:
            # There is nothing to renew the session with, or signing in is how this cloud renews it.
            return None
        return outage("the session could not be renewed", place.family, seen, state.reply)

    gate = SignInGate(manager.api.login, state.library.otp_request, why_not)
    manager.api.login = gate
    return gate


def opened(state: AccountState, gate: SignInGate) -> Json:
    """The cars of a session that is opened or renewed now, or `otp_required`."""
    manager = state.manager
    # Listed anew, so that cars that were sold go and new ones come.
    known, manager.vehicles = manager.vehicles, {}
    try:
        _renew(manager) if manager.token else _open(manager)
    except BaseException as error:
        manager.vehicles = manager.vehicles or known
        if gate.code_request is None or not isinstance(error, Exception):
            raise
        state.device.asked_for_code(gate.code_request)
        raise Refused("otp_required", "the vendor asks for a one-time code") from error
    state.device.code_request = None
    return listed(state, known, "sign_in")


def listed(state: AccountState, known: dict[str, Any], operation: str) -> Json:
    """The answer with the cars of a fresh list, with what was known of them before."""
    vehicles, place = state.manager.vehicles, state.place
    if place and place.family is Family.EUROPE_CCI and not (vehicles or state.reply.has_contents):
        # The library takes any object for a list without cars.
        state.manager.vehicles = known
        raise Refused("unavailable", "the vendor's answer is no list of cars")
    _carry_over(known, vehicles)
    state.facts.apply(vehicles)
    brand = place.brand_word if place else None
    cars = [
        {**listed_vehicle(state.car(vehicle), brand), "commands": offered(state, vehicle)}
        for vehicle in vehicles.values()
    ]
    return {"operation": operation, "vehicles": cars}


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
    if hasattr(manager.token, "control_token"):
        # China keeps it, also where it is what the vendor refused.
        manager.token.control_token = None


def _carry_over(known: dict[str, Any], listed: dict[str, Any]) -> None:
    """What only a read can tell stays known: the list of Kia USA has neither kind nor VIN of most cars."""
    for car_id, vehicle in listed.items():
        before = known.get(car_id)
        if hasattr(before, TOLD):
            setattr(vehicle, TOLD, getattr(before, TOLD))
        for name in ("engine_type", "VIN", "year"):
            if getattr(vehicle, name, None) is None:
                setattr(vehicle, name, getattr(before, name, None))
