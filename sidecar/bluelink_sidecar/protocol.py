"""JSON lines between the bridge and this process. The bridge's side is `src/vehicle/task.ts`."""

from __future__ import annotations

import json
import math
import os
import re
import threading
from dataclasses import dataclass, field
from typing import Any, BinaryIO

PROTOCOL = 1
LONGEST_LINE = 4 * 1024 * 1024
READS = ("cached", "force")
OPERATIONS = ("sign_in", "list", "request_code", "submit_code", *READS)
METHODS = ("email", "sms")

Json = dict[str, Any]

_CODE = re.compile(r"[0-9]{1,16}")


class BadRequest(ValueError):
    """A line that cannot be worked on. The text names the field, never its content."""

    def __init__(self, message: str, request_id: int | None = None) -> None:
        super().__init__(message)
        self.request_id = request_id


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
        raise BadRequest(f"line: expected an object, got {_name(message)}")
    request_id = message.get("id")
    if isinstance(request_id, bool) or not isinstance(request_id, int):
        raise BadRequest(f"id: expected a whole number, got {_name(request_id)}")
    try:
        return _task_request(message, request_id)
    except BadRequest as bad:
        raise BadRequest(str(bad), request_id) from None


def _task_request(message: Json, request_id: int) -> Request:
    if message.get("type") != "task":
        raise BadRequest("type: expected 'task', got something else")
    task = _field(message, "task", dict)
    operation = _field(task, "operation", str, "task.")
    if operation not in OPERATIONS:
        raise BadRequest(
            f"task.operation: expected one of {', '.join(OPERATIONS)}, got another word"
        )
    vehicle = _field(task, "vehicle", str, "task.") if operation in READS else None
    remaining_ms = _field(task, "remaining_ms", (int, float), "task.")
    if not remaining_ms > 0:
        raise BadRequest("task.remaining_ms: expected a number above 0, got less")
    return Request(
        id=request_id,
        account_name=_field(task, "account", str, "task."),
        operation=operation,
        vehicle=vehicle,
        remaining_s=remaining_ms / 1000,
        session=_field(task, "session", (dict, type(None)), "task."),
        account=_account(_field(message, "account", dict)),
        device=_field(task, "device", (dict, type(None)), "task."),
        method=_method(task) if operation == "request_code" else None,
        code=_code(task) if operation == "submit_code" else None,
        read_back_s=_read_back_s(task) if operation == "force" else (),
    )


def _method(task: Json) -> str:
    method: str = _field(task, "method", str, "task.")
    if method not in METHODS:
        raise BadRequest(f"task.method: expected one of {', '.join(METHODS)}, got another word")
    return method


def _code(task: Json) -> str:
    code: str = _field(task, "code", str, "task.")
    if not _CODE.fullmatch(code):
        raise BadRequest("task.code: expected 1 to 16 digits, got other text")
    return code


def _read_back_s(task: Json) -> tuple[float, ...]:
    gaps = task.get("read_back_s")
    if gaps is None:
        return ()
    if not isinstance(gaps, list):
        raise BadRequest(f"task.read_back_s: expected a list of numbers, got {_name(gaps)}")
    for gap in gaps:
        if isinstance(gap, bool) or not isinstance(gap, (int, float)):
            raise BadRequest(f"task.read_back_s: expected numbers only, got {_name(gap)}")
        if not 0 <= gap < math.inf:
            raise BadRequest("task.read_back_s: expected numbers from 0, got another number")
    return tuple(float(gap) for gap in gaps)


def _account(account: Json) -> Account:
    return Account(
        region=_field(account, "region", (str, int), "account."),
        brand=_field(account, "brand", (str, int), "account."),
        username=_field(account, "username", str, "account."),
        password=_field(account, "password", str, "account."),
        # The library sends an empty PIN where there is none; None would break its headers.
        pin=_field(account, "pin", (str, type(None)), "account.") or "",
        language=_field(account, "language", (str, type(None)), "account.") or "en",
    )


def _field(holder: Json, name: str, kind: type | tuple[type, ...], prefix: str = "") -> Any:
    value = holder.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        expected = " or ".join(_WORDS.get(one, one.__name__) for one in kinds)
        raise BadRequest(f"{prefix}{name}: expected {expected}, got {_name(value)}")
    return value


_WORDS = {dict: "an object", str: "text", int: "a number", float: "a number", type(None): "null"}


def _name(value: object) -> str:
    return _WORDS.get(type(value), type(value).__name__)
