"""The table from errors to codes of the contract, tested from top to bottom: the first match wins.

Rules have numbers so that tests can name them. The library often raises something else than its own classes, and a
later release may bring new ones: what is not listed falls to the code of its nearest known base class.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from .regions import TYPE_1, Family
from .trouble import (
    Trouble,
    is_api,
    is_auth,
    is_bare_request_error,
    is_connect_timeout,
    is_connection,
    is_failed_sign_in_without_refusal,
    is_gate_refusal,
    is_http_error_with,
    is_hyundai_limit,
    is_list_failure,
    is_named,
    is_no_stored_status,
    is_pin_endpoint,
    is_pin_refusal,
    is_read_timeout,
    is_refusal_in_canada,
    never,
    on_4xx,
    was_never_connected,
)
from .vendor_codes import EXPIRED, LIMITED

READS = ("cached", "force")
KIA, HYUNDAI, CANADA, BRAZIL = (
    Family.KIA_USA,
    Family.HYUNDAI_USA,
    Family.CANADA,
    Family.BRAZIL,
)
EUROPE_CCI = frozenset({Family.EUROPE_CCI})
EUROPE = EUROPE_CCI | {Family.EUROPE}
TYPE_1_FAMILY = TYPE_1 | EUROPE

RATE_LIMIT_STATUSES = (429, 509)
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
OTP = "the vendor asks for a one-time code"
LIBRARY_TOO_OLD = "the vendor wants another signature under the sign-in: a newer library is needed; it is not the password"
NO_DATA = "the vendor has no data for this car"
NO_PIN = "there is no PIN in the configuration"
WRONG_PIN = "the vendor refused the PIN"
DEVICE_FORGOTTEN = "the vendor has forgotten this device; the next sign-in registers it anew"
BLOCKED = "the vendor's firewall blocks this address or library for now; waiting, or a newer library, may help"

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
    Rule(
        6,
        "consent_required",
        lambda t: is_auth(t) and t.says("account must accept", "account must re-accept"),
        "the vendor wants its terms accepted: sign in once in the vendor's own app",
        frozenset({BRAZIL}),
    ),
    Rule(7, "rate_limited", is_named("RateLimitingError"), LIMIT),
    Rule(8, "rate_limited", is_hyundai_limit, LIMIT, frozenset({HYUNDAI})),
    Rule(9, "rate_limited", lambda t: t.http_status in RATE_LIMIT_STATUSES, LIMIT),
    Rule(9, "rate_limited", lambda t: t.saw(LIMITED), LIMIT),
    Rule(9, "rate_limited", lambda t: t.saw("5091"), LIMIT, TYPE_1_FAMILY),
    Rule(
        9,
        "rate_limited",
        lambda t: t.names("ServiceTemporaryUnavailable") and t.says("5091"),
        LIMIT,
        EUROPE_CCI,
    ),
    Rule(
        61,
        "unavailable",
        is_gate_refusal,
        LIBRARY_TOO_OLD,
        EUROPE,
        retry_after_s=LIBRARY_WAIT_S,
    ),
    Rule(
        10,
        "unavailable",
        lambda t: is_auth(t) and t.says("abusing"),
        BLOCKED,
        EUROPE,
        retry_after_s=BLOCKED_WAIT_S,
    ),
    Rule(
        10,
        "unavailable",
        lambda t: is_auth(t) and bool(re.search(r"Signin failed: HTTP 403\W*<", t.text)),
        BLOCKED,
        EUROPE,
        retry_after_s=BLOCKED_WAIT_S,
    ),
    Rule(
        11,
        "rate_limited",
        lambda t: is_auth(t) and bool(re.search(r"failed: HTTP (429|509)\b", t.text)),
        LIMIT,
        EUROPE,
    ),
    Rule(
        11,
        "unavailable",
        lambda t: is_auth(t) and (bool(re.search(r"HTTP 5\d\d", t.text)) or t.says("API error:")),
        SIGN_IN_OUT_OF_ORDER,
        EUROPE,
    ),
    Rule(
        62,
        "unavailable",
        lambda t: is_auth(t) and t.says("returned no accessToken"),
        ODD_ANSWER,
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
        OUT_OF_ORDER,
        frozenset({HYUNDAI}),
    ),
    Rule(
        15,
        "auth_failed",
        lambda t: is_refusal_in_canada(t, LOCKED_CANADA),
        "the vendor has locked this account, for example after wrong passwords: unlock it in the vendor's app",
        frozenset({CANADA}),
    ),
    Rule(
        15,
        "auth_failed",
        lambda t: is_refusal_in_canada(t, WRONG_PASSWORD_CANADA),
        CREDENTIALS_REFUSED,
        frozenset({CANADA}),
    ),
    Rule(
        64,
        "unavailable",
        is_failed_sign_in_without_refusal,
        SIGN_IN_OUT_OF_ORDER,
        TYPE_1 - EUROPE,
        kinds=("sign_in",),
    ),
    Rule(15, "auth_failed", is_auth, SESSION_REFUSED),
    # Releases up to 4.23 raise a bare Exception for it.
    Rule(
        15,
        "auth_failed",
        lambda t: t.saw("1001"),
        CREDENTIALS_REFUSED,
        frozenset({KIA}),
        kinds=("sign_in",),
    ),
    Rule(
        LIST_ROW,
        "auth_failed",
        lambda t: (is_no_stored_status(t) or is_list_failure(t)) and t.http_status in (401, 403),
        SESSION_REFUSED,
        EUROPE_CCI,
    ),
    Rule(
        LIST_ROW,
        "unsupported",
        lambda t: is_no_stored_status(t) and t.http_status == 404,
        NO_DATA,
        EUROPE_CCI,
    ),
    Rule(
        LIST_ROW,
        "unavailable",
        lambda t: is_no_stored_status(t) and t.seen.status is None,
        NO_ANSWER,
        EUROPE_CCI,
    ),
    Rule(
        LIST_ROW,
        "unavailable",
        lambda t: is_no_stored_status(t) or is_list_failure(t),
        OUT_OF_ORDER,
        EUROPE_CCI,
    ),
    Rule(
        16,
        "auth_failed",
        lambda t: is_api(t) and t.says("API Error 401", "Invalid access token", "HTTP 401"),
        SESSION_REFUSED,
        frozenset({HYUNDAI}),
    ),
    Rule(
        17,
        "auth_failed",
        lambda t: (is_pin_refusal(t) or is_pin_endpoint(t)) and t.saw("7501", EXPIRED),
        SESSION_REFUSED,
        TYPE_1_FAMILY,
    ),
    Rule(
        17,
        "unavailable",
        lambda t: (is_pin_refusal(t) or is_pin_endpoint(t)) and t.saw("4002"),
        DEVICE_FORGOTTEN,
        TYPE_1_FAMILY,
    ),
    Rule(
        17,
        "pin_rejected",
        lambda t: is_pin_refusal(t) and t.says("not configured"),
        NO_PIN,
        EUROPE_CCI,
    ),
    Rule(
        17,
        "auth_failed",
        lambda t: is_pin_refusal(t) and t.seen.status in (401, 403),
        SESSION_REFUSED,
        EUROPE_CCI,
    ),
    Rule(
        17,
        "unavailable",
        lambda t: is_pin_refusal(t) and t.seen.status not in (None, 200),
        OUT_OF_ORDER,
        EUROPE_CCI,
    ),
    Rule(
        17,
        "pin_rejected",
        lambda t: is_pin_refusal(t) or is_pin_endpoint(t),
        WRONG_PIN,
        TYPE_1_FAMILY,
    ),
    Rule(
        18,
        "auth_failed",
        lambda t: t.misses("result") and t.saw(*DEAD_SESSION_CANADA),
        SESSION_REFUSED,
        frozenset({CANADA}),
    ),
    Rule(
        18,
        "pin_rejected",
        lambda t: t.misses("result"),
        WRONG_PIN,
        frozenset({CANADA}),
        kinds=("command",),
    ),
    Rule(
        19,
        "pin_rejected",
        lambda t: is_api(t) and (t.says("C400_1", "validatePIN") or t.saw("C400_1")),
        WRONG_PIN,
        frozenset({HYUNDAI}),
    ),
    Rule(20, "pin_rejected", is_named("PINMissingError"), NO_PIN),
    Rule(
        21,
        "duplicate_request",
        lambda t: t.names("DuplicateRequestError") or is_http_error_with(t, "4004"),
        "the vendor still works on an earlier command",
        retry_after_s=DUPLICATE_WAIT_S,
    ),
    Rule(
        22,
        "unsupported",
        lambda t: (
            t.names("UnsupportedControlError", "NotImplementedError")
            or is_http_error_with(t, "4005")
        ),
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
    Rule(26, "unsupported", is_named("NoDataFound"), NO_DATA),
    Rule(27, "unavailable", is_named("DeviceIDError"), DEVICE_FORGOTTEN),
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
        OUT_OF_ORDER,
    ),
    Rule(
        29,
        "vehicle_timeout",
        lambda t: (
            (t.names("RequestTimeoutError") and t.error.__cause__ is None)
            or is_http_error_with(t, "4081", "9999")
        ),
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
        SESSION_REFUSED,
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
        SESSION_REFUSED,
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
        SESSION_REFUSED,
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
        retry_after_s=LIBRARY_WAIT_S,
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
        OUT_OF_ORDER,
        frozenset({HYUNDAI}),
        is_not_done=never,
    ),
    Rule(
        45,
        "auth_failed",
        lambda t: is_api(t) and t.saw(*DEAD_SESSION_CANADA),
        SESSION_REFUSED,
        frozenset({CANADA}),
    ),
    Rule(
        45,
        "unavailable",
        lambda t: is_api(t) and t.saw("7710"),
        DEVICE_FORGOTTEN,
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
        SESSION_REFUSED,
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
    # A list or a token that is null or of another kind: it is tried again, and is no fault of this side.
    Rule(
        51,
        "unavailable",
        is_named(*BAD_SHAPE, "OverflowError"),
        ODD_ANSWER,
        kinds=("sign_in",),
    ),
    Rule(
        51,
        "unavailable",
        lambda t: t.names(*BAD_SHAPE) and t.seen.status not in (None, 200),
        ODD_ANSWER,
        kinds=READS,
    ),
    Rule(
        51,
        "internal",
        is_named(*BAD_SHAPE),
        "the vendor's answer has a form that the library does not know",
        kinds=READS,
    ),
)

EVERYTHING_ELSE = Rule(
    54, "internal", lambda _: True, "the library failed unexpectedly", is_not_done=never
)


def rule_for(trouble: Trouble) -> Rule:
    return next((rule for rule in RULES if rule.fits(trouble)), EVERYTHING_ELSE)
