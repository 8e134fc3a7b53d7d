"""An error of the library, the circumstances it is judged by, and the questions that the rules ask about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .http_watch import Seen
from .limits import Limit, limit_in
from .regions import Family
from .vendor_codes import STATUS_CODE, status_in

#: They say in the text of an error what others have classes for.
ONE_ERROR_FOR_ALL = frozenset({Family.BRAZIL, Family.EUROPE_CCI})
#: What its gate answers to a library that it no longer knows.
GATE_CODES = frozenset({"9035", "9036", "9037"})
#: Of the sign-ins of the European family: something of the request is missing, such as a cookie of the step before.
BAD_PARAMETERS = "4002"
#: A server that failed behind the one that answers: it may have passed the command on.
UNDECIDED = frozenset({500, 502, 504})
#: Said of a service, whatever was asked of it.
SERVICE_CODES = frozenset({"4081", "5031", "6504", "7445", "9999"})
NOT_THE_SERVICE = (404, 405, 408)
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
    #: The task's operation.
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
    def causes(self) -> frozenset[str]:
        """The names of the cause's class and of its bases."""
        cause = self.error.__cause__
        return frozenset(base.__name__ for base in type(cause).__mro__ if cause is not None)

    @property
    def http_status(self) -> int | None:
        """Of the last reply, or what its code says in place of one."""
        return status_in(self.seen.codes) or self.seen.status

    @property
    def limit(self) -> Limit | None:
        """Of the last reply."""
        return limit_in(self.seen.status, self.seen.codes)

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


def is_refusal_in_canada(trouble: Trouble, code: str) -> bool:
    """Whatever the library makes of the code; not the PIN of a command, which may miss the same key."""
    return trouble.kind != "command" and trouble.saw(code)


def is_hyundai_limit(trouble: Trouble) -> bool:
    return trouble.says("daily remote service request limit", "HT_534") or trouble.saw("HT_534")


def is_pin_refusal(trouble: Trouble) -> bool:
    said = trouble.says(
        "pin verification failed",
        "failed to obtain control token",
        "pin is required",
        "pin is not configured",
        "pin is temporarily locked",
    )
    return said and trouble.names("APIError", "UnsupportedControlError")


def is_gate_refusal(trouble: Trouble) -> bool:
    if not is_auth(trouble):
        return False
    return not GATE_CODES.isdisjoint(trouble.seen.all_codes) or trouble.says(*GATE_CODES)


def is_failed_sign_in_without_refusal(trouble: Trouble) -> bool:
    """Some sign-ins call any failure wrong credentials, a reset of the connection too.

    Where the password was not refused, nobody must count it as refused: three of them block the account.
    """
    seen = trouble.seen
    is_judged = seen.is_object and not seen.is_disordered and not trouble.saw(BAD_PARAMETERS)
    return is_auth(trouble) and (not is_judged or trouble.says("login callback"))


def is_no_stored_status(trouble: Trouble) -> bool:
    """The one error for everything that can go wrong with a stored state; the last reply tells what it was."""
    return is_api(trouble) and trouble.says("stored-status returned no data")


def is_list_failure(trouble: Trouble) -> bool:
    return is_api(trouble) and trouble.says("get_vehicles failed")


def is_pin_endpoint(trouble: Trouble) -> bool:
    return trouble.names("HTTPError") and trouble.is_4xx and trouble.says("/user/pin")


def is_coded(trouble: Trouble, *codes: str) -> bool:
    """Brazil, and the newer European cloud for some codes, have one error for all that a reply may say."""
    is_plain = trouble.family in ONE_ERROR_FOR_ALL and is_api(trouble)
    return (is_plain or trouble.names("HTTPError")) and trouble.saw(*codes)


def is_outage_before_command(trouble: Trouble) -> bool:
    """Of what a command is prepared with: nobody has judged the PIN."""
    seen = trouble.seen
    if trouble.kind != "command" or seen.sending is None or seen.sending.requests > 0:
        return False
    is_failed = seen.status is not None and (seen.status >= 500 or seen.status in NOT_THE_SERVICE)
    return is_failed or not seen.codes.isdisjoint(SERVICE_CODES)


def is_read_timeout(trouble: Trouble) -> bool:
    if trouble.names("RequestTimeoutError"):
        return "Timeout" in trouble.causes and not is_connect_timeout(trouble)
    return trouble.names("ReadTimeout") or (
        trouble.names("ConnectionError") and trouble.says("read timed out")
    )


def is_connect_timeout(trouble: Trouble) -> bool:
    if trouble.names("RequestTimeoutError"):
        return "ConnectTimeout" in trouble.causes
    return trouble.names("ConnectTimeout")


def is_connection(trouble: Trouble) -> bool:
    return trouble.names("ConnectionError", "ProxyError", "SSLError", "ChunkedEncodingError")


def was_never_connected(trouble: Trouble) -> bool:
    sending = trouble.seen.sending
    if sending is not None and sending.has_left:
        # A connection that stood may break in the same words.
        return False
    if trouble.names("SSLError"):
        return trouble.says("certificate_verify_failed", "handshake", "wrong_version_number")
    return is_connection(trouble) and trouble.says(*NOT_CONNECTED)


def has_never_left(trouble: Trouble) -> bool:
    return is_connect_timeout(trouble) or was_never_connected(trouble)


def is_bare_request_error(trouble: Trouble) -> bool:
    return type(trouble.error).__name__ == "RequestException"


def is_no_server_failure(trouble: Trouble) -> bool:
    return trouble.seen.status is None or trouble.seen.status < 500


def is_no_refusal(trouble: Trouble) -> bool:
    """Brazil takes whatever does not say yes for a no."""
    seen = trouble.seen
    return not (seen.is_refusal or seen.codes or trouble.is_4xx)


def was_judged(trouble: Trouble) -> bool:
    """Whether the vendor itself has answered: a server that failed may have passed the request on."""
    status, codes = trouble.seen.status, trouble.seen.codes
    if trouble.http_status in UNDECIDED:
        codes = frozenset(code for code in codes if not STATUS_CODE.match(code))
    return status is None or status < 500 or bool(codes)


def is_second_sending(trouble: Trouble) -> bool:
    return trouble.names("SentAlready")


def is_session_refused(trouble: Trouble) -> bool:
    sending = trouble.seen.sending
    return sending is not None and sending.is_session_refused


def is_device_refused(trouble: Trouble) -> bool:
    sending = trouble.seen.sending
    return sending is not None and "4002" in sending.codes


def is_refused_command(trouble: Trouble) -> bool:
    sending = trouble.seen.sending
    return sending is not None and sending.is_refused
