from __future__ import annotations

import base64
import json
from types import SimpleNamespace
from typing import Any

import pytest

from bluelink_sidecar.device import Device
from bluelink_sidecar.regions import Family
from bluelink_sidecar.session_expiry import session_expires_at
from clouds import HyundaiUsa
from conftest import reply


def jwt(claims: Any) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJub25lIn0.{payload}.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("token", "told"),
    [
        (jwt({"exp": 1_800_000_000}), "2027-01-15T08:00:00Z"),
        (jwt({"exp": 1_800_000_000_000, "n": "???>>>"}), "2027-01-15T08:00:00Z"),
        (jwt({"exp": "1800000000"}), "2027-01-15T08:00:00Z"),
        (jwt({"sub": "x"}), None),
        (jwt({"exp": "soon"}), None),
        (jwt({"exp": 1e300}), None),
        (jwt([1]), None),
        ("opaque", None),
        ("a.b.c", None),
        ("a.é.c", None),
        (None, None),
    ],
)
def test_the_end_of_a_refresh_token_is_told_where_it_can_be_read(token: Any, told: Any) -> None:
    holder = SimpleNamespace(refresh_token=token)
    assert session_expires_at(holder, Family.EUROPE, Device()) == told


def test_canada_trusts_a_device_for_ninety_days() -> None:
    holder = SimpleNamespace(refresh_token=jwt({"exp": 1_800_000_000}))
    trusted = Device(trusted_at="2026-11-22T10:00:00.250Z")
    told = session_expires_at(holder, Family.CANADA, trusted)
    assert told == "2027-02-20T10:00:00.250Z"
    assert session_expires_at(holder, Family.CANADA, Device()) is None
    assert session_expires_at(holder, Family.CANADA, Device(trusted_at="then")) is None


def test_the_refresh_token_of_china_says_nothing() -> None:
    holder = SimpleNamespace(refresh_token=jwt({"exp": 1_800_000_000}))
    assert session_expires_at(holder, Family.CHINA, Device()) is None


def test_it_is_told_with_a_session_and_only_then(make_bench: Any) -> None:
    cloud = HyundaiUsa()
    token = {"access_token": "a", "refresh_token": jwt({"exp": 1_800_000_000}), "expires_in": 1799}
    cloud.on("oauth/token", reply(token))
    bench = make_bench(cloud, brand="hyundai")
    outcome = bench.run("sign_in")
    assert outcome["session_expires_at"] == "2027-01-15T08:00:00Z"
    assert "session_expires_at" not in bench.run("cached", outcome["session"])
