"""Failures as the bridge reads them (`failureSchema` in src/vehicle/outcome.ts)."""

from __future__ import annotations

from typing import Any

#: The codes that a vendor call can end with, and whether trying again makes sense to the sender.
RETRYABLE = {
    "invalid_payload": False,
    "unknown_vehicle": False,
    "unsupported": False,
    "rate_limited": True,
    "auth_failed": False,
    "otp_required": False,
    "consent_required": False,
    "pin_rejected": False,
    "duplicate_request": True,
    "vehicle_timeout": True,
    "vehicle_refused": False,
    "timeout": True,
    "unavailable": True,
    "internal": False,
}


def failure(
    code: str,
    message: str,
    *,
    sent: bool | None = None,
    is_unknown: bool = False,
    retry_after_s: float | None = None,
) -> dict[str, Any]:
    found: dict[str, Any] = {"code": code, "message": message, "retryable": RETRYABLE[code]}
    if is_unknown:
        found["outcome"] = "unknown"
    if sent is not None:
        found["sent"] = sent
    if retry_after_s is not None:
        found["retry_after_s"] = round(retry_after_s)
    return found
