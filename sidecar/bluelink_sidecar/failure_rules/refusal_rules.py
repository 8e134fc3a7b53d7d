"""What the vendor, the car or its contract does not allow: the PIN, a command under way, what the car cannot do."""

from __future__ import annotations

from ..trouble import (
    is_api,
    is_bare_request_error,
    is_http_error_with,
    is_named,
    is_pin_endpoint,
    is_pin_refusal,
)
from ..vendor_codes import EXPIRED
from .rule import (
    CANADA,
    DEAD_SESSION_CANADA,
    DEVICE_FORGOTTEN,
    DUPLICATE_WAIT_S,
    EUROPE_CCI,
    HYUNDAI,
    KIA,
    NO_DATA,
    NO_PIN,
    OUT_OF_ORDER,
    SESSION_REFUSED,
    TYPE_1_FAMILY,
    WRONG_PIN,
    Rule,
)

REFUSAL_RULES: tuple[Rule, ...] = (
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
)
