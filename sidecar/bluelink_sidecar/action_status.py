"""What became of a command: one poll."""

from __future__ import annotations

from typing import Any

from .account import AccountState
from .car_read import known_vehicle
from .failure_rules import DEAD_SESSION_CANADA
from .http_watch import Seen
from .limits import limit_in, wait_of_limit
from .protocol import Json, Request
from .refusals import Refused, SignInNeeded
from .regions import Family
from .replies import succeeded

STATUSES = {"PENDING": "pending", "SUCCESS": "succeeded", "FAILED": "failed", "TIMEOUT": "timeout"}


def action_status(state: AccountState, request: Request, seen: Seen) -> Json:
    place = state.enter(request.account)
    manager, car_id = state.adopt(request, place), request.vehicle or ""
    known_vehicle(state, car_id)
    try:
        answer = manager.check_action_status(car_id, request.action_id, synchronous=False)
    except Exception as error:
        if isinstance(error, KeyError) and place.family is Family.CANADA and seen.is_refusal:
            raise _no_answer(seen) from None
        if place.family is not Family.CHINA or "No action found" not in str(error):
            raise
        answer = None
    status = _status(answer)
    if status == "failed" and place.family is Family.CANADA and not seen.is_done:
        raise _no_answer(seen)
    return succeeded({"operation": "action_status", "status": status}, seen.requests)


def _status(answer: Any) -> str:
    # Releases up to 4.23 say for Kia USA whether nothing is pending any more.
    if isinstance(answer, bool):
        return "succeeded" if answer else "pending"
    return STATUSES.get(getattr(answer, "name", ""), "unknown")


def _no_answer(seen: Seen) -> Refused:
    """The library takes an error about the question for the car's refusal."""
    if not seen.codes.isdisjoint(DEAD_SESSION_CANADA):
        return SignInNeeded("the vendor no longer accepts this session")
    codes = ", ".join(sorted(seen.codes)) or "none"
    why = f"the vendor did not say what became of the command (code {codes})"
    limit = limit_in(seen.status, seen.codes)
    if limit is not None:
        return Refused("rate_limited", why, wait_of_limit(limit, seen.retry_after_s))
    return Refused("unavailable", why, seen.retry_after_s)
