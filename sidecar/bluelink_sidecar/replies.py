"""The lines that this process sends."""

from __future__ import annotations

from typing import Any

from .library import Library, features, is_supported, python_version
from .outcomes import failure
from .protocol import PROTOCOL, Json


def hello(library: Library | None, error: str | None) -> Json:
    greeting: Json = {
        "type": "hello",
        "protocol": PROTOCOL,
        "python": python_version(),
        "library": library.version if library else None,
        "supported": is_supported() and library is not None,
        "features": features(library) if library else {},
    }
    return {**greeting, "error": error} if error else greeting


def outcome_line(request_id: int, outcome: Json) -> Json:
    return {"type": "outcome", "id": request_id, "outcome": outcome}


def unreadable_request(request_id: int, why: str) -> Json:
    """A task must never stay unanswered, even one that nobody understands."""
    return outcome_line(
        request_id,
        failed(failure("internal", f"the request was not understood: {why}", sent=False), 0),
    )


def succeeded(result: Json, requests: int) -> Json:
    return {"ok": True, "result": result, "requests": requests}


def failed(reason: Json, requests: int, cached: Json | None = None) -> Json:
    outcome: Json = {"ok": False, "failure": reason, "requests": requests}
    return {**outcome, "cached": cached} if cached else outcome


def read_result(operation: str, report: Json, polled_at: str, **more: Any) -> Json:
    return {"operation": operation, "report": report, "polled_at": polled_at, **more}
