from __future__ import annotations

import json
import logging
from typing import Any
from urllib.parse import quote

import pytest
import requests

from bluelink_sidecar.log import ChannelHandler
from bluelink_sidecar.protocol import Channel
from bluelink_sidecar.redaction import LONGEST, Redactor
from clouds import HyundaiUsa, KiaUsa
from conftest import Lines, reply

SECRETS = {
    "password": "p&ss 'word\"",
    "pin": "0815",
    "username": "anna.maria+car@example.com",
    "token": "abcdefgh",
}


@pytest.fixture
def redactor() -> Redactor:
    found = Redactor()
    found.learn([*SECRETS.values(), None, 12])
    return found


@pytest.mark.parametrize("secret", SECRETS.values())
def test_known_values_go_in_every_spelling(redactor: Redactor, secret: str) -> None:
    for spelling in (secret, quote(secret), json.dumps(secret), repr(secret)):
        text = redactor.text(f"before {spelling} after")
        assert secret not in text
        assert text.startswith("before")
        assert text.endswith("after")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("{'accessToken': 'qwerty1', 'x': 1}", "qwerty1"),
        ('{"refresh_token":"qwerty1"}', "qwerty1"),
        ("blueLinkServicePin: 9876, x", "9876"),
        ("sid=qwerty1", "qwerty1"),
        ("{'vehicleKey': 'qwerty1'}", "qwerty1"),
        ("Authorization: Bearer qwerty1", "qwerty1"),
        ("mail to max@example.org now", "max@example.org"),
        ("car KM8KNDAF0PU123456 is", "KM8KNDAF0PU123456"),
        ("device 0f8fad5b-d9cb-469f-a165-70867728950e", "70867728950e"),
        ("{'lat': 52.5, 'lon': 13.4}", "52.5"),
        ("at 52.520008 13.404954", "52.520008"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl", "c2lnbmF0dXJl"),
        ("Max retries exceeded with url: /v1/vehicles/77aa (Caused", "77aa"),
        ("GET https://api.example.com/v1/77aa?x=1", "77aa"),
    ],
)
def test_secrets_go_by_key_and_by_form(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in Redactor().text(text)


def test_ordinary_words_stay() -> None:
    text = "Read timed out. (read timeout=30) HTTP 502: Bad Gateway KeyError 'vehicleStatus'"
    assert Redactor().text(text) == text


def test_a_pin_inside_another_number_stays(redactor: Redactor) -> None:
    assert redactor.text("code 208151 pin 0815") == "code 208151 pin [hidden]"


def test_long_and_broken_lines_are_cut() -> None:
    text = Redactor().text("word\n" * 1000)
    assert len(text) == LONGEST
    assert "\n" not in text


def test_library_lines_come_out_redacted_and_without_traceback(redactor: Redactor) -> None:
    lines = Lines()
    handler = ChannelHandler(Channel(lines), redactor, lambda: 3)
    logger = logging.Logger("hyundai_kia_connect_api.X")
    logger.addHandler(handler)
    try:
        raise ValueError("abcdefgh")
    except ValueError:
        logger.warning("failed for %s", SECRETS["username"], exc_info=True)
    logger.info("not told")
    logger.error("%d", "no number")
    first, second = lines.messages("log")
    assert first["message"] == "hyundai_kia_connect_api.X: failed for [hidden]"
    assert (first["id"], first["level"]) == (3, "debug")
    assert "could not be put together" in second["message"]


def test_no_secret_leaves_the_process_but_in_the_session(make_bench: Any) -> None:
    """Whatever goes wrong with a text full of secrets: the lines never hold one."""
    car = HyundaiUsa()
    bench = make_bench(car, brand="hyundai")
    session = bench.run("sign_in")["session"]
    leak = "driver@example.com correct horse 4711 access-token-number-1 refresh-token-number-1 km8kndaf0pu000001"
    for broken in (
        requests.exceptions.ConnectionError(f"with {leak} in it"),
        reply({"errorCode": 999, "errorMessage": leak}),
        reply({"errorCode": leak, "errorMessage": leak}, status=500),
        RuntimeError(leak),
    ):
        car.on("rvs/vehicleStatus", broken)
        for operation in ("cached", "force"):
            bench.worker.run(bench.request(operation, session, vehicle="car-1"))
    lines = bench.lines.getvalue().decode().splitlines()
    told = [line for line in lines if json.loads(line)["type"] != "session"]
    outcomes = bench.lines.messages("outcome")
    assert len(outcomes) == 8
    assert not any(one["outcome"]["ok"] for one in outcomes)
    for secret in leak.split():
        assert not any(secret in line for line in told)


def test_requests_and_accounts_do_not_print_their_secrets(make_bench: Any) -> None:
    bench = make_bench(KiaUsa())
    text = repr(bench.request("cached", {"token": {"access_token": "qwerty"}}, vehicle="car-1"))
    for secret in ("qwerty", "correct horse", "4711", "driver@example.com"):
        assert secret not in text
