"""Why a session could not be renewed: only where the vendor has refused it may its password be sent again.

The library signs in anew after any failed renewal, an outage of the token server too, and hides what the failure was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .http_watch import Seen
from .limits import limit_in, wait_of_limit
from .refusals import Refused
from .regions import Family
from .trouble import GATE_CODES
from .vendor_codes import says_no

#: In a reply that is not about the session: a service that is out of order.
OUTAGE_CODES = frozenset({"500", "502", "503", "504", "4081", "5031", "9999"})
#: Europe: the refresh token has ended.
ENDED = "4111"
REQUEST_TIMEOUT = 408


@dataclass
class LastReply:
    """The form of the last reply; its content is not kept."""

    path: str = ""
    is_object: bool = False
    is_refusal: bool = False
    code: str = ""
    #: Whether it has a list of cars in the form of the newer European cloud.
    has_contents: bool = False
    #: Whether any reply of the task refused the request's signature; a password would go the same way.
    is_outdated: bool = False

    def on_reply(self, path: str, body: Any) -> None:
        self.path, self.is_object = path, isinstance(body, dict)
        self.code = str(body.get("code", "")) if self.is_object else ""
        self.has_contents = self.is_object and isinstance(body.get("contents"), list)
        self.is_refusal = self.is_object and says_no(body)
        self.is_outdated = self.is_outdated or self.code in GATE_CODES


def outage(what: str, family: Family, seen: Seen, reply: LastReply) -> Refused | None:
    """Why the last request failed through no fault of the session, or None: the vendor has refused it."""
    limit = limit_in(seen.status, seen.codes)
    if limit is not None:
        why = f"{what}: the vendor's request limit is reached"
        return Refused("rate_limited", why, wait_of_limit(limit, seen.retry_after_s))
    if seen.status is not None and reply.code == ENDED:
        return None
    why_not = _disorder(family, seen, reply)
    if why_not is None:
        return None
    return Refused("unavailable", f"{what}: {why_not}", seen.retry_after_s)


def _disorder(family: Family, seen: Seen, reply: LastReply) -> str | None:
    if seen.status is None:
        return "the vendor's cloud could not be reached, or did not answer"
    if reply.is_outdated:
        return "the vendor expects another signature; a newer library may be needed"
    is_broken = seen.status >= 500 or seen.status == REQUEST_TIMEOUT
    if is_broken or not seen.codes.isdisjoint(OUTAGE_CODES):
        return f"the vendor's service is out of order (HTTP {seen.status})"
    if family is Family.CHINA and seen.status < 400:
        # It renews by a web page, and says no by leaving something out of it.
        return None
    is_refused = reply.is_object if seen.status >= 400 else reply.is_refusal
    return None if is_refused else f"the vendor's answer is none (HTTP {seen.status})"


class SignInGate:
    """Stands where the library's sign-in is: lets one through, and none on account of an outage."""

    def __init__(
        self, sign_in: Callable[..., Any], code_request: Any, why_not: Callable[[], Refused | None]
    ) -> None:
        self._sign_in = sign_in
        self._code_request_class = code_request
        self._why_not = why_not
        self._is_used = False
        #: What the vendor said instead of opening a session. A renewal by the library loses it.
        self.code_request: Any = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._is_used:
            why = "the vendor does not take the session that it has just given"
            raise Refused("unavailable", why)
        refusal = self._why_not()
        if refusal is not None:
            raise refusal
        self._is_used = True
        answer = self._sign_in(*args, **kwargs)
        if isinstance(answer, self._code_request_class):
            self.code_request = answer
        return answer
