"""An error of the library, the circumstances it is judged by, and the questions that the rules ask about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .http_watch import Seen
from .regions import Family

NOT_CONNECTED = (
    "refused",
    "name or service not known",
    "getaddrinfo",
    "failed to resolve",
    "nameresolutionerror",
    "no route to host",
    "network is unreachable",
)


@dataclass(frozen=True)
class Trouble:
    """An error and the circumstances it is judged by."""

    error: BaseException
    family: Family
    #: The task's operation, or `command` for a remote command.
    kind: str
    seen: Seen

    def names(self, *wanted: str) -> bool:
        """By name and through the bases: a class may be missing in the installed release."""
        return any(base.__name__ in wanted for base in type(self.error).__mro__)

    def says(self, *parts: str) -> bool:
        text = self.text.lower()
        return any(part.lower() in text for part in parts)

    def saw(self, *codes: str) -> bool:
        return not self.seen.codes.isdisjoint(codes)

    def misses(self, *keys: str) -> bool:
        return isinstance(self.error, KeyError) and self.error.args[:1] in {(key,) for key in keys}

    @property
    def text(self) -> str:
        return str(self.error)

    @property
    def cause(self) -> str:
        return type(self.error.__cause__).__name__ if self.error.__cause__ else ""

    @property
    def is_4xx(self) -> bool:
        return self.seen.status is not None and 400 <= self.seen.status < 500


def is_named(*names: str) -> Callable[[Trouble], bool]:
    return lambda trouble: trouble.names(*names)


def never(_: Trouble) -> bool:
    return False


def on_4xx(trouble: Trouble) -> bool:
    return trouble.is_4xx


def is_auth(trouble: Trouble) -> bool:
    return trouble.names("AuthenticationError")


def is_api(trouble: Trouble) -> bool:
    return trouble.names("APIError")


def is_hyundai_limit(trouble: Trouble) -> bool:
    return trouble.says("daily remote service request limit", "HT_534") or trouble.saw("HT_534")


def is_pin_refusal(trouble: Trouble) -> bool:
    said = trouble.says(
        "pin verification failed", "failed to obtain control token", "pin is required"
    )
    return said and trouble.names("APIError", "UnsupportedControlError")


def is_pin_endpoint(trouble: Trouble) -> bool:
    return trouble.names("HTTPError") and trouble.is_4xx and trouble.says("/user/pin")


def is_read_timeout(trouble: Trouble) -> bool:
    if trouble.names("RequestTimeoutError"):
        return trouble.cause in ("ReadTimeout", "Timeout")
    return trouble.names("ReadTimeout") or (
        trouble.names("ConnectionError") and trouble.says("read timed out")
    )


def is_connect_timeout(trouble: Trouble) -> bool:
    if trouble.names("RequestTimeoutError"):
        return trouble.cause == "ConnectTimeout"
    return trouble.names("ConnectTimeout")


def is_connection(trouble: Trouble) -> bool:
    return trouble.names("ConnectionError", "ProxyError", "SSLError", "ChunkedEncodingError")


def was_never_connected(trouble: Trouble) -> bool:
    if trouble.names("SSLError"):
        return trouble.says("certificate_verify_failed", "handshake", "wrong_version_number")
    return is_connection(trouble) and trouble.says(*NOT_CONNECTED)


def is_bare_request_error(trouble: Trouble) -> bool:
    return type(trouble.error).__name__ == "RequestException"
