"""JSON lines between the bridge and this process. The bridge's side is `src/vehicle/task.ts`."""

from __future__ import annotations

import json
import math
import os
import re
import threading
import time
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from .checks import BadRequest, field_of, kind_of
from .requested_action import checked_action

PROTOCOL = 1
LONGEST_LINE = 4 * 1024 * 1024
#: About one car. Only `command` changes anything.
CAR_OPERATIONS = ("cached", "force", "command", "action_status", "trips")
OPERATIONS = ("sign_in", "list", "request_code", "submit_code", *CAR_OPERATIONS)
METHODS = ("email", "sms")

Json = dict[str, Any]

_CODE = re.compile(r"[0-9]{1,16}")
_PERIOD = re.compile(r"\d{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?", re.ASCII)


@dataclass(frozen=True)
class Account:
    region: str | int
    brand: str | int
    username: str = field(repr=False)
    password: str = field(repr=False)
    pin: str = field(repr=False)
    language: str = "en"


@dataclass(frozen=True)
class Request:
    id: int
    account_name: str
    operation: str
    vehicle: str | None
    remaining_s: float
    session: Json | None = field(repr=False)
    account: Account = field(repr=False)
    #: What the vendor knows this bridge by (`device.py`).
    device: Json | None = field(default=None, repr=False)
    #: How a one-time code is to be sent, and the code that came.
    method: str | None = None
    code: str | None = field(default=None, repr=False)
    #: The gaps between read-backs when a wake did not show at once.
    read_back_s: tuple[float, ...] = ()
    #: What the car is told to do, or was told; until when it may leave, on the monotonic clock.
    action: Json | None = field(default=None, repr=False)
    send_until: float | None = None
    action_id: str | None = field(default=None, repr=False)
    #: A month `yyyy-mm` or a day `yyyy-mm-dd`.
    period: str | None = None


class Channel:
    """The protocol's stdout. Lines of several threads never mix."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, message: Json) -> None:
        line = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        try:
            with self._lock:
                self._stream.write(line.encode("utf-8", "replace") + b"\n")
                self._stream.flush()
        except OSError:
            # The bridge is gone: nobody is left to work for.
            os._exit(0)

    def log(self, level: str, message: str, request_id: int | None = None) -> None:
        self.send({"type": "log", "id": request_id, "level": level, "message": message})


def parse_request(line: bytes) -> Request:
    """Raises BadRequest; its text is safe to log."""
    try:
        message = json.loads(line.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise BadRequest("line: expected a JSON object in UTF-8, got something else") from None
    if not isinstance(message, dict):
        raise BadRequest(f"line: expected an object, got {kind_of(message)}")
    request_id = message.get("id")
    if isinstance(request_id, bool) or not isinstance(request_id, int):
        raise BadRequest(f"id: expected a whole number, got {kind_of(request_id)}")
    try:
        return _task_request(message, request_id)
    except BadRequest as bad:
        raise BadRequest(str(bad), request_id) from None


def _task_request(message: Json, request_id: int) -> Request:
    if message.get("type") != "task":
        raise BadRequest("type: expected 'task', got something else")
    task = field_of(message, "task", dict)
    operation = field_of(task, "operation", str, "task.")
    if operation not in OPERATIONS:
        raise BadRequest(
            f"task.operation: expected one of {', '.join(OPERATIONS)}, got another word"
        )
    vehicle = field_of(task, "vehicle", str, "task.") if operation in CAR_OPERATIONS else None
    remaining_ms = field_of(task, "remaining_ms", (int, float), "task.")
    if not remaining_ms > 0:
        raise BadRequest("task.remaining_ms: expected a number above 0, got less")
    return Request(
        id=request_id,
        account_name=field_of(task, "account", str, "task."),
        operation=operation,
        vehicle=vehicle,
        remaining_s=remaining_ms / 1000,
        session=field_of(task, "session", (dict, type(None)), "task."),
        account=_account(field_of(message, "account", dict)),
        device=field_of(task, "device", (dict, type(None)), "task."),
        method=_method(task) if operation == "request_code" else None,
        code=_code(task) if operation == "submit_code" else None,
        read_back_s=_read_back_s(task) if operation == "force" else (),
        action=_action(task) if operation in ("command", "action_status") else None,
        send_until=_send_until(task) if operation == "command" else None,
        action_id=_action_id(task) if operation == "action_status" else None,
        period=_period(task) if operation == "trips" else None,
    )


def _action(task: Json) -> Json:
    return checked_action(task.get("action"), "task.action")


def _send_until(task: Json) -> float:
    """Counted from the moment at which the line was read: a task may wait in here for another one."""
    within_ms: float = field_of(task, "send_within_ms", (int, float), "task.")
    if not 0 < within_ms < math.inf:
        raise BadRequest("task.send_within_ms: expected a number above 0, got another number")
    return time.monotonic() + within_ms / 1000


def _action_id(task: Json) -> str:
    action_id: str = field_of(task, "action_id", str, "task.")
    if not action_id:
        raise BadRequest("task.action_id: expected text, got none")
    return action_id


def _period(task: Json) -> str:
    period: str = field_of(task, "period", str, "task.")
    if not _PERIOD.fullmatch(period):
        raise BadRequest("task.period: expected yyyy-mm or yyyy-mm-dd, got other text")
    return period


def _method(task: Json) -> str:
    method: str = field_of(task, "method", str, "task.")
    if method not in METHODS:
        raise BadRequest(f"task.method: expected one of {', '.join(METHODS)}, got another word")
    return method


def _code(task: Json) -> str:
    code: str = field_of(task, "code", str, "task.")
    if not _CODE.fullmatch(code):
        raise BadRequest("task.code: expected 1 to 16 digits, got other text")
    return code


def _read_back_s(task: Json) -> tuple[float, ...]:
    gaps = task.get("read_back_s")
    if gaps is None:
        return ()
    if not isinstance(gaps, list):
        raise BadRequest(f"task.read_back_s: expected a list of numbers, got {kind_of(gaps)}")
    for gap in gaps:
        if isinstance(gap, bool) or not isinstance(gap, (int, float)):
            raise BadRequest(f"task.read_back_s: expected numbers only, got {kind_of(gap)}")
        if not 0 <= gap < math.inf:
            raise BadRequest("task.read_back_s: expected numbers from 0, got another number")
    return tuple(float(gap) for gap in gaps)


def _account(account: Json) -> Account:
    return Account(
        region=field_of(account, "region", (str, int), "account."),
        brand=field_of(account, "brand", (str, int), "account."),
        username=field_of(account, "username", str, "account."),
        password=field_of(account, "password", str, "account."),
        # The library sends an empty PIN where there is none; None would break its headers.
        pin=field_of(account, "pin", (str, type(None)), "account.") or "",
        language=field_of(account, "language", (str, type(None)), "account.") or "en",
    )
