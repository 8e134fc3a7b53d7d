"""The fields of a task: what is missing or wrong is named, never quoted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bluelink_sidecar.checks import BadRequest
from bluelink_sidecar.protocol import Request, parse_request

ACCOUNT = {
    "region": "usa",
    "brand": "kia",
    "username": "driver@example.com",
    "password": "correct horse",
    "pin": None,
    "language": None,
}


def parsed(operation: str, **task: Any) -> Request:
    whole = {
        "account": "home",
        "operation": operation,
        "remaining_ms": 1000,
        "session": None,
        **task,
    }
    return parse_request(
        json.dumps({"type": "task", "id": 1, "task": whole, "account": ACCOUNT}).encode()
    )


def test_the_steps_of_a_code_are_read() -> None:
    asked = parsed("request_code", method="sms", device={"version": 1})
    assert (asked.method, asked.device, asked.vehicle) == ("sms", {"version": 1}, None)
    assert parsed("submit_code", code="012345").code == "012345"


def test_a_secret_of_a_task_is_not_shown() -> None:
    shown = repr(parsed("submit_code", code="012345", device={"device_id": "device-1"}))
    assert "012345" not in shown
    assert "device-1" not in shown


def test_the_device_and_the_gaps_may_be_left_out() -> None:
    assert parsed("sign_in").device is None
    assert parsed("list", device=None).device is None
    assert parsed("force", vehicle="car-1").read_back_s == ()
    assert parsed("force", vehicle="car-1", read_back_s=[5, 7.5]).read_back_s == (5.0, 7.5)


@pytest.mark.parametrize(
    ("operation", "task", "message"),
    [
        ("sign_out", {}, "task.operation: expected one of sign_in, list, request_code,"),
        ("cached", {}, "task.vehicle: expected text, got null"),
        ("sign_in", {"device": "d-1"}, "task.device: expected an object or null, got text"),
        ("request_code", {}, "task.method: expected text, got null"),
        ("request_code", {"method": "pigeon"}, "task.method: expected one of email, sms, got"),
        ("submit_code", {}, "task.code: expected text, got null"),
        ("submit_code", {"code": 123456}, "task.code: expected text, got a number"),
        ("submit_code", {"code": "12 34"}, "task.code: expected 1 to 16 digits, got other text"),
        ("submit_code", {"code": "１２３"}, "task.code: expected 1 to 16 digits, got other text"),
        ("submit_code", {"code": "123456\n"}, "task.code: expected 1 to 16 digits, got other"),
        ("force", {"read_back_s": 5}, "task.read_back_s: expected a list of numbers, got a number"),
        ("force", {"read_back_s": ["5"]}, "task.read_back_s: expected numbers only, got text"),
        (
            "force",
            {"read_back_s": [True]},
            "task.read_back_s: expected numbers only, got a boolean",
        ),
        ("force", {"read_back_s": [-1]}, "task.read_back_s: expected numbers from 0, got another"),
        ("force", {"read_back_s": [1e999]}, "task.read_back_s: expected numbers from 0, got"),
    ],
)
def test_what_is_wrong_is_named(operation: str, task: Any, message: str) -> None:
    if operation == "force":
        task = {"vehicle": "car-1", **task}
    with pytest.raises(BadRequest) as bad:
        parsed(operation, **task)
    assert str(bad.value).startswith(message)
    assert bad.value.request_id == 1
