"""Errors of the library as failures of the contract, without secrets."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from .failure_rules import (
    DEVICE_FORGOTTEN,
    DUPLICATE_WAIT_S,
    LOCKED_PIN,
    READS,
    Rule,
    rule_for,
)
from .http_watch import Seen
from .limits import limit_in, wait_of_limit
from .outcomes import failure
from .redaction import Redactor
from .refusals import Refused
from .regions import Family
from .trouble import Trouble, has_never_left, is_refused_command
from .vendor_codes import STATUS_CODE

LONGEST_DETAIL = 160

#: What a wake reply says that the library does not look at, beside a limit.
CODE_OF_WAKE_REPLY = {
    "4004": "duplicate_request",
    "4005": "unsupported",
    "5031": "unavailable",
    "7501": "auth_failed",
    "4081": "vehicle_timeout",
    "9999": "vehicle_timeout",
    "400-004": "duplicate_request",
}
CODE_OF_WAKE_STATUS = {
    401: "auth_failed",
    403: "auth_failed",
    404: "unsupported",
}
LOCK_OF_PIN = re.compile(r"lockout window: (\d+)")
#: Where a text of the library goes on with what the vendor replied.
REPLY_BEGINS = re.compile(
    r"[{<\[]|[Rr]esponse:| — |: ['\"]|(?<=non-JSON body)|(?<=accessToken):|(?<=after signin):"
)


def classify(trouble: Trouble, redactor: Redactor) -> dict[str, Any]:
    """The failure to report. Its message names the kind of error, codes and keys, and no secret."""
    refusal = refusal_in(trouble.error)
    if refusal is not None:
        return _refused(trouble, refusal)
    trouble = unwrapped(trouble)
    rule = rule_for(trouble)
    is_command = trouble.kind == "command"
    code = rule.command_code if is_command and rule.command_code else rule.code
    return failure(
        code,
        f"{rule.said_of(trouble.kind)} ({detail(trouble, redactor)})",
        sent=was_sent(trouble, rule, code),
        is_unknown=is_command and not is_unsent(trouble) and not rule.is_not_done(trouble),
        retry_after_s=wait_of(rule, code, trouble),
    )


def _refused(trouble: Trouble, refusal: Refused) -> dict[str, Any]:
    is_command = trouble.kind == "command"
    is_harmless = is_unsent(trouble) or is_repeatable(trouble)
    if is_command:
        # Kia USA: a refused session makes the library sign in, and the command was refused with it.
        is_harmless = is_harmless or is_refused_command(trouble)
    return failure(
        refusal.code,
        str(refusal),
        sent=False if is_harmless else True if is_command else None,
        is_unknown=is_command and not is_harmless,
        retry_after_s=refusal.retry_after_s,
    )


def is_unsent(trouble: Trouble) -> bool:
    """What is asked for before a command does nothing to the car."""
    seen = trouble.seen
    if trouble.kind == "command":
        return seen.sending is None or seen.sending.requests == 0
    return seen.requests == 0


def code_of(trouble: Trouble) -> str:
    refusal = refusal_in(trouble.error)
    return refusal.code if refusal is not None else rule_for(unwrapped(trouble)).code


def not_advanced(seen: Seen, advice: str) -> dict[str, Any]:
    """A wake that changed nothing; its own reply may say why."""
    if not seen.is_wake_refused:
        return failure("vehicle_timeout", f"the car did not report anew; {advice}")
    code, reason = _wake_refusal(seen)
    return failure(
        code,
        f"the vendor did not wake the car ({reason}); {advice}",
        sent=False if code == "auth_failed" else None,
        retry_after_s=_wait_of_wake(seen, code),
    )


def _wait_of_wake(seen: Seen, code: str) -> float | None:
    limit = limit_in(seen.wake_status, seen.wake_codes)
    if limit is not None:
        return wait_of_limit(limit, seen.wake_retry_after_s)
    if code == "duplicate_request":
        return DUPLICATE_WAIT_S
    return seen.wake_retry_after_s if code == "unavailable" else None


def not_woken(advice: str) -> dict[str, Any]:
    """Some releases only read the cloud again for some cars."""
    why = "the installed library cannot wake this car"
    return failure("unsupported", f"{why}; a newer one may; {advice}")


def _wake_refusal(seen: Seen) -> tuple[str, str]:
    """The code of the contract, and the vendor's own word for it."""
    codes = [f"code {', '.join(sorted(seen.wake_codes))}"] if seen.wake_codes else []
    reason = "; ".join([*codes, f"HTTP {seen.wake_status}"])
    if limit_in(seen.wake_status, seen.wake_codes) is not None:
        return "rate_limited", reason
    for said in sorted(seen.wake_codes):
        status = STATUS_CODE.match(said)
        code = CODE_OF_WAKE_REPLY.get(said)
        if code is None and status is not None:
            code = CODE_OF_WAKE_STATUS.get(int(status[1]))
        if code is not None:
            return code, f"code {said}"
    return CODE_OF_WAKE_STATUS.get(seen.wake_status or 0, "unavailable"), reason


def refusal_in(error: BaseException) -> Refused | None:
    """Our own refusal, also when the library has wrapped it into something else."""
    current: BaseException | None = error
    while current is not None:
        if isinstance(current, Refused):
            return current
        current = current.__cause__
    return None


def unwrapped(trouble: Trouble) -> Trouble:
    """Kia USA wraps whatever stopped a new sign-in; the cause is what counts."""
    cause = trouble.error.__cause__
    if trouble.family is Family.KIA_USA and trouble.says("Re-login failed") and cause is not None:
        return unwrapped(replace(trouble, error=cause))
    return trouble


def was_sent(trouble: Trouble, rule: Rule, code: str) -> bool | None:
    """`False` tells the bridge that a new try cannot do anything twice."""
    if is_unsent(trouble):
        return False
    if trouble.kind == "command":
        # With another session or device it is refused no more, and the refusal did nothing.
        is_tried_again = code == "auth_failed" or rule.message == DEVICE_FORGOTTEN
        is_harmless = is_tried_again and rule.is_not_done(trouble)
        return not (is_harmless or has_never_left(trouble))
    return False if code == "auth_failed" and is_repeatable(trouble) else None


def is_repeatable(trouble: Trouble) -> bool:
    """A read, but not one for which the car may have been woken: that would wake it a second time."""
    return trouble.kind in READS and not trouble.seen.may_have_woken


def wait_of(rule: Rule, code: str, trouble: Trouble) -> float | None:
    lock = LOCK_OF_PIN.search(trouble.text) if rule.message == LOCKED_PIN else None
    if lock is not None:
        return float(lock[1])
    if code in ("rate_limited", "unavailable") and trouble.seen.retry_after_s is not None:
        return trouble.seen.retry_after_s
    return rule.retry_after_s


def detail(trouble: Trouble, redactor: Redactor) -> str:
    parts = [type(trouble.error).__name__]
    # Texts may quote the vendor's reply: what looks like the start of one is cut off.
    text = REPLY_BEGINS.split(trouble.text)[0].strip(" '\":,-")
    if text:
        parts[0] += f": {redactor.text(text)[:LONGEST_DETAIL]}"
    if trouble.seen.status not in (None, 200):
        parts.append(f"HTTP {trouble.seen.status}")
    if trouble.seen.codes:
        parts.append(f"code {', '.join(sorted(redactor.text(one) for one in trouble.seen.codes))}")
    return "; ".join(parts)
