"""One command on its way to the vendor: it leaves in time, and at most once.

The library repeats whole calls after some refusals, with a new device id, a new PIN token or a new session. Whether the
refusal was one is the vendor's word against ours, so nothing that may have reached a car is sent again in here.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from .refusals import Refused
from .vendor_codes import EXPIRED

#: Ends of the paths that bring the PIN to the vendor.
PIN_PATHS = ("/vrfypin", "/user/pin", "/auth/v1/pin", "/v1/auth/pin")
#: What the library may have to ask before a command. Everything else that it sends for one counts as the command.
PREPARING = (*PIN_PATHS, "/notifications/register")
REFUSED = 400
SHORTEST_CONNECT_S = 0.5
SESSION_CODES = frozenset({"7501", EXPIRED})


class SentAlready(Exception):
    """The library wanted to send a command a second time."""


@dataclass
class Sending:
    #: On the monotonic clock.
    until: float
    #: Requests that carry the command, and the reply to it.
    requests: int = 0
    status: int | None = None
    codes: frozenset[str] = frozenset()
    #: The request that is being sent carries the command; its first byte has left.
    is_command: bool = False
    has_left: bool = False

    @property
    def left_s(self) -> float:
        return self.until - time.monotonic()

    @property
    def is_refused(self) -> bool:
        """Whether the vendor has said no to it; a server that failed has said nothing."""
        is_refusal = self.status is not None and REFUSED <= self.status < 500
        return is_refusal or bool(self.codes)

    @property
    def is_session_refused(self) -> bool:
        return self.status == 401 or not self.codes.isdisjoint(SESSION_CODES)

    def check_time(self) -> None:
        if self.left_s <= 0:
            why = "the time in which it could be sent was over; it was not sent"
            raise Refused("timeout", why)

    def before(self, path: str) -> None:
        """Raises where a request must not go out."""
        self.is_command = not path.endswith(PREPARING)
        if self.is_command and self.requests > 0:
            raise SentAlready("the command has left already")
        if self.requests == 0:
            self.check_time()
        if self.is_command:
            self.requests += 1

    def connected(self) -> None:
        """The last moment before the first byte: a look-up of a name may take long, and no limit bounds it."""
        if not self.is_command:
            return
        if self.has_left:
            raise SentAlready("the command has left already")
        if self.left_s <= 0:
            self.requests = 0
            self.check_time()
        self.has_left = True

    def bounded(self, limits: tuple[float, float]) -> tuple[float, float]:
        """A connection that takes long must not carry a command that is too late by then."""
        connect, read = limits
        return min(connect, max(SHORTEST_CONNECT_S, self.left_s)), read

    def replied(self, path: str, status: int, codes: frozenset[str]) -> None:
        if not path.endswith(PREPARING):
            self.status, self.codes = status, codes
