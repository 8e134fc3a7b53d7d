"""What stands in the way of a sign-in in Europe, and what of it is the password's fault."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from Crypto.PublicKey import RSA

from conftest import Cloud, reply

KEY = RSA.generate(2048)
SAID = "what the vendor said, and a token"


def number(value: int) -> str:
    raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class SignIn(Cloud):
    """The steps of a sign-in to the newer cloud, all of them good."""

    def __init__(self) -> None:
        super().__init__()
        certs = {"retValue": {"kid": "k", "n": number(KEY.n), "e": number(KEY.e)}}
        self.on("oauth2/authorize", reply(b"<html>sign in</html>"))
        self.on("accounts/certs", reply(certs))
        self.on("account/signin", reply(b"", status=302, location="https://x.example/?code=c-1"))
        self.on("/domain/api/v1/auth/token", reply({}, status=404))
        self.on("/auth/v1/token", reply({"accessToken": "a", "refreshToken": "r"}))
        self.on("token-exchange", reply({"accessToken": "ccs", "expiresTime": 86400}))
        self.on("bases/devices", reply({}))
        cars = [{"ccspCarId": "car-1", "vehicleNameView": "Blue", "isEv": True}]
        self.on("available-vehicles", reply({"contents": cars}))


@pytest.fixture
def bench(make_bench: Any, library: Any) -> Any:
    if "europe-cci" not in library.regions:
        pytest.skip("this release of the library has no region europe-cci")
    return make_bench(SignIn(), region="europe-cci", brand="kia")


def test_a_sign_in_lists_the_cars(bench: Any) -> None:
    outcome = bench.run("sign_in")
    assert [car["id"] for car in outcome["result"]["vehicles"]] == ["car-1"]


LOGIN_PAGE = "https://x.example/auth/api/v2/user/oauth2/authorize?again=1"
CONSENT = "https://x.example/web/v1/user/authorization?x=1"
STEPS: list[tuple[str, Any, str, str]] = [
    ("oauth2/authorize", reply(b"<p>abusing request</p>"), "unavailable", "firewall"),
    ("accounts/certs", reply({}, status=503), "unavailable", "not the password"),
    ("accounts/certs", reply({"retValue": {}}), "unavailable", "not the password"),
    ("accounts/certs", reply({"retValue": None}), "unavailable", "not an answer"),
    ("account/signin", reply(SAID, status=429), "rate_limited", "limit"),
    ("account/signin", reply(SAID, status=502), "unavailable", "not the password"),
    ("account/signin", reply(b"<html>no</html>", status=403), "unavailable", "firewall"),
    ("account/signin", reply(SAID), "auth_failed", "check user name"),
    (
        "account/signin",
        reply(b"", status=302, location=LOGIN_PAGE),
        "auth_failed",
        "check user name",
    ),
    (
        "account/signin",
        reply(b"", status=302, location=CONSENT),
        "consent_required",
        "in a browser",
    ),
    ("/auth/v1/token", reply({"message": SAID}, status=500), "unavailable", "not the password"),
    (
        "/auth/v1/token",
        reply({"code": 9035, "m": SAID}, status=403),
        "unavailable",
        "newer library",
    ),
    (
        "/auth/v1/token",
        reply({"code": 9036, "m": SAID}, status=403),
        "unavailable",
        "newer library",
    ),
    ("token-exchange", reply({"code": 9037}, status=401), "unavailable", "newer library"),
    ("token-exchange", reply({"message": SAID}, status=503), "unavailable", "not the password"),
    ("token-exchange", reply({"message": SAID}), "unavailable", "not an answer"),
    ("token-exchange", reply({"accessToken": "a", "expiresTime": 1.7e12}), "unavailable", "answer"),
    ("available-vehicles", reply({"message": SAID}, status=500), "unavailable", "out of order"),
    ("available-vehicles", reply({}, status=429), "rate_limited", "limit"),
    ("available-vehicles", reply({}, status=401), "auth_failed", "this session"),
    ("available-vehicles", reply({"contents": None}), "unavailable", "not an answer"),
    ("available-vehicles", reply(b"<html>hm</html>"), "unavailable", "not an answer"),
]


@pytest.mark.parametrize(("path", "answer", "code", "words"), STEPS)
def test_a_step_that_fails(bench: Any, path: str, answer: Any, code: str, words: str) -> None:
    bench.cloud.on(path, answer)
    outcome = bench.run("sign_in")
    assert outcome["failure"]["code"] == code, outcome
    assert words in outcome["failure"]["message"]
    for secret in (SAID[:12], "correct horse", "driver@example.com", "<html>"):
        assert secret not in json.dumps(outcome["failure"])


@pytest.mark.parametrize(
    ("path", "answer", "wait_s"),
    [
        ("/auth/v1/token", reply({"code": 9036}, status=403), 3 * 3600),
        ("account/signin", reply(b"<html>no</html>", status=403), 3600),
        ("account/signin", reply({}, status=429), 900),
        ("/auth/v1/token", reply({}, status=429), 900),
        ("available-vehicles", reply({}, status=429), 900),
        ("available-vehicles", reply({}, status=429, **{"retry-after": "90"}), 90),
        ("available-vehicles", reply({"rc": "5091"}, status=509), None),
        ("/auth/v1/token", reply({"message": SAID}, status=500), None),
    ],
)
def test_a_password_is_not_sent_again_soon_where_it_helps_nothing(
    bench: Any, path: str, answer: Any, wait_s: float | None
) -> None:
    bench.cloud.on(path, answer)
    assert bench.run("sign_in")["failure"].get("retry_after_s") == wait_s
