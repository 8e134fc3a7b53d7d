"""A remote command: sent in time, and at most once."""

from __future__ import annotations

import logging
from typing import Any

from .account import AccountState
from .car_read import known_vehicle, read_car
from .command_calls import Told, call_of, rest_of
from .follow_ups import action_id_of, follow_up
from .http_watch import Seen
from .mapping.body import CORNERS
from .protocol import Json, Request
from .refusals import Refused
from .regions import TYPE_1, Family
from .replies import succeeded
from .sending import Sending, SentAlready

LOG = logging.getLogger(__name__)

#: The name that a reply lacks where the library finds none; it looks for it only when the vendor has answered.
NAME_IN_CANADA = "transactionid"
NAMES_OF_ACTIONS = frozenset({"xid", "msgid", NAME_IN_CANADA})
#: Clouds that may forget a device, and their word for it.
FORGETTING, DEVICE_UNKNOWN = TYPE_1, "4002"
#: Where a window that is not named is told what it is now.
WINDOWS_TOLD_ONE_BY_ONE = frozenset({Family.EUROPE, Family.AUSTRALIA, Family.INDIA, Family.CHINA})


def command(state: AccountState, request: Request, seen: Seen) -> Json:
    place = state.enter(request.account)
    manager = state.adopt(request, place)
    car_id, action = request.vehicle or "", request.action or {}
    _read_first(state, request, place.family)
    told = Told(state.library, manager, state.car(known_vehicle(state, car_id)), action)
    call = call_of(told)
    if place.family is Family.HYUNDAI_USA and state.pin is not None:
        # Its commands carry the PIN themselves.
        state.pin.check()
    sending = Sending(request.send_until or 0)
    sending.check_time()
    seen.sending = sending
    answer = _sent(state, call, seen, place.family)
    if answer is None and sending.requests == 0:
        raise Refused("unsupported", "the vendor's library has no such command for this car")
    action_id = action_id_of(answer)
    result: Json = {
        "operation": "command",
        "action_id": action_id,
        "follow_up": follow_up(manager.api, place.family, action["name"], action_id),
    }
    rest = rest_of(told)
    return succeeded({**result, "rest": rest} if rest else result, seen.requests)


def _read_first(state: AccountState, request: Request, family: Family) -> None:
    action = request.action or {}
    if action["name"] != "windows" or family not in WINDOWS_TOLD_ONE_BY_ONE:
        return
    if any(action[window] is None for window in CORNERS):
        read_car(state, request, state.manager.update_vehicle_with_cached_state)


def _sent(state: AccountState, call: Any, seen: Seen, family: Family) -> Any:
    """What the library returns; None where the vendor took the command and gave it no name."""
    pin_token = _pin_token(state)
    try:
        answer = call()
        if family is Family.CANADA and seen.is_refusal:
            # There the library looks for a name only, and fails so where a refusal has none.
            raise KeyError(NAME_IN_CANADA)
        return answer
    except KeyError as missing:
        if _is_taken_without_name(missing, seen):
            return None
        raise
    except Exception as error:
        if seen.sending is not None and seen.sending.is_session_refused and pin_token:
            # A changed session would be tried instead of renewed; the renewed one has no PIN token.
            state.manager.token.control_token, state.manager.token.control_token_expiry = pin_token
        _repair(state, seen, family, error)
        raise


def _pin_token(state: AccountState) -> tuple[Any, Any] | None:
    token = state.manager.token
    if not hasattr(token, "control_token_expiry"):
        return None
    return token.control_token, token.control_token_expiry


def _is_taken_without_name(missing: KeyError, seen: Seen) -> bool:
    key = str(missing.args[0]).lower() if missing.args else ""
    status = seen.sending.status if seen.sending is not None else None
    is_answered = status is not None and status < 300
    is_yes = seen.is_object and not seen.is_refusal and not seen.codes
    return key in NAMES_OF_ACTIONS and is_answered and is_yes


def _repair(state: AccountState, seen: Seen, family: Family, error: Exception) -> None:
    """So that the next try finds a device that the vendor knows."""
    is_repaired = isinstance(error, SentAlready)
    if family not in FORGETTING or DEVICE_UNKNOWN not in seen.all_codes or is_repaired:
        return
    try:
        with seen.aside():
            # The library registers the device anew where its list is refused.
            state.manager.api.get_vehicles(state.manager.token)
    except Exception as failed:
        LOG.warning("the device could not be registered anew (%s)", type(failed).__name__)
