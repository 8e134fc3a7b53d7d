"""A rule from an error to a code of the contract, and the words that several rules have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..regions import TYPE_1, Family
from ..trouble import Trouble

#: They change nothing at the vendor; a command does.
READS = ("cached", "force", "action_status", "trips")
KIA, HYUNDAI, CANADA, BRAZIL = (
    Family.KIA_USA,
    Family.HYUNDAI_USA,
    Family.CANADA,
    Family.BRAZIL,
)
EUROPE_CCI = frozenset({Family.EUROPE_CCI})
EUROPE = EUROPE_CCI | {Family.EUROPE}
TYPE_1_FAMILY = TYPE_1 | EUROPE

DEAD_SESSION_CANADA = frozenset({"7402", "7403", "7404", "7549", "7602", "7606"})
LOCKED_CANADA, WRONG_PASSWORD_CANADA = "7402", "7404"
BAD_SHAPE = ("KeyError", "TypeError", "IndexError", "ValueError", "AttributeError")
DUPLICATE_WAIT_S = 60.0
#: What only another library or another address ends. Each try of a sign-in would send the password for nothing.
LIBRARY_WAIT_S = 3 * 3600.0
BLOCKED_WAIT_S = 3600.0
#: Of the newer European cloud: a list after the credentials have been taken.
LIST_ROW = 63


@dataclass(frozen=True)
class Rule:
    row: int
    code: str
    when: Callable[[Trouble], bool]
    message: str
    families: frozenset[Family] = frozenset()
    kinds: tuple[str, ...] = ()
    #: Of a remote command: is it certain that nothing was done?
    is_not_done: Callable[[Trouble], bool] = lambda _: True
    #: Where a remote command ends otherwise than a read.
    command_code: str | None = None
    retry_after_s: float | None = None

    def fits(self, trouble: Trouble) -> bool:
        if self.families and trouble.family not in self.families:
            return False
        if self.kinds and trouble.kind not in self.kinds:
            return False
        return self.when(trouble)

    def said_of(self, kind: str) -> str:
        is_sign_in = kind == "sign_in" and self.row != LIST_ROW
        return (
            CREDENTIALS_REFUSED if is_sign_in and self.message == SESSION_REFUSED else self.message
        )


SESSION_REFUSED = "the vendor does not accept this session"
#: The same of a sign-in, which has just sent them.
CREDENTIALS_REFUSED = (
    "the vendor refused the credentials: check user name and password, best in the vendor's own app"
)
NO_ANSWER = "the vendor's cloud could not be reached"
ODD_ANSWER = "the vendor's cloud answered with something that is not an answer"
OUT_OF_ORDER = "the vendor's service is out of order; it is tried again later"
SIGN_IN_OUT_OF_ORDER = "the vendor's sign-in is out of order; it is not the password"
LIMIT = "the vendor's request limit is reached; only waiting and fewer requests help"
LIMIT_OF_DAY = (
    "the vendor's request limit is reached for today; only waiting and fewer requests help"
)
OTP = "the vendor asks for a one-time code"
LIBRARY_TOO_OLD = "the vendor wants another signature under the sign-in: a newer library is needed; it is not the password"
NO_DATA = "the vendor has no data for this car"
TAKEN_ONCE = "the library wanted to send the command a second time"
NO_PIN = "there is no PIN in the configuration"
WRONG_PIN = "the vendor refused the PIN"
LOCKED_PIN = "the vendor has locked the PIN for a while, after too many wrong ones"
DEVICE_FORGOTTEN = "the vendor has forgotten this device; the next sign-in registers it anew"
BLOCKED = "the vendor's firewall blocks this address or library for now; waiting, or a newer library, may help"
