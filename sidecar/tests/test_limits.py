"""A limit of the day has no time to wait: the bridge stops until the next day. A short one always has one."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from requests import exceptions as http

from bluelink_sidecar.failures import classify, not_advanced
from bluelink_sidecar.http_watch import Seen
from bluelink_sidecar.limits import SHORT_WAIT_S
from bluelink_sidecar.redaction import Redactor
from bluelink_sidecar.regions import Family
from bluelink_sidecar.trouble import Trouble
from bluelink_sidecar.vendor_codes import DAILY, LIMITED
from test_failures import (
    BR,
    CANADA,
    CCI,
    CLOUDFLARE,
    COMMAND,
    EU,
    FORCE,
    HYUNDAI,
    KIA,
    NO_STATUS,
    READ,
    SIGN_IN,
    SIGNIN,
    Lib,
    page,
    seen,
)

OF_DAY: list[tuple[Any, Family, str, Seen]] = [
    (Lib("RateLimitingError", "5091"), EU, READ, seen(200, "5091")),
    (Lib("RateLimitingError", "5091"), EU, COMMAND, seen(509, "5091")),
    (Lib("RateLimitingError", "5091"), EU, SIGN_IN, seen(429, "5091")),
    (Lib("RateLimitingError", "5091"), Family.CHINA, FORCE, seen(200, "5091")),
    (Lib("APIError", "Server returned: '5091'"), Family.AUSTRALIA, READ, seen(200, "5091")),
    (Lib("APIError", "lock failed: 5091"), BR, COMMAND, seen(200, "5091")),
    (http.HTTPError("400"), BR, COMMAND, seen(400, "5091")),
    (http.HTTPError("the trips were not answered"), BR, "trips", seen(509)),
    (
        Lib("APIError", "API Error 502: the daily remote service request limit"),
        HYUNDAI,
        READ,
        seen(),
    ),
    (Lib("APIError", "lock failed with HTTP 502: 'HT_534'"), HYUNDAI, COMMAND, seen(502)),
    (KeyError("errorMessage"), HYUNDAI, FORCE, seen(200, "502", "HT_534")),
    (Lib("APIError", "HT_534"), HYUNDAI, FORCE, seen(429, "502", "HT_534")),
    (Lib("APIError", "no"), CANADA, READ, seen(200, "7445", DAILY)),
    (Lib("APIError", "no"), CANADA, READ, seen(429, "7445", DAILY)),
    (http.RequestException(), KIA, COMMAND, seen(200, "9001", DAILY)),
    (CLOUDFLARE, KIA, READ, page(509)),
    (Lib("APIError", NO_STATUS), CCI, READ, seen(400, "5091")),
    (Lib("APIError", NO_STATUS), CCI, READ, seen(200, "509-000")),
    (Lib("ServiceTemporaryUnavailable", "GSPA transient"), CCI, COMMAND, seen(509)),
    (Lib("ServiceTemporaryUnavailable", "GSPA transient: 5091 x"), CCI, READ, seen(500)),
    (Lib("AuthenticationError", SIGNIN.format(509)), EU, SIGN_IN, page(200)),
]
SHORT: list[tuple[Any, Family, str, Seen]] = [
    (Lib("InvalidAPIResponseError"), EU, READ, seen(429)),
    (Lib("RateLimitingError", "slow down"), EU, READ, seen(429)),
    (http.HTTPError("429"), BR, COMMAND, seen(429)),
    (Lib("APIError", "lock failed with HTTP 429: 'x'"), HYUNDAI, COMMAND, seen(429)),
    (CLOUDFLARE, KIA, READ, page(429)),
    (http.RequestException(), KIA, COMMAND, seen(200, "9001", LIMITED)),
    (CLOUDFLARE, CANADA, SIGN_IN, page(429)),
    (Lib("APIError", "slow down"), CANADA, READ, seen(200, "7445", LIMITED)),
    (Lib("APIError", NO_STATUS), CCI, READ, page(429)),
    (Lib("APIError", "GSPA error: rc=None, msg=None"), CCI, COMMAND, seen(429, "429-001")),
    (Lib("APIError", "GSPA error: rc=None, msg=None"), CCI, COMMAND, seen(200, "429-000")),
    (Lib("AuthenticationError", SIGNIN.format(429)), EU, SIGN_IN, page(429)),
    (Lib("AuthenticationError", SIGNIN.format(429)), EU, SIGN_IN, page(200)),
    (CLOUDFLARE, Family.OTHER, READ, page(429)),
]


def failure_of(library: Any, error: Any, family: Family, kind: str, facts: Seen) -> Any:
    raised = error.make(library) if isinstance(error, Lib) else error
    return classify(Trouble(raised, family, kind, facts), Redactor())


@pytest.mark.parametrize(
    ("error", "family", "kind", "facts", "wait_s"),
    [
        *[
            pytest.param(*case, None, id=f"day-{case[1].value}-{n}")
            for n, case in enumerate(OF_DAY)
        ],
        *[
            pytest.param(*case, round(SHORT_WAIT_S), id=f"short-{case[1].value}-{n}")
            for n, case in enumerate(SHORT)
        ],
    ],
)
def test_only_a_limit_of_the_day_has_no_time_to_wait(
    library: Any, error: Any, family: Family, kind: str, facts: Seen, wait_s: int | None
) -> None:
    found = failure_of(library, error, family, kind, facts)
    assert (found["code"], found.get("retry_after_s")) == ("rate_limited", wait_s)
    assert ("for today" in found["message"]) is (wait_s is None)
    told = failure_of(library, error, family, kind, dataclasses.replace(facts, retry_after_s=90))
    assert (told["code"], told["retry_after_s"]) == ("rate_limited", 90)


@pytest.mark.parametrize(
    ("status", "codes", "wait_s"),
    [
        (200, ("5091",), None),
        (200, ("5091", DAILY), None),
        (509, (), None),
        (400, ("509-000",), None),
        (429, ("5091",), None),
        (429, (), SHORT_WAIT_S),
        (200, ("429-000",), SHORT_WAIT_S),
        (200, ("9001", LIMITED), SHORT_WAIT_S),
    ],
)
def test_a_wake_tells_the_two_apart_as_well(status: int, codes: Any, wait_s: float | None) -> None:
    facts = Seen(wakes=1, wake_status=status, wake_codes=frozenset(codes))
    found = not_advanced(facts, "x")
    assert (found["code"], found.get("retry_after_s")) == ("rate_limited", wait_s)
    told = not_advanced(dataclasses.replace(facts, wake_retry_after_s=90), "x")
    assert (told["code"], told["retry_after_s"]) == ("rate_limited", 90)
