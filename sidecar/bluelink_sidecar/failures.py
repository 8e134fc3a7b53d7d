"""Errors of the library to codes of the contract: one table, tested from top to bottom, first match wins.

Rules have numbers so that tests can name them. The library often raises something else than its own classes,
and a later release may bring new ones: what is not listed falls to the code of its nearest known base class.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from .http_watch import Seen
from .outcomes import failure
from .redaction import Redactor
from .refusals import Refused
from .regions import TYPE_1, Family
from .vendor_codes import EXPIRED

READS = ("cached", "force")
KIA, HYUNDAI, CANADA, BRAZIL = (
    Family.KIA_USA,
    Family.HYUNDAI_USA,
    Family.CANADA,
    Family.BRAZIL,
)
EUROPE = frozenset({Family.EUROPE, Family.EUROPE_CCI})
TYPE_1_FAMILY = TYPE_1 | EUROPE

RATE_LIMIT_STATUSES = (429, 509)
DEAD_SESSION_CANADA = frozenset({"7402", "7403", "7404", "7549", "7602", "7606"})
BAD_SHAPE = ("KeyError", "TypeError", "IndexError", "ValueError", "AttributeError")
DUPLICATE_WAIT_S = 60.0
LONGEST_DETAIL = 160

NOT_CONNECTED = (
    "refused",
    "name or service not known",
    "getaddrinfo",
    "failed to resolve",
    "nameresolutionerror",
    "no route to host",
    "network is unreachable",
)


@dataclass(frozen=True)
class Trouble:
    """An error and the circumstances it is judged by."""

    error: BaseException
    family: Family
    #: The task's operation, or `command` for a remote command.
    kind: str
    seen: Seen

    def names(self, *wanted: str) -> bool:
        """By name and through the bases: a class may be missing in the installed release."""
        return any(base.__name__ in wanted for base in type(self.error).__mro__)

    def says(self, *parts: str) -> bool:
        text = self.text.lower()
        return any(part.lower() in text for part in parts)

    def saw(self, *codes: str) -> bool:
        return not self.seen.codes.isdisjoint(codes)

    def misses(self, *keys: str) -> bool:
        return isinstance(self.error, KeyError) and self.error.args[:1] in {(key,) for key in keys}

    @property
    def text(self) -> str:
        return str(self.error)

    @property
    def cause(self) -> str:
        return type(self.error.__cause__).__name__ if self.error.__cause__ else ""

    @property
    def is_4xx(self) -> bool:
        return self.seen.status is not None and 400 <= self.seen.status < 500


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


def is_named(*names: str) -> Callable[[Trouble], bool]:
    return lambda trouble: trouble.names(*names)


def never(_: Trouble) -> bool:
    return False


def on_4xx(trouble: Trouble) -> bool:
    return trouble.is_4xx


def is_auth(trouble: Trouble) -> bool:
    return trouble.names("AuthenticationError")


def is_api(trouble: Trouble) -> bool:
    return trouble.names("APIError")


def is_hyundai_limit(trouble: Trouble) -> bool:
    return trouble.says("daily remote service request limit", "HT_534") or trouble.saw("HT_534")


def is_pin_refusal(trouble: Trouble) -> bool:
    said = trouble.says(
        "pin verification failed", "failed to obtain control token", "pin is required"
    )
    return said and trouble.names("APIError", "UnsupportedControlError")


def is_pin_endpoint(trouble: Trouble) -> bool:
    return trouble.names("HTTPError") and trouble.is_4xx and trouble.says("/user/pin")


def is_read_timeout(trouble: Trouble) -> bool:
    if trouble.names("RequestTimeoutError"):
        return trouble.cause in ("ReadTimeout", "Timeout")
    return trouble.names("ReadTimeout") or (
        trouble.names("ConnectionError") and trouble.says("read timed out")
    )


def is_connect_timeout(trouble: Trouble) -> bool:
    if trouble.names("RequestTimeoutError"):
        return trouble.cause == "ConnectTimeout"
    return trouble.names("ConnectTimeout")


def is_connection(trouble: Trouble) -> bool:
    return trouble.names("ConnectionError", "ProxyError", "SSLError", "ChunkedEncodingError")


def was_never_connected(trouble: Trouble) -> bool:
    if trouble.names("SSLError"):
        return trouble.says("certificate_verify_failed", "handshake", "wrong_version_number")
    return is_connection(trouble) and trouble.says(*NOT_CONNECTED)


def is_bare_request_error(trouble: Trouble) -> bool:
    return type(trouble.error).__name__ == "RequestException"


SIGN_IN_REFUSED = "the vendor refused the credentials or the session"
NO_ANSWER = "the vendor's cloud could not be reached"
ODD_ANSWER = "the vendor's cloud answered with something that is not an answer"
LIMIT = "the vendor's request limit is reached"
OTP = "the vendor asks for a one-time code"

RULES: tuple[Rule, ...] = (
    Rule(3, "otp_required", is_named("AuthenticationOTPRequired"), OTP),
    Rule(
        4,
        "otp_required",
        lambda t: t.names("AttributeError") and t.says("OTPRequest"),
        OTP,
        frozenset({KIA}),
    ),
    Rule(
        5,
        "otp_required",
        lambda t: t.misses("result") and t.saw("7110"),
        OTP,
        frozenset({CANADA}),
    ),
    Rule(
        6,
        "consent_required",
        is_named("ConsentRequiredError"),
        "the vendor wants its terms accepted: sign in once in a browser",
    ),
    Rule(7, "rate_limited", is_named("RateLimitingError"), LIMIT),
    Rule(8, "rate_limited", is_hyundai_limit, LIMIT, frozenset({HYUNDAI})),
    Rule(9, "rate_limited", lambda t: t.seen.status in RATE_LIMIT_STATUSES, LIMIT),
    Rule(
        10,
        "unavailable",
        lambda t: is_auth(t) and t.says("abusing request"),
        "the vendor's firewall blocks this address; a newer library may be needed",
        EUROPE,
    ),
    Rule(
        11,
        "unavailable",
        lambda t: is_auth(t) and (bool(re.search(r"HTTP 5\d\d", t.text)) or t.says("API error:")),
        "the vendor's sign-in service is out of order",
        EUROPE,
    ),
    Rule(
        13,
        "unavailable",
        lambda t: is_auth(t) and t.says("enrolledVehicleDetails"),
        ODD_ANSWER,
        frozenset({HYUNDAI}),
    ),
    # Releases up to 4.23 call every 502 of Hyundai USA a refused password.
    Rule(
        28,
        "unavailable",
        lambda t: is_auth(t) and t.saw("502"),
        "the vendor's service is out of order",
        frozenset({HYUNDAI}),
    ),
    Rule(15, "auth_failed", is_auth, SIGN_IN_REFUSED),
    # Releases up to 4.23 raise a bare Exception for it.
    Rule(
        15,
        "auth_failed",
        lambda t: t.saw("1001") and t.kind == "sign_in",
        SIGN_IN_REFUSED,
        frozenset({KIA}),
    ),
    Rule(
        16,
        "auth_failed",
        lambda t: is_api(t) and t.says("API Error 401", "Invalid access token", "HTTP 401"),
        SIGN_IN_REFUSED,
        frozenset({HYUNDAI}),
    ),
    Rule(
        17,
        "auth_failed",
        lambda t: (is_pin_refusal(t) or is_pin_endpoint(t)) and t.saw("7501", EXPIRED),
        SIGN_IN_REFUSED,
        TYPE_1_FAMILY,
    ),
    Rule(
        17,
        "unavailable",
        lambda t: (is_pin_refusal(t) or is_pin_endpoint(t)) and t.saw("4002"),
        "the vendor has forgotten this device",
        TYPE_1_FAMILY,
    ),
    Rule(
        17,
        "pin_rejected",
        lambda t: is_pin_refusal(t) or is_pin_endpoint(t),
        "the vendor refused the PIN",
        TYPE_1_FAMILY,
    ),
    Rule(
        18,
        "auth_failed",
        lambda t: t.misses("result") and t.saw(*DEAD_SESSION_CANADA),
        SIGN_IN_REFUSED,
        frozenset({CANADA}),
    ),
    Rule(
        18,
        "pin_rejected",
        lambda t: t.misses("result"),
        "the vendor refused the PIN",
        frozenset({CANADA}),
        kinds=("command",),
    ),
    Rule(
        19,
        "pin_rejected",
        lambda t: is_api(t) and (t.says("C400_1", "validatePIN") or t.saw("C400_1")),
        "the vendor refused the PIN",
        frozenset({HYUNDAI}),
    ),
    Rule(20, "pin_rejected", is_named("PINMissingError"), "there is no PIN in the configuration"),
    Rule(
        21,
        "duplicate_request",
        is_named("DuplicateRequestError"),
        "the vendor still works on an earlier command",
        retry_after_s=DUPLICATE_WAIT_S,
    ),
    Rule(
        22,
        "unsupported",
        is_named("UnsupportedControlError", "NotImplementedError"),
        "this car, or the vendor in this region, does not offer it",
    ),
    Rule(
        23,
        "invalid_payload",
        is_named("SafetyAcknowledgmentError"),
        "the safety warning has to be confirmed",
    ),
    Rule(
        25,
        "unsupported",
        lambda t: is_bare_request_error(t) and t.saw("1072"),
        "the vendor says that the car is not enrolled",
        frozenset({KIA}),
    ),
    Rule(26, "unsupported", is_named("NoDataFound"), "the vendor has no data for this car"),
    Rule(27, "unavailable", is_named("DeviceIDError"), "the vendor has forgotten this device"),
    Rule(
        28,
        "unsupported",
        lambda t: is_api(t) and t.says("Feature Status is OFF", "subscription status"),
        "the car's subscription lacks this service",
        frozenset({HYUNDAI}),
    ),
    Rule(
        28,
        "unavailable",
        is_named("ServiceTemporaryUnavailable"),
        "the vendor's service is out of order",
    ),
    Rule(
        29,
        "vehicle_timeout",
        lambda t: t.names("RequestTimeoutError") and t.error.__cause__ is None,
        "the car did not answer",
        is_not_done=never,
    ),
    Rule(
        29,
        "vehicle_timeout",
        lambda t: t.saw("6504"),
        "the car did not answer",
        frozenset({CANADA}),
        is_not_done=never,
    ),
    Rule(30, "unavailable", is_connect_timeout, NO_ANSWER),
    Rule(
        31,
        "vehicle_timeout",
        lambda t: is_read_timeout(t) and t.seen.is_waking,
        "the car did not answer in time",
        kinds=("force",),
    ),
    Rule(
        31,
        "timeout",
        is_read_timeout,
        "the vendor's cloud did not answer in time",
        is_not_done=never,
    ),
    Rule(32, "unavailable", was_never_connected, NO_ANSWER),
    Rule(33, "unavailable", is_connection, NO_ANSWER, is_not_done=never),
    Rule(
        34,
        "unavailable",
        lambda t: t.is_4xx and (t.names("JSONDecodeError") or t.says("non-JSON response")),
        ODD_ANSWER,
    ),
    Rule(
        35,
        "unavailable",
        lambda t: t.names("JSONDecodeError") or t.says("non-JSON response"),
        ODD_ANSWER,
        is_not_done=never,
    ),
    Rule(
        36,
        "auth_failed",
        lambda t: t.names("InvalidAPIResponseError") and t.saw("4010"),
        SIGN_IN_REFUSED,
        TYPE_1_FAMILY,
    ),
    Rule(
        37,
        "unavailable",
        lambda t: t.names("InvalidAPIResponseError") or (is_api(t) and t.says("response shape")),
        ODD_ANSWER,
        is_not_done=on_4xx,
    ),
    Rule(
        38,
        "auth_failed",
        lambda t: t.names("HTTPError") and t.seen.status in (401, 403),
        SIGN_IN_REFUSED,
    ),
    Rule(38, "unavailable", is_named("HTTPError"), ODD_ANSWER, is_not_done=on_4xx),
    Rule(
        39,
        "vehicle_timeout",
        lambda t: is_api(t) and t.says("in time"),
        "the car did not report in time",
        frozenset({BRAZIL}),
    ),
    Rule(
        41,
        "auth_failed",
        lambda t: t.misses("transactionid") and t.saw(*DEAD_SESSION_CANADA),
        SIGN_IN_REFUSED,
        frozenset({CANADA}),
    ),
    Rule(
        41,
        "vehicle_refused",
        lambda t: t.misses("transactionid") and bool(t.seen.codes),
        "the vendor refused the command",
        frozenset({CANADA}),
        kinds=("command",),
    ),
    Rule(
        42,
        "unavailable",
        is_bare_request_error,
        "the vendor refused the request",
        frozenset({KIA}),
        command_code="vehicle_refused",
    ),
    Rule(
        43,
        "unavailable",
        lambda t: is_api(t) and t.says("access to this api has been disallowed"),
        "the vendor has closed this interface; a newer library may be needed",
    ),
    Rule(
        44,
        "unavailable",
        lambda t: is_api(t) and bool(re.search(r"failed with HTTP 4\d\d", t.text)),
        "the vendor refused the request",
        frozenset({HYUNDAI}),
        command_code="vehicle_refused",
    ),
    Rule(
        44,
        "unavailable",
        lambda t: is_api(t) and bool(re.search(r"failed with HTTP \d", t.text)),
        "the vendor's service is out of order",
        frozenset({HYUNDAI}),
        is_not_done=never,
    ),
    Rule(
        45,
        "auth_failed",
        lambda t: is_api(t) and t.saw(*DEAD_SESSION_CANADA),
        SIGN_IN_REFUSED,
        frozenset({CANADA}),
    ),
    Rule(
        45,
        "unavailable",
        is_api,
        "the vendor refused the request",
        command_code="vehicle_refused",
    ),
    Rule(
        46,
        "vehicle_timeout",
        lambda t: t.misses("resMsg", "state"),
        "the car has not answered yet",
        frozenset({Family.AUSTRALIA}),
        kinds=("force",),
    ),
    Rule(
        47,
        "unavailable",
        lambda t: t.misses("vehicleLocation"),
        "the vendor answered without the car's position",
        frozenset({HYUNDAI}),
        kinds=("force",),
    ),
    Rule(
        48,
        "auth_failed",
        lambda t: t.misses("errorMessage") and t.saw("401"),
        SIGN_IN_REFUSED,
        frozenset({HYUNDAI}),
    ),
    Rule(
        48,
        "unavailable",
        lambda t: t.misses("errorMessage"),
        "the vendor refused the request",
        frozenset({HYUNDAI}),
    ),
    Rule(
        50,
        "invalid_payload",
        is_named("ValueError"),
        "the vendor's library refused the value",
        kinds=("command",),
    ),
    Rule(
        51,
        "unavailable",
        lambda t: t.names(*BAD_SHAPE) and t.seen.status not in (None, 200),
        ODD_ANSWER,
        kinds=("sign_in", *READS),
    ),
    Rule(
        51,
        "internal",
        is_named(*BAD_SHAPE),
        "the vendor's answer has a form that the library does not know",
        kinds=("sign_in", *READS),
    ),
)

EVERYTHING_ELSE = Rule(
    54, "internal", lambda _: True, "the library failed unexpectedly", is_not_done=never
)

#: What a wake reply says that the library does not look at.
CODE_OF_WAKE_REPLY = {
    "5091": "rate_limited",
    "4004": "duplicate_request",
    "4005": "unsupported",
    "5031": "unavailable",
    "7501": "auth_failed",
    "4081": "vehicle_timeout",
    "9999": "vehicle_timeout",
}


def rule_for(trouble: Trouble) -> Rule:
    return next((rule for rule in RULES if rule.fits(trouble)), EVERYTHING_ELSE)


def classify(trouble: Trouble, redactor: Redactor) -> dict[str, Any]:
    """The failure to report. Its message names the kind of error, codes and keys, and no secret."""
    refusal = refusal_in(trouble.error)
    if refusal is not None:
        is_harmless = trouble.seen.requests == 0 or trouble.kind in READS
        return failure(refusal.code, str(refusal), sent=False if is_harmless else None)
    trouble = unwrapped(trouble)
    rule = rule_for(trouble)
    is_command = trouble.kind == "command"
    code = rule.command_code if is_command and rule.command_code else rule.code
    return failure(
        code,
        f"{rule.message} ({detail(trouble, redactor)})",
        sent=was_sent(trouble, rule, code),
        is_unknown=is_command and trouble.seen.requests > 0 and not rule.is_not_done(trouble),
        retry_after_s=wait_of(rule, code, trouble.seen),
    )


def not_advanced(seen: Seen, advice: str) -> dict[str, Any]:
    """A wake that went through and changed nothing; the wake's own reply may say why."""
    known = sorted(code for code in seen.wake_codes if code in CODE_OF_WAKE_REPLY)
    if not known:
        return failure("vehicle_timeout", f"the car did not report anew; {advice}")
    code = CODE_OF_WAKE_REPLY[known[0]]
    wait = DUPLICATE_WAIT_S if code == "duplicate_request" else None
    return failure(
        code,
        f"the vendor did not wake the car (code {known[0]}); {advice}",
        sent=False if code == "auth_failed" else None,
        retry_after_s=wait,
    )


def refusal_in(error: BaseException) -> Refused | None:
    """Our own refusal, also when the library has wrapped it into something else."""
    current: BaseException | None = error
    while current is not None:
        if isinstance(current, Refused):
            return current
        current = current.__cause__
    return None


def unwrapped(trouble: Trouble) -> Trouble:
    """Kia USA wraps whatever stopped a new sign-in; the cause is what counts."""
    cause = trouble.error.__cause__
    if trouble.family is KIA and trouble.says("Re-login failed") and cause is not None:
        return unwrapped(replace(trouble, error=cause))
    return trouble


def was_sent(trouble: Trouble, rule: Rule, code: str) -> bool | None:
    """`False` tells the bridge that a new try cannot do anything twice."""
    if trouble.seen.requests == 0:
        return False
    if trouble.kind == "command":
        return not rule.is_not_done(trouble)
    return False if code == "auth_failed" and trouble.kind in READS else None


def wait_of(rule: Rule, code: str, seen: Seen) -> float | None:
    if code in ("rate_limited", "unavailable") and seen.retry_after_s is not None:
        return seen.retry_after_s
    return rule.retry_after_s


def detail(trouble: Trouble, redactor: Redactor) -> str:
    parts = [type(trouble.error).__name__]
    # Texts may quote the vendor's reply: what looks like the start of one is cut off.
    text = re.split(r"[{<\[]|[Rr]esponse:", trouble.text)[0].strip(" '\":,-")
    if text:
        parts[0] += f": {redactor.text(text)[:LONGEST_DETAIL]}"
    if trouble.seen.status not in (None, 200):
        parts.append(f"HTTP {trouble.seen.status}")
    if trouble.seen.codes:
        parts.append(f"code {', '.join(sorted(redactor.text(one) for one in trouble.seen.codes))}")
    return "; ".join(parts)
