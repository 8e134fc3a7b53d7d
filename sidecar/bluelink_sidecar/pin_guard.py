"""A PIN that the vendor has refused is not sent again: makers lock it after a few wrong ones.

Canada wants it for a car's position too, so the library sends it in ordinary reads and drops what comes of that.
"""

from __future__ import annotations

import hashlib
from typing import Any

from .mapping import values
from .protocol import Account, Json
from .refusals import Refused

CHECK = "/vrfypin"
WRONG = "7310"


class PinGuard:
    """Knows the PIN of a task by its mark, and the one that was refused from the session."""

    def __init__(self, account: Account, session: Json | None) -> None:
        self._is_given = account.pin != ""
        self._mark = hashlib.sha256(f"{account.username}\0{account.pin}".encode()).hexdigest()
        self._known: str | None = (session or {}).get("refused_pin")
        self.refused = self._known

    @property
    def is_news(self) -> bool:
        """Whether it was this task that found the PIN refused."""
        return self.refused != self._known

    def before(self, path: str) -> None:
        """Raises Refused where the PIN would be sent in vain."""
        if not path.endswith(CHECK):
            return
        if not self._is_given:
            raise Refused("pin_rejected", "there is no PIN in the configuration")
        if self.refused == self._mark:
            raise Refused("pin_rejected", "the vendor has refused this PIN; it is not sent again")

    def on_reply(self, path: str, body: Any) -> None:
        if path.endswith(CHECK) and is_wrong_pin(body):
            self.refused = self._mark


def is_wrong_pin(body: Any) -> bool:
    said = values.text(values.child(body, "error.errorDesc")) or ""
    return values.child(body, "error.errorCode") == WRONG or "pin" in said.lower().split()
