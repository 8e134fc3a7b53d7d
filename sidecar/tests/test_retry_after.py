"""How long a vendor asks to wait, in any of the forms in which a header says it."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any

import pytest
from requests.structures import CaseInsensitiveDict

from bluelink_sidecar.retry_after import retry_after_s

DAY_S = 86_400
#: Whatever this machine's clock says.
VENDORS_NOW = "Sun, 22 Nov 2026 10:00:00 GMT"


def headers(**given: str) -> Any:
    return CaseInsensitiveDict({name.replace("_", "-"): said for name, said in given.items()})


@pytest.mark.parametrize(
    ("given", "wait_s"),
    [
        ({}, None),
        ({"retry_after": "0"}, 0),
        ({"retry_after": "120"}, 120),
        ({"retry_after": " 2.5 "}, 2.5),
        ({"retry_after": "86401"}, DAY_S),
        ({"retry_after": "Sun, 22 Nov 2026 10:02:00 GMT", "date": VENDORS_NOW}, 120),
        ({"retry_after": "Sunday, 22-Nov-26 10:02:00 GMT", "date": VENDORS_NOW}, 120),
        ({"retry_after": "Sun Nov 22 10:02:00 2026", "date": VENDORS_NOW}, 120),
        ({"retry_after": "Sun, 22 Nov 2026 12:02:00 +0200", "date": VENDORS_NOW}, 120),
        ({"retry_after": "Tue, 24 Nov 2026 10:00:00 GMT", "date": VENDORS_NOW}, DAY_S),
        ({"retry_after": "Sun, 22 Nov 2026 09:59:00 GMT", "date": VENDORS_NOW}, None),
        # Unix times: 10:01:30 of that day, and a minute before it.
        ({"retry_after": "1795341690", "date": VENDORS_NOW}, 90),
        ({"retry_after": "1795341690000", "date": VENDORS_NOW}, 90),
        ({"retry_after": "1795341540", "date": VENDORS_NOW}, None),
        ({"retry_after": ""}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "-5"}, None),
        ({"retry_after": "nan"}, None),
        ({"retry_after": "inf"}, None),
        ({"retry_after": "1e3"}, None),
        ({"retry_after": "9" * 400}, None),
        ({"retry_after": "Sun, 99 Nov 2026 10:02:00 GMT"}, None),
        ({"retry_after": "Sun, 22 Nov 99999999999 10:02:00 GMT"}, None),
        ({"x_ratelimit_reset": "300"}, 300),
        ({"x_ratelimit_reset": "300", "x_ratelimit_remaining": "0"}, 300),
        ({"x_ratelimit_reset": "300", "retry_after": "60"}, 60),
        ({"x_ratelimit_reset": "300", "retry_after": "soon"}, 300),
        ({"x_ratelimit_reset": "1795341690", "date": VENDORS_NOW}, 90),
        # A counter that has refused nothing, and one that counts nothing.
        ({"x_ratelimit_reset": "300", "x_ratelimit_remaining": "7"}, None),
        ({"x_ratelimit_reset": "0", "x_ratelimit_remaining": "0"}, None),
    ],
    ids=str,
)
def test_what_a_header_says_of_the_wait(given: Any, wait_s: float | None) -> None:
    assert retry_after_s(headers(**given)) == wait_s


def test_a_date_without_the_vendors_clock_is_told_by_ours() -> None:
    found = retry_after_s(headers(retry_after=formatdate(time.time() + 3600, usegmt=True)))
    assert found is not None
    assert 3000 < found <= 3600
