"""Checks of what the bridge sends. What they say names a field, never its content."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

#: Takes a value and the name of its field; raises BadRequest.
Check = Callable[[Any, str], None]


class BadRequest(ValueError):
    """A line that cannot be worked on. The text names the field, never its content."""

    def __init__(self, message: str, request_id: int | None = None) -> None:
        super().__init__(message)
        self.request_id = request_id


def field_of(
    holder: Mapping[str, Any], name: str, kind: type | tuple[type, ...], prefix: str = ""
) -> Any:
    value = holder.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        expected = " or ".join(WORDS.get(one, one.__name__) for one in kinds)
        raise BadRequest(f"{prefix}{name}: expected {expected}, got {kind_of(value)}")
    return value


WORDS = {
    dict: "an object",
    list: "a list",
    str: "text",
    int: "a number",
    float: "a number",
    bool: "a boolean",
    type(None): "null",
}


def kind_of(value: object) -> str:
    return WORDS.get(type(value), type(value).__name__)


def one_of(*allowed: str | int) -> Check:
    def check(value: Any, field: str) -> None:
        if type(value) is not type(allowed[0]) or value not in allowed:
            words = ", ".join(str(one) for one in allowed)
            raise BadRequest(f"{field}: expected one of {words}, got something else")

    return check


def flag(value: Any, field: str) -> None:
    if not isinstance(value, bool):
        raise BadRequest(f"{field}: expected a boolean, got {kind_of(value)}")


def number(value: Any, field: str) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise BadRequest(f"{field}: expected a number, got {kind_of(value)}")


def whole(value: Any, field: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadRequest(f"{field}: expected a whole number, got {kind_of(value)}")


def text(value: Any, field: str) -> None:
    if not isinstance(value, str):
        raise BadRequest(f"{field}: expected text, got {kind_of(value)}")


def written_as(form: str, words: str) -> Check:
    pattern = re.compile(form, re.ASCII)

    def check(value: Any, field: str) -> None:
        text(value, field)
        if not pattern.fullmatch(value):
            raise BadRequest(f"{field}: expected {words}, got other text")

    return check


def or_null(check: Check) -> Check:
    def checked(value: Any, field: str) -> None:
        if value is not None:
            check(value, field)

    return checked


def list_of(check: Check, *, length: int | None = None, at_least: int = 0) -> Check:
    def checked(value: Any, field: str) -> None:
        if not isinstance(value, list):
            raise BadRequest(f"{field}: expected a list, got {kind_of(value)}")
        if len(value) < at_least or length not in (None, len(value)):
            raise BadRequest(f"{field}: expected {length or at_least} entries, got {len(value)}")
        for index, one in enumerate(value):
            check(one, f"{field}[{index}]")

    return checked


def object_of(fields: Mapping[str, Check]) -> Check:
    """Every field, and no others."""

    def checked(value: Any, field: str) -> None:
        if not isinstance(value, dict):
            raise BadRequest(f"{field}: expected an object, got {kind_of(value)}")
        if not value.keys() <= fields.keys():
            raise BadRequest(f"{field}: expected no fields but {', '.join(fields)}, got others")
        for name, check in fields.items():
            if name not in value:
                raise BadRequest(f"{field}.{name}: expected a value, got none")
            check(value[name], f"{field}.{name}")

    return checked
