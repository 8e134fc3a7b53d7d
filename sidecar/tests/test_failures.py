"""The table from errors to codes, with the library's own exceptions."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from requests import exceptions as http

from bluelink_sidecar.failure_rules import rule_for
from bluelink_sidecar.failures import classify, not_advanced, was_sent
from bluelink_sidecar.http_watch import NoTimeLeft, Seen
from bluelink_sidecar.outcomes import RETRYABLE
from bluelink_sidecar.redaction import Redactor
from bluelink_sidecar.refusals import SignInNeeded
from bluelink_sidecar.regions import Family
from bluelink_sidecar.sending import Sending, SentAlready
from bluelink_sidecar.trouble import Trouble
from bluelink_sidecar.vendor_codes import DAILY, LIMITED, codes_in

KIA, HYUNDAI, CANADA = Family.KIA_USA, Family.HYUNDAI_USA, Family.CANADA
EU, AU, BR, CN = Family.EUROPE, Family.AUSTRALIA, Family.BRAZIL, Family.CHINA
CCI = Family.EUROPE_CCI


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
    is_object, said = status is not None, frozenset(codes)
    return Seen(
        requests=1,
        status=status,
        codes=said,
        is_waking=waking,
        is_object=is_object,
        sending=Sending(until=0, requests=1, status=status, codes=said),
    )


def page(status: int) -> Seen:
    return Seen(requests=1, status=status)


def after_outage(status: int) -> Seen:
    """The last reply is well formed, one before it was a server's own failure."""
    return Seen(requests=2, status=status, is_object=True, is_disordered=True)


def gate(status: int) -> Seen:
    """The last reply is of the way that is tried after the gate's refusal."""
    return Seen(requests=2, status=status, all_codes=frozenset({"9036"}))


NO_STATUS = "GSPA stored-status returned no data"
NO_LIST = "CCI get_vehicles failed: HTTP {} — body"
EXCHANGE = "CCI token exchange failed: HTTP {} — body. This may indicate an API change."
SIGNIN = "Signin failed: HTTP {} — body. Check username and password."
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
    (
        31,
        Lib("RequestTimeoutError", "x", NoTimeLeft("over")),
        KIA,
        READ,
        seen(),
        "timeout",
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
    (21, http.HTTPError("400 Client Error"), BR, FORCE, seen(400, "4004"), "duplicate_request"),
    (22, http.HTTPError("400 Client Error"), BR, FORCE, seen(400, "4005"), "unsupported"),
    (29, http.HTTPError("408 Client Error"), BR, FORCE, seen(408, "4081"), "vehicle_timeout"),
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
    # The newer European cloud, and the sign-in that both share.
    (63, Lib("APIError", NO_STATUS), CCI, READ, seen(403), "auth_failed"),
    (63, Lib("APIError", NO_STATUS), CCI, READ, seen(200, "403-001"), "auth_failed"),
    (63, Lib("APIError", NO_STATUS), CCI, READ, seen(404), "unsupported"),
    (63, Lib("APIError", NO_STATUS), CCI, READ, seen(None), "unavailable"),
    (63, Lib("APIError", NO_STATUS), CCI, READ, seen(500), "unavailable"),
    (9, Lib("APIError", NO_STATUS), CCI, READ, seen(429), "rate_limited"),
    (9, Lib("APIError", NO_STATUS), CCI, READ, seen(200, "509-000"), "rate_limited"),
    (9, Lib("APIError", NO_STATUS), CCI, READ, seen(400, "5091"), "rate_limited"),
    (63, Lib("APIError", NO_LIST.format(401)), CCI, SIGN_IN, seen(401), "auth_failed"),
    (63, Lib("APIError", NO_LIST.format(502)), CCI, SIGN_IN, seen(502), "unavailable"),
    (9, Lib("APIError", NO_LIST.format(429)), CCI, READ, seen(429), "rate_limited"),
    (51, TypeError("'NoneType' object is not iterable"), CCI, SIGN_IN, seen(), "unavailable"),
    (51, KeyError("n"), EU, SIGN_IN, seen(), "unavailable"),
    (51, OverflowError("date value out of range"), CCI, SIGN_IN, seen(), "unavailable"),
    (9, Lib("ServiceTemporaryUnavailable", "GSPA transient"), CCI, READ, seen(509), "rate_limited"),
    (
        9,
        Lib("ServiceTemporaryUnavailable", "GSPA transient: 5091 x"),
        CCI,
        READ,
        seen(500),
        "rate_limited",
    ),
    (28, Lib("ServiceTemporaryUnavailable", "GSPA transient"), CCI, READ, seen(503), "unavailable"),
    (61, Lib("AuthenticationError", EXCHANGE.format(403)), CCI, SIGN_IN, gate(403), "unavailable"),
    (61, Lib("AuthenticationError", EXCHANGE.format(404)), EU, SIGN_IN, gate(404), "unavailable"),
    (11, Lib("AuthenticationError", EXCHANGE.format(503)), CCI, SIGN_IN, seen(503), "unavailable"),
    (15, Lib("AuthenticationError", EXCHANGE.format(401)), CCI, SIGN_IN, seen(401), "auth_failed"),
    (9, Lib("AuthenticationError", SIGNIN.format(429)), EU, SIGN_IN, seen(429), "rate_limited"),
    # A call after the sign-in may have been the last that was seen.
    (11, Lib("AuthenticationError", SIGNIN.format(429)), EU, SIGN_IN, seen(200), "rate_limited"),
    (11, Lib("AuthenticationError", SIGNIN.format(502)), EU, SIGN_IN, seen(502), "unavailable"),
    (
        10,
        Lib("AuthenticationError", "Signin failed: HTTP 403 — <html>denied</html>"),
        EU,
        SIGN_IN,
        seen(403),
        "unavailable",
    ),
    (15, Lib("AuthenticationError", SIGNIN.format(200)), CCI, SIGN_IN, seen(200), "auth_failed"),
    (
        11,
        Lib("AuthenticationError", "API error: certs response missing RSA key material"),
        CCI,
        SIGN_IN,
        seen(),
        "unavailable",
    ),
    (
        62,
        Lib("AuthenticationError", "CCS token exchange returned no accessToken: {}"),
        CCI,
        SIGN_IN,
        seen(),
        "unavailable",
    ),
    (
        6,
        Lib("ConsentRequiredError", "Account consent"),
        CCI,
        SIGN_IN,
        seen(302),
        "consent_required",
    ),
    (
        17,
        Lib("UnsupportedControlError", "PIN is not configured"),
        CCI,
        COMMAND,
        seen(),
        "pin_rejected",
    ),
    (
        17,
        Lib("APIError", "PIN is temporarily locked (lockout window: 300 s)"),
        CCI,
        COMMAND,
        seen(),
        "pin_rejected",
    ),
    (17, Lib("APIError", "PIN verification failed"), CCI, COMMAND, page(401), "auth_failed"),
    (17, Lib("APIError", "PIN verification failed"), CCI, COMMAND, seen(500), "unavailable"),
    # A sign-in that failed is no refusal where nothing was refused.
    (64, Lib("AuthenticationError", "Login Failed"), AU, SIGN_IN, seen(None), "unavailable"),
    (64, Lib("AuthenticationError", "Login Failed"), AU, SIGN_IN, page(200), "unavailable"),
    (64, Lib("AuthenticationError", "HTTP 400"), BR, SIGN_IN, after_outage(400), "unavailable"),
    (64, Lib("AuthenticationError", "UARS login callback"), CN, SIGN_IN, seen(), "unavailable"),
    (64, Lib("AuthenticationError", "HTTP 400"), CN, SIGN_IN, seen(400, "4002"), "unavailable"),
    (15, Lib("AuthenticationError", "HTTP 400"), CN, SIGN_IN, seen(400, "4003"), "auth_failed"),
    (
        6,
        Lib("AuthenticationError", "the account must accept the terms of service (x step=0)"),
        BR,
        SIGN_IN,
        seen(),
        "consent_required",
    ),
    (15, Lib("AuthenticationError", "Login Failed"), AU, READ, page(200), "auth_failed"),
    (51, TypeError("x"), CANADA, SIGN_IN, seen(), "unavailable"),
    (51, ValueError("no header"), HYUNDAI, SIGN_IN, seen(), "unavailable"),
    # Limits that are said in words.
    (9, http.RequestException(), KIA, READ, seen(200, "9001", LIMITED), "rate_limited"),
    (9, Lib("APIError", "slow down"), CANADA, READ, seen(200, "7445", LIMITED), "rate_limited"),
    (9, Lib("APIError", "Server returned: '5091'"), AU, SIGN_IN, seen(200, "5091"), "rate_limited"),
    # Canada by its codes, whatever the library makes of them.
    (15, Lib("AuthenticationError", "locked"), CANADA, SIGN_IN, seen(200, "7402"), "auth_failed"),
    (15, KeyError("result"), CANADA, SIGN_IN, seen(200, "7402"), "auth_failed"),
    (15, Lib("AuthenticationError", "wrong"), CANADA, SIGN_IN, seen(200, "7404"), "auth_failed"),
    (15, Lib("AuthenticationError", "expired"), CANADA, READ, seen(200, "7403"), "auth_failed"),
    (45, Lib("APIError", "no device"), CANADA, SIGN_IN, seen(200, "7710"), "unavailable"),
    (45, Lib("APIError", "no"), CANADA, READ, seen(200, "7445"), "unavailable"),
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
    ("error", "facts", "is_unknown", "is_sent"),
    [
        (http.ConnectTimeout(), seen(None), False, False),
        (http.ReadTimeout(), seen(None), True, True),
        (http.ConnectionError("reset by peer"), seen(None), True, True),
        (http.ConnectionError("Connection refused"), seen(None), False, False),
        (CLOUDFLARE, seen(403), False, True),
        (CLOUDFLARE, seen(200), True, True),
        (http.HTTPError("x"), seen(400), False, True),
        (http.HTTPError("x"), seen(401), False, False),
        (http.HTTPError("x"), seen(500), True, True),
        (Lib("DeviceIDError", "x"), seen(200, "4002"), False, False),
        (Lib("ServiceTemporaryUnavailable", "x"), seen(200, "5031"), False, True),
        (Lib("ServiceTemporaryUnavailable", "x"), seen(504), True, True),
        (Lib("APIError", "x"), seen(502), True, True),
        (Lib("APIError", "x"), seen(400), False, True),
        (SentAlready(), seen(401), False, False),
        (SentAlready(), seen(200, "4002"), False, False),
        (SentAlready(), seen(307), True, True),
        (SignInNeeded("x"), seen(200, "1003"), False, False),
        (SignInNeeded("x"), seen(200), True, True),
        (RuntimeError(), seen(), True, True),
        (RuntimeError(), Seen(), False, False),
        # The PIN was asked for, and nothing else.
        (http.ReadTimeout(), page(200), False, False),
    ],
)
def test_whether_a_command_may_have_been_done(
    library: Any, error: Any, facts: Seen, is_unknown: bool, is_sent: bool
) -> None:
    raised = error.make(library) if isinstance(error, Lib) else error
    failure = classify(Trouble(raised, BR, COMMAND, facts), Redactor())
    assert (failure.get("outcome") == "unknown") is is_unknown
    assert failure.get("sent") is is_sent


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


@pytest.mark.parametrize(
    "text",
    [
        "CCI token exchange failed: HTTP 500 — secret-reply and more",
        "CCS token exchange returned no accessToken: secret-reply",
        "API error: unexpected redirect after signin: /web?code=secret-reply",
        "GSPA error: HTTP 200 non-JSON body: 'secret-reply'",
        "lock failed with HTTP 502: 'secret-reply'",
        "Server answered <html>secret-reply</html>",
    ],
)
def test_nothing_of_a_reply_is_quoted(library: Any, text: str) -> None:
    error = Lib("APIError", text).make(library)
    message = classify(Trouble(error, CCI, SIGN_IN, seen(500)), Redactor())["message"]
    assert "secret-reply" not in message
    assert text.split(":")[0].split(" <")[0].split(" HTTP")[0] in message


@pytest.mark.parametrize(
    ("error", "family", "kind", "facts", "words"),
    [
        (Lib("AuthenticationError", "returned to login page"), CCI, SIGN_IN, seen(), "password"),
        (
            Lib("AuthenticationError", EXCHANGE.format(403)),
            CCI,
            SIGN_IN,
            gate(403),
            "newer library",
        ),
        (Lib("AuthenticationError", "abusing request"), EU, SIGN_IN, seen(), "firewall"),
        (
            Lib("AuthenticationError", EXCHANGE.format(503)),
            CCI,
            SIGN_IN,
            seen(503),
            "not the password",
        ),
        (Lib("APIError", "API Error 401: x"), HYUNDAI, SIGN_IN, seen(), "check user name"),
        (Lib("APIError", "API Error 401: x"), HYUNDAI, READ, seen(), "this session"),
        (Lib("ConsentRequiredError", "x"), CCI, SIGN_IN, seen(), "in a browser"),
        (Lib("AuthenticationError", "x"), CANADA, SIGN_IN, seen(200, "7402"), "unlock it"),
        (Lib("RateLimitingError", "x"), AU, READ, seen(), "waiting"),
        (Lib("UnsupportedControlError", "PIN is not configured"), CCI, COMMAND, seen(), "no PIN"),
    ],
)
def test_a_message_says_what_can_be_done(
    library: Any, error: Lib, family: Family, kind: str, facts: Seen, words: str
) -> None:
    message = classify(Trouble(error.make(library), family, kind, facts), Redactor())["message"]
    assert words in message


def test_a_force_whose_wake_went_out_is_not_to_be_repeated(library: Any) -> None:
    error = Lib("AuthenticationError", "expired").make(library)
    asleep, refused = Seen(requests=1), Seen(requests=1, wakes=1, wake_status=401)
    woken = Seen(requests=2, wakes=1, wake_status=200)
    unanswered = Seen(requests=1, wakes=1)
    for facts, sent in ((asleep, False), (refused, False), (woken, None), (unanswered, None)):
        assert classify(Trouble(error, EU, FORCE, facts), Redactor()).get("sent") is sent
        needed = classify(Trouble(SignInNeeded("x"), EU, FORCE, facts), Redactor())
        assert needed.get("sent") is sent


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
        ({"metaInfo": {"retCode": "F", "resCode": "404-002"}}, {"404-002"}),
        ({"metaInfo": {"retCode": "S", "resCode": "200-000"}, "data": {}}, set()),
        ({"metaInfo": None}, set()),
        ({"rc": "5091", "msg": "no"}, {"5091"}),
        ({"rc": "0000", "rs": {}}, set()),
        ({"code": 9036}, {"9036"}),
        ({"code": 200, "accessToken": "a"}, set()),
        ({"code": "0000"}, set()),
        (
            {"status": {"statusCode": 1, "errorCode": 9001, "errorMessage": "Too many requests"}},
            {"9001", LIMITED},
        ),
        (
            {"retCode": "F", "resCode": "5091", "resMsg": "Exceeds number of requests"},
            {"5091", DAILY},
        ),
        (
            {
                "errorCode": 502,
                "errorSubCode": "HT_534",
                "errorMessage": "You have exceeded the daily remote service request limit.",
            },
            {"502", "HT_534", DAILY},
        ),
        (
            {
                "responseHeader": {"responseCode": 1},
                "error": {"errorCode": "7445", "errorDesc": "Over the daily limit of requests"},
            },
            {"7445", DAILY},
        ),
        ({"errorMessage": "The request limit is reached"}, {LIMITED}),
        ({"message": "a daily report"}, set()),
        ({"retCode": "S", "resMsg": {"state": {}}}, set()),
        (None, set()),
        ([1], set()),
    ],
)
def test_codes_of_a_reply(body: Any, codes: set[str]) -> None:
    assert codes_in(body) == codes


def test_nothing_sent_is_told_for_every_code() -> None:
    trouble = Trouble(requests.RequestException(), KIA, READ, Seen())
    assert was_sent(trouble, rule_for(trouble), "unavailable") is False
