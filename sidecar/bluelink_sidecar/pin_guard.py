"""A PIN that the vendor has refused is not sent again: makers lock it after a few wrong ones.

Canada wants it for a car's position too, so the library sends it in ordinary reads and drops what comes of that.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any

from .mapping import values
from .protocol import Account, Json
from .refusals import Refused
from .sending import PIN_PATHS
from .vendor_codes import DAILY, EXPIRED, LIMITED, codes_in

#: The code of a wrong PIN, where it has one: Canada, and Hyundai in the USA for every request that carries it.
WRONG_CANADA, WRONG_HYUNDAI = "7310", "C400_1"
#: Said at the door of the PIN, and not about it: the session, the device, the limit, the service.
OTHER_CODES = frozenset(
    {"7501", "4002", "4010", "4081", "5031", "5091", "9999", EXPIRED, LIMITED, DAILY}
)
OTHER_STATUSES = (401, 403, 404, 405, 408, 429)
#: Where the reply to a PIN has what stands for it from then on.
TOKENS = ("controlToken", "controlTokenInfo.controlToken", "result.pAuth")


class PinGuard:
    """Knows the PIN of a task by its mark, and the one that was refused from the session."""

    def __init__(self, account: Account, session: Json | None) -> None:
        self._is_given = account.pin != ""
        self._mark = hashlib.sha256(f"{account.username}\0{account.pin}".encode()).hexdigest()
        self._known: str | None = (session or {}).get("refused_pin")
        self.refused = self._known
        #: Unix time: until then the vendor refuses the right PIN too.
        self.locked_until: float | None = (session or {}).get("pin_locked_until")

    @property
    def is_news(self) -> bool:
        """Whether it was this task that found the PIN refused."""
        return self.refused != self._known

    def before(self, path: str) -> None:
        """Raises Refused where the PIN would be sent in vain."""
        if path.endswith(PIN_PATHS):
            self.check()

    def check(self) -> None:
        if not self._is_given:
            raise Refused("pin_rejected", "there is no PIN in the configuration")
        if self.refused == self._mark:
            raise Refused("pin_rejected", "the vendor has refused this PIN; it is not sent again")
        locked_s = (self.locked_until or 0) - time.time()
        if locked_s > 0:
            why = "the vendor has locked the PIN for a while, after too many wrong ones"
            raise Refused("pin_rejected", why, locked_s)

    def on_reply(self, path: str, status: int, body: Any) -> None:
        lock_s = seconds_of_lock(body) if path.endswith(PIN_PATHS) else None
        if lock_s is not None:
            # Whether this one was wrong, the vendor does not say.
            self.locked_until = round(time.time() + lock_s)
        elif is_wrong_pin(path, status, body):
            self.refused = self._mark


def is_wrong_pin(path: str, status: int, body: Any) -> bool:
    codes = codes_in(body)
    if path.endswith(PIN_PATHS) and status >= 500:
        return False
    if path.endswith("/vrfypin"):
        said = values.text(values.child(body, "error.errorDesc")) or ""
        return WRONG_CANADA in codes or "pin" in said.lower().split()
    if path.endswith(("/auth/pin", "/auth/v1/pin")):
        return status == 200 and values.child(body, "isMatched") is False
    if path.endswith(PIN_PATHS):
        is_judged = status not in OTHER_STATUSES and isinstance(body, dict)
        return is_judged and "controlToken" not in body and codes.isdisjoint(OTHER_CODES)
    return WRONG_HYUNDAI in codes


def seconds_of_lock(body: Any) -> float | None:
    """Of the newer European cloud: how long a PIN is locked after the last of its tries."""
    failed = values.child(body, "remainCountOnFailedInfo")
    if values.child(body, "isMatched") is not False or values.child(failed, "remainCount") != 0:
        return None
    return values.number(values.child(failed, "remainTime")) or 0.0


def pin_tokens(path: str, body: Any) -> list[Any]:
    """What the vendor gives for the PIN, and takes in its place."""
    if not path.endswith(PIN_PATHS):
        return []
    return [values.child(body, place) for place in TOKENS]
