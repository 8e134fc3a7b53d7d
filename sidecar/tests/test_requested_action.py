"""What the bridge may ask of a car, checked to the last field."""

from __future__ import annotations

import copy
import json
import time
from typing import Any

import pytest

from bluelink_sidecar.checks import BadRequest
from bluelink_sidecar.protocol import Request, parse_request
from clouds_commands import ACTIONS, CLIMATE, LOCK, NAVIGATION, SCHEDULE, WINDOWS


def parsed(operation: str, **task: Any) -> Request:
    line = {
        "type": "task",
        "id": 1,
        "account": {"region": "usa", "brand": "kia", "username": "u", "password": "p"},
        "task": {
            "account": "home",
            "operation": operation,
            "vehicle": "car-1",
            "remaining_ms": 1000,
            "session": None,
            **task,
        },
    }
    return parse_request(json.dumps(line).encode())


def command(action: Any, **task: Any) -> Request:
    return parsed("command", **{"action": action, "send_within_ms": 1000, **task})


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: str(action["name"]))
def test_every_command_is_understood(action: Any) -> None:
    assert command(action).action == action
    asked = parsed("action_status", action=action, action_id="a-1")
    assert (asked.action, asked.action_id, asked.send_until) == (action, "a-1", None)


def test_a_command_may_leave_until_a_time_that_is_counted_from_its_arrival() -> None:
    until = command(LOCK, send_within_ms=5000).send_until
    assert until is not None
    assert 4 < until - time.monotonic() <= 5


@pytest.mark.parametrize("period", ["2026-11", "2026-11-30", "1999-01"])
def test_trips_are_asked_for_by_month_or_day(period: str) -> None:
    assert parsed("trips", period=period).period == period


def without(action: Any, *path: Any) -> Any:
    changed = copy.deepcopy(action)
    holder = changed
    for step in path[:-1]:
        holder = holder[step]
    del holder[path[-1]]
    return changed


def with_(action: Any, value: Any, *path: Any) -> Any:
    changed = copy.deepcopy(action)
    holder = changed
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return changed


CURRENT, LIMITS = {"name": "charging_current", "percent": 100}, ACTIONS[4]


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (None, "task.action: expected an object, got null"),
        ([], "task.action: expected an object, got a list"),
        ({}, "task.action.name: expected one of lock, climate_start,"),
        ({"name": "explode"}, "task.action.name: expected one of"),
        ({"name": ["lock"]}, "task.action.name: expected one of"),
        (without(LOCK, "value"), "task.action.value: expected a value, got none"),
        (with_(LOCK, "open", "value"), "task.action.value: expected one of lock, unlock, got"),
        (with_(LOCK, None, "value"), "task.action.value: expected one of"),
        (with_(LOCK, 1, "more"), "task.action: expected no fields but name, value, got others"),
        (with_(CLIMATE, "21", "temperature"), "task.action.temperature: expected a number, got"),
        (with_(CLIMATE, True, "temperature"), "task.action.temperature: expected a number, got"),
        (with_(CLIMATE, 0, "duration_min"), "task.action.duration_min: expected a whole number"),
        (with_(CLIMATE, 1.5, "duration_min"), "task.action.duration_min: expected a whole number"),
        (with_(CLIMATE, 1, "defrost"), "task.action.defrost: expected a boolean, got a number"),
        (with_(CLIMATE, None, "heating"), "task.action.heating: expected one of off, all,"),
        (without(CLIMATE, "seats", "rear_left"), "task.action.seats.rear_left: expected a value"),
        (with_(CLIMATE, "hot", "seats", "rear_left"), "task.action.seats.rear_left: expected one"),
        (with_(LIMITS, 80.5, "ac"), "task.action.ac: expected a whole number, got a number"),
        (with_(CURRENT, 70, "percent"), "task.action.percent: expected one of 100, 90, 60, got"),
        (with_(CURRENT, True, "percent"), "task.action.percent: expected one of"),
        (with_(CURRENT, 100.0, "percent"), "task.action.percent: expected one of"),
        (with_(WINDOWS, "half", "rear_left"), "task.action.rear_left: expected one of close,"),
        (with_(SCHEDULE, "24:00", "offpeak_end"), "task.action.offpeak_end: expected a time"),
        (with_(SCHEDULE, "２２:00", "offpeak_end"), "task.action.offpeak_end: expected a time"),
        (with_(SCHEDULE, [], "departures"), "task.action.departures: expected 2 entries, got 0"),
        (
            with_(SCHEDULE, ["someday"], "departures", 0, "days"),
            "task.action.departures[0].days[0]: expected one of sun,",
        ),
        (
            with_(SCHEDULE, "K", "climate", "unit"),
            "task.action.climate.unit: expected one of C, F",
        ),
        (with_(NAVIGATION, [], "pois"), "task.action.pois: expected 1 entries, got 0"),
        (
            with_(NAVIGATION, "north", "pois", 1, "latitude"),
            "task.action.pois[1].latitude: expected a number, got text",
        ),
    ],
)
def test_what_is_wrong_with_an_action_is_named(action: Any, message: str) -> None:
    with pytest.raises(BadRequest) as bad:
        command(action)
    assert str(bad.value).startswith(message)
    assert "someday" not in str(bad.value)


@pytest.mark.parametrize(
    ("operation", "task", "message"),
    [
        ("command", {"action": LOCK}, "task.send_within_ms: expected a number, or a number, got"),
        ("command", {"action": LOCK, "send_within_ms": 0}, "task.send_within_ms: expected a numb"),
        ("command", {"action": LOCK, "send_within_ms": True}, "task.send_within_ms: expected"),
        ("command", {"action": LOCK, "send_within_ms": 1, "vehicle": 1}, "task.vehicle: expected"),
        ("action_status", {"action": LOCK}, "task.action_id: expected text, got null"),
        ("action_status", {"action": LOCK, "action_id": ""}, "task.action_id: expected text, got"),
        ("action_status", {"action_id": "a-1"}, "task.action: expected an object, got null"),
        ("trips", {}, "task.period: expected text, got null"),
        ("trips", {"period": "2026-13"}, "task.period: expected yyyy-mm or yyyy-mm-dd, got other"),
        ("trips", {"period": "2026-11-32"}, "task.period: expected yyyy-mm or yyyy-mm-dd, got"),
        ("trips", {"period": "2026-11\n"}, "task.period: expected yyyy-mm or yyyy-mm-dd, got"),
    ],
)
def test_what_is_wrong_with_a_task_is_named(operation: str, task: Any, message: str) -> None:
    with pytest.raises(BadRequest) as bad:
        parsed(operation, **task)
    expected = message.replace("a number, or a number", "a number or a number")
    assert str(bad.value).startswith(expected)
