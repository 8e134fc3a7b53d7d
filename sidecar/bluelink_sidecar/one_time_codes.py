"""Signing in by a one-time code, in two steps that may lie days and restarts apart."""

from __future__ import annotations

from typing import Any

from .account import AccountState, Place
from .device import SENDS_CODES, challenge, restored_code_request
from .http_watch import Seen
from .protocol import Json, Request
from .refusals import Refused
from .renewal import SignInGate, outage
from .sign_in import gated, listed, opened

NOT_SENT = "the vendor did not take the request for a code"
NOT_CHECKED = "the code could not be checked"
CODE_PATHS = ("cmm/verifyOTP", "mfa/validateotp")
#: Kia USA: the password is wrong.
WRONG_PASSWORD = "1001"  # noqa: S105


def request_code(state: AccountState, request: Request, seen: Seen) -> Json:
    """Has the vendor send a code. It may also find that none is wanted any more: then the session is open."""
    place = _place(state, request)
    gate = gated(state, request, place, seen)
    method = request.method or ""
    if state.device.code_request is not None and _send(state, place, method, seen):
        return _requested(method)
    cars = _asked_anew(state, gate)
    if cars is not None:
        return cars
    if not _send(state, place, method, seen):
        raise Refused("unavailable", f"{NOT_SENT}; try again later")
    return _requested(method)


def submit_code(state: AccountState, request: Request, seen: Seen) -> Json:
    place = _place(state, request)
    gated(state, request, place, seen)
    manager = state.manager
    if state.device.code_request is None:
        raise Refused("otp_required", "no code has been asked for; ask for one first")
    manager.otp_request = restored_code_request(state.library, state.device.code_request)
    before = manager.token
    known, manager.vehicles = manager.vehicles, {}
    try:
        manager.verify_otp_and_complete_login(request.code)
    except Exception as error:
        manager.vehicles = manager.vehicles or known
        if manager.token is before and WRONG_PASSWORD not in seen.codes:
            raise _not_accepted(state, place, seen, error) from error
        raise
    finally:
        if manager.token is not before:
            state.device.trusted()
    return listed(state, known, "sign_in")


def _place(state: AccountState, request: Request) -> Place:
    place = state.enter(request.account)
    if place.family not in SENDS_CODES:
        raise Refused("unsupported", "the vendor of this region asks for no codes")
    return place


def _requested(method: str) -> Json:
    return {"operation": "request_code", "method": method}


def _asked_anew(state: AccountState, gate: SignInGate) -> Json | None:
    """A new request for a code is in the device record, or else the cars: the vendor opened the session."""
    try:
        return opened(state, gate)
    except Refused:
        if gate.code_request is None:
            raise
        return None


def _send(state: AccountState, place: Place, method: str, seen: Seen) -> bool:
    """False: the vendor no longer takes this request for a code."""
    asked = state.device.code_request or {}
    offered = challenge(asked)["methods"]
    if offered and method not in offered:
        raise Refused("invalid_payload", f"method: expected {' or '.join(offered)}, got {method}")
    manager = state.manager
    manager.otp_request = restored_code_request(state.library, asked)
    notify = getattr(state.library.const.OTP_NOTIFY_TYPE, method.upper())
    error: Exception | None = None
    try:
        manager.send_otp(notify)
    except Exception as failure:
        error = failure
    # The library does not look at what Kia USA replies.
    is_taken = error is None and seen.status == 200 and state.reply.is_object
    if is_taken and not state.reply.is_refusal:
        state.device.code_request = {**asked, "otp_key": manager.otp_request.otp_key}
        return True
    trouble = outage(NOT_SENT, place.family, seen, state.reply)
    if trouble is not None:
        raise trouble from error
    return False


def _not_accepted(state: AccountState, place: Place, seen: Seen, error: Any) -> Refused:
    trouble = outage(NOT_CHECKED, place.family, seen, state.reply)
    is_auth = any(base.__name__ == "AuthenticationError" for base in type(error).__mro__)
    if trouble is not None and not (is_auth and seen.status == 200 and state.reply.is_object):
        return trouble
    if state.reply.path.endswith(CODE_PATHS):
        return Refused("otp_required", "the code was not accepted")
    return Refused("otp_required", "the vendor opened no session for the code; ask for a new one")
