"""The table from errors to codes, with the library's own exceptions."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from requests import exceptions as http

from bluelink_sidecar.failure_rules import rule_for
from bluelink_sidecar.failures import classify, not_advanced, was_sent
from bluelink_sidecar.http_watch import Seen
from bluelink_sidecar.outcomes import RETRYABLE
from bluelink_sidecar.redaction import Redactor
from bluelink_sidecar.refusals import SignInNeeded
from bluelink_sidecar.regions import Family
from bluelink_sidecar.trouble import Trouble
from bluelink_sidecar.vendor_codes import codes_in

KIA, HYUNDAI, CANADA = Family.KIA_USA, Family.HYUNDAI_USA, Family.CANADA
EU, AU, BR = Family.EUROPE, Family.AUSTRALIA, Family.BRAZIL


class Lib:
    """Stands for one of the library's classes, made when the test runs; older releases may lack it."""

    def __init__(self, name: str, text: str = "", cause: BaseException | None = None) -> None:
        self.name, self.text, self.cause = name, text, cause

    def make(self, library: Any) -> BaseException:
        if not hasattr(library.exceptions, self.name):
            pytest.skip(f"this release of the library has no {self.name}")
        error: BaseException = getattr(library.exceptions, self.name)(self.text)
        error.__cause__ = self.cause
        return error


def seen(status: int | None = 200, *codes: str, waking: bool = False) -> Seen:
    return Seen(requests=1, status=status, codes=frozenset(codes), is_waking=waking)


CLOUDFLARE = http.JSONDecodeError("Expecting value", "<html>", 0)
READ, COMMAND, FORCE, SIGN_IN = "cached", "command", "force", "sign_in"

CASES: list[tuple[int, Any, Family, str, Seen, str]] = [
    (3, Lib("AuthenticationOTPRequired", "OTP required"), KIA, SIGN_IN, seen(), "otp_required"),
    (
        4,
        AttributeError("'OTPRequest' object has no attribute 'access_token'"),
        KIA,
        READ,
        seen(),
        "otp_required",
    ),
    (5, KeyError("result"), CANADA, READ, seen(200, "7110"), "otp_required"),
    (6, Lib("ConsentRequiredError"), EU, SIGN_IN, seen(), "consent_required"),
    (7, Lib("RateLimitingError", "5091"), EU, READ, seen(509, "5091"), "rate_limited"),
    (
        8,
        Lib(
            "ServiceTemporaryUnavailable",
            "You have exceeded the daily remote service request limit",
        ),
        HYUNDAI,
        READ,
        seen(),
        "rate_limited",
    ),
    (
        8,
        Lib("APIError", "lock failed with HTTP 502: 'HT_534'"),
        HYUNDAI,
        COMMAND,
        seen(502),
        "rate_limited",
    ),
    (9, Lib("InvalidAPIResponseError"), EU, READ, seen(429), "rate_limited"),
    (9, CLOUDFLARE, KIA, READ, seen(429), "rate_limited"),
    (10, Lib("AuthenticationError", "abusing request"), EU, SIGN_IN, seen(), "unavailable"),
    (
        11,
        Lib("AuthenticationError", "exchange failed: HTTP 503"),
        EU,
        SIGN_IN,
        seen(503),
        "unavailable",
    ),
    (
        13,
        Lib("AuthenticationError", "Missing enrolledVehicleDetails in response"),
        HYUNDAI,
        READ,
        seen(),
        "unavailable",
    ),
    (15, Lib("AuthenticationError", "Login Failed"), AU, SIGN_IN, seen(), "auth_failed"),
    (
        15,
        Lib("AuthenticationError", "Invalid Email or Password"),
        KIA,
        SIGN_IN,
        seen(200, "1001"),
        "auth_failed",
    ),
    (
        15,
        Exception("No session id returned in login"),
        KIA,
        SIGN_IN,
        seen(200, "1001"),
        "auth_failed",
    ),
    (
        16,
        Lib("APIError", "API Error 401: Invalid access token"),
        HYUNDAI,
        READ,
        seen(),
        "auth_failed",
    ),
    (17, Lib("APIError", "PIN verification failed: x"), EU, COMMAND, seen(), "pin_rejected"),
    (
        17,
        Lib("APIError", "PIN verification failed: x"),
        EU,
        COMMAND,
        seen(200, "7501"),
        "auth_failed",
    ),
    (
        17,
        Lib("APIError", "Failed to obtain control token."),
        BR,
        COMMAND,
        seen(200, "4002"),
        "unavailable",
    ),
    (
        17,
        Lib("UnsupportedControlError", "A PIN is required for this"),
        Family.CHINA,
        COMMAND,
        seen(),
        "pin_rejected",
    ),
    (18, KeyError("result"), CANADA, COMMAND, seen(), "pin_rejected"),
    (18, KeyError("result"), CANADA, COMMAND, seen(200, "7403"), "auth_failed"),
    (
        19,
        Lib("APIError", "lock failed with HTTP 400: 'C400_1 validatePIN'"),
        HYUNDAI,
        COMMAND,
        seen(400),
        "pin_rejected",
    ),
    (20, Lib("PINMissingError"), EU, COMMAND, seen(), "pin_rejected"),
    (21, Lib("DuplicateRequestError", "4004"), EU, COMMAND, seen(), "duplicate_request"),
    (22, Lib("UnsupportedControlError", "4005"), EU, COMMAND, seen(), "unsupported"),
    (22, NotImplementedError("svm"), KIA, COMMAND, seen(), "unsupported"),
    (23, Lib("SafetyAcknowledgmentError"), HYUNDAI, COMMAND, seen(), "invalid_payload"),
    (25, http.RequestException(), KIA, READ, seen(200, "1072"), "unsupported"),
    (26, Lib("NoDataFound", "5921"), EU, READ, seen(), "unsupported"),
    (27, Lib("DeviceIDError", "4002"), AU, READ, seen(), "unavailable"),
    (
        28,
        Lib("ServiceTemporaryUnavailable", "API Error 502: outage"),
        HYUNDAI,
        READ,
        seen(),
        "unavailable",
    ),
    (
        28,
        Lib("APIError", "API Error 502: Feature Status is OFF"),
        HYUNDAI,
        READ,
        seen(),
        "unsupported",
    ),
    (28, Lib("AuthenticationError", "HATA failed"), HYUNDAI, READ, seen(200, "502"), "unavailable"),
    (29, Lib("RequestTimeoutError", "4081"), EU, READ, seen(), "vehicle_timeout"),
    (29, Lib("APIError", "unreachable"), CANADA, FORCE, seen(200, "6504"), "vehicle_timeout"),
    (
        30,
        Lib("RequestTimeoutError", "x", http.ConnectTimeout()),
        KIA,
        READ,
        seen(None),
        "unavailable",
    ),
    (30, http.ConnectTimeout("x"), CANADA, READ, seen(None), "unavailable"),
    (31, Lib("RequestTimeoutError", "x", http.ReadTimeout()), KIA, READ, seen(None), "timeout"),
    (
        31,
        Lib("RequestTimeoutError", "x", http.ReadTimeout()),
        KIA,
        FORCE,
        seen(None, waking=True),
        "vehicle_timeout",
    ),
    (31, http.ConnectionError("Read timed out."), HYUNDAI, READ, seen(None), "timeout"),
    (32, http.SSLError("CERTIFICATE_VERIFY_FAILED"), KIA, READ, seen(None), "unavailable"),
    (
        32,
        http.ConnectionError("[Errno 111] Connection refused"),
        KIA,
        COMMAND,
        seen(None),
        "unavailable",
    ),
    (33, http.ProxyError("Connection reset by peer"), KIA, COMMAND, seen(None), "unavailable"),
    (33, http.ChunkedEncodingError("cut"), HYUNDAI, READ, seen(None), "unavailable"),
    (34, CLOUDFLARE, HYUNDAI, READ, seen(403), "unavailable"),
    (35, CLOUDFLARE, HYUNDAI, READ, seen(200), "unavailable"),
    (36, Lib("InvalidAPIResponseError"), EU, READ, seen(200, "4010"), "auth_failed"),
    (37, Lib("InvalidAPIResponseError"), EU, READ, seen(), "unavailable"),
    (37, Lib("APIError", "Unexpected list response shape"), CANADA, READ, seen(), "unavailable"),
    (38, http.HTTPError("403 Client Error"), BR, READ, seen(403), "auth_failed"),
    (38, http.HTTPError("500 Server Error"), BR, READ, seen(500), "unavailable"),
    (39, Lib("APIError", "no fresh data in time"), BR, FORCE, seen(), "vehicle_timeout"),
    (41, KeyError("transactionid"), CANADA, COMMAND, seen(200, "7602"), "auth_failed"),
    (41, KeyError("transactionid"), CANADA, COMMAND, seen(200, "7710"), "vehicle_refused"),
    (42, http.RequestException(), KIA, READ, seen(200, "9999"), "unavailable"),
    (42, http.RequestException(), KIA, COMMAND, seen(200, "9999"), "vehicle_refused"),
    (
        43,
        Lib("APIError", "Access to this API has been disallowed"),
        EU,
        READ,
        seen(),
        "unavailable",
    ),
    (
        44,
        Lib("APIError", "lock failed with HTTP 400: 'x'"),
        HYUNDAI,
        COMMAND,
        seen(400),
        "vehicle_refused",
    ),
    (
        44,
        Lib("APIError", "lock failed with HTTP 503: 'x'"),
        HYUNDAI,
        COMMAND,
        seen(503),
        "unavailable",
    ),
    (45, Lib("APIError", "Server returned: '1' 'x'"), EU, READ, seen(), "unavailable"),
    (45, Lib("APIError", "Server returned: '1' 'x'"), EU, COMMAND, seen(), "vehicle_refused"),
    (45, Lib("APIError", "expired"), CANADA, READ, seen(200, "7606"), "auth_failed"),
    (46, KeyError("resMsg"), AU, FORCE, seen(), "vehicle_timeout"),
    (47, KeyError("vehicleLocation"), HYUNDAI, FORCE, seen(), "unavailable"),
    (48, KeyError("errorMessage"), HYUNDAI, READ, seen(200, "401"), "auth_failed"),
    (48, KeyError("errorMessage"), HYUNDAI, READ, seen(200, "502"), "unavailable"),
    (8, KeyError("errorMessage"), HYUNDAI, READ, seen(200, "502", "HT_534"), "rate_limited"),
    (50, ValueError("temperature"), CANADA, COMMAND, seen(), "invalid_payload"),
    (51, KeyError("vehicleStatus"), HYUNDAI, READ, seen(200), "internal"),
    (51, TypeError("x"), EU, READ, seen(503), "unavailable"),
    (54, RuntimeError("x"), EU, READ, seen(), "internal"),
]


@pytest.mark.parametrize(
    ("row", "error", "family", "kind", "facts", "code"),
    CASES,
    ids=[f"{row}-{family.value}-{kind}-{code}" for row, _, family, kind, _, code in CASES],
)
def test_a_row_of_the_table(
    library: Any, row: int, error: Any, family: Family, kind: str, facts: Seen, code: str
) -> None:
    raised = error.make(library) if isinstance(error, Lib) else error
    trouble = Trouble(raised, family, kind, facts)
    failure = classify(trouble, Redactor())
    assert failure["code"] == code
    assert rule_for(trouble).row == row
    assert failure["retryable"] is RETRYABLE[code]


@pytest.mark.parametrize(
    ("error", "facts", "is_unknown"),
    [
        (http.ConnectTimeout(), seen(None), False),
        (http.ReadTimeout(), seen(None), True),
        (http.ConnectionError("reset by peer"), seen(None), True),
        (http.ConnectionError("Connection refused"), seen(None), False),
        (CLOUDFLARE, seen(403), False),
        (CLOUDFLARE, seen(200), True),
        (http.HTTPError("x"), seen(400), False),
        (http.HTTPError("x"), seen(500), True),
        (RuntimeError(), seen(), True),
        (RuntimeError(), Seen(), False),
    ],
)
def test_whether_a_command_may_have_been_done(error: Any, facts: Seen, is_unknown: bool) -> None:
    failure = classify(Trouble(error, BR, COMMAND, facts), Redactor())
    assert (failure.get("outcome") == "unknown") is is_unknown
    assert failure["sent"] is is_unknown


def test_a_read_has_no_outcome() -> None:
    failure = classify(Trouble(http.ReadTimeout(), KIA, READ, seen(None)), Redactor())
    assert "outcome" not in failure
    assert "sent" not in failure


def test_kia_wraps_a_failed_sign_in_and_the_cause_counts(library: Any) -> None:
    wrapped = Lib("AuthenticationError", "Re-login failed: x", http.ConnectTimeout("x")).make(
        library
    )
    assert classify(Trouble(wrapped, KIA, SIGN_IN, seen()), Redactor())["code"] == "unavailable"
    guarded = Lib("AuthenticationError", "Re-login failed: x", SignInNeeded("no")).make(library)
    failure = classify(Trouble(guarded, KIA, READ, seen()), Redactor())
    assert (failure["code"], failure["sent"]) == ("auth_failed", False)


def test_a_class_of_a_later_release_falls_to_its_base(library: Any) -> None:
    class RoadClosedError(library.exceptions.RateLimitingError):  # type: ignore[misc]
        pass

    failure = classify(Trouble(RoadClosedError(), EU, READ, seen()), Redactor())
    assert failure["code"] == "rate_limited"
    assert "RoadClosedError" in failure["message"]


def test_a_message_holds_the_beginning_and_no_reply() -> None:
    error = ValueError("Bad reply {'pin': '4711', 'sid': 'abc'}")
    message = classify(Trouble(error, EU, READ, seen(503, "E77")), Redactor())["message"]
    assert "Bad reply" in message
    assert "HTTP 503" in message
    assert "E77" in message
    assert "4711" not in message
    assert "sid" not in message


def test_how_long_to_wait_is_told() -> None:
    facts = Seen(requests=1, status=429, retry_after_s=90.4)
    assert classify(Trouble(CLOUDFLARE, EU, READ, facts), Redactor())["retry_after_s"] == 90


@pytest.mark.parametrize(
    ("status", "codes", "code"),
    [
        (200, (), "vehicle_timeout"),
        (None, (), "vehicle_timeout"),
        (202, (), "vehicle_timeout"),
        (200, ("5091",), "rate_limited"),
        (200, ("4004",), "duplicate_request"),
        (400, ("400-004",), "duplicate_request"),
        (200, ("404-002",), "unsupported"),
        (403, ("403-001",), "auth_failed"),
        (429, (), "rate_limited"),
        (509, ("5091",), "rate_limited"),
        (503, ("503-000",), "unavailable"),
        (200, ("4999",), "unavailable"),
        (200, ("4081",), "vehicle_timeout"),
    ],
)
def test_a_wake_that_changed_nothing_says_what_its_reply_said(
    status: int | None, codes: Any, code: str
) -> None:
    facts = Seen(wakes=1, wake_status=status, wake_codes=frozenset(codes), wake_retry_after_s=90)
    failure = not_advanced(facts, "x")
    assert failure["code"] == code
    assert failure.get("retry_after_s") == {"rate_limited": 90, "unavailable": 90}.get(
        code, 60 if code == "duplicate_request" else None
    )


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({"status": {"statusCode": 1, "errorType": 1, "errorCode": 1003}}, {"1003"}),
        ({"status": {"statusCode": 0, "errorCode": 0}}, set()),
        ({"errorCode": 502, "errorSubCode": "HT_534"}, {"502", "HT_534"}),
        ({"retCode": "F", "resCode": "5091"}, {"5091"}),
        ({"retCode": "S", "resCode": "0000"}, set()),
        ({"error": {"errorCode": "7110", "errorDesc": "x"}}, {"7110"}),
        ({"error": "Key not authorized: Token is expired"}, {"token_expired"}),
        ({"errCode": "4010"}, {"4010"}),
        ({"errorCode": "a text that is much too long for a code"}, set()),
        (None, set()),
        ([1], set()),
    ],
)
def test_codes_of_a_reply(body: Any, codes: set[str]) -> None:
    assert codes_in(body) == codes


def test_nothing_sent_is_told_for_every_code() -> None:
    trouble = Trouble(requests.RequestException(), KIA, READ, Seen())
    assert was_sent(trouble, rule_for(trouble), "unavailable") is False
