"""Watches every request of the library: counts it, gives it time-outs, remembers status and code of the reply.

The one place that all adapters of the library pass is `HTTPAdapter.send`. It is wrapped, never replaced: some clouds
need the adapters that the library mounts. `HTTPConnection.request`, below it, is where the connection stands and
nothing has left yet.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection

from .retry_after import retry_after_s
from .sending import Sending
from .vendor_codes import codes_in, says_done, says_no

CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 30.0
#: A cloud that holds the request until the car has answered needs this long.
WAKE_TIMEOUT_S = 150.0
#: Kept back from the task's time, to answer before the bridge gives the process up.
ANSWER_MARGIN_S = 1.0
SHORTEST_TIMEOUT_S = 0.5

#: Ends of the paths that make a car report.
HELD_WAKE_PATHS = ("/rems/rvs", "/rltmvhclsts", "/status", "/ccs2/carstatus")
#: The same for reads and wakes; a header tells. Hyundai USA, and Brazil in releases up to 4.23.
STATUS_PATHS = ("/rcs/rvs/vehicleStatus", "/carstatus/latest", "/status/latest")
#: Answered as soon as the cloud has taken the wish.
PROMPT_WAKE_PATHS = ("/prewakeup",)

SERVER_FAILED = 500


@dataclass
class Seen:
    """What one task has shown so far. No body, no header value, no address is kept."""

    requests: int = 0
    status: int | None = None
    #: Whether the last reply was an object of JSON, one that says no, or in Canada one that answers; whether any was a
    #: server's own failure.
    is_object: bool = False
    is_refusal: bool = False
    is_done: bool = False
    is_disordered: bool = False
    codes: frozenset[str] = frozenset()
    #: Of all replies of the task: the library tries other ways after some refusals, and reports the last.
    all_codes: frozenset[str] = frozenset()
    retry_after_s: float | None = None
    #: A request that wakes the car has gone out and no reply to it has come in.
    is_waking: bool = False
    #: Requests that wake, and the reply to the last of them; the library looks at few of these replies.
    wakes: int = 0
    wake_status: int | None = None
    wake_codes: frozenset[str] = frozenset()
    wake_retry_after_s: float | None = None
    #: Of a task that has a command to send.
    sending: Sending | None = None
    deadline: float = field(default_factory=lambda: time.monotonic() + 3600)

    @property
    def left_s(self) -> float:
        return self.deadline - time.monotonic()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """For requests of another purpose: what they show is not said of the task."""
        names = (
            "status",
            "codes",
            "is_object",
            "is_refusal",
            "is_done",
            "retry_after_s",
            "sending",
        )
        kept = {name: getattr(self, name) for name in names}
        self.sending = None
        try:
            yield
        finally:
            for name, value in kept.items():
                setattr(self, name, value)

    @property
    def may_have_woken(self) -> bool:
        """A wake has gone out, and nothing says that the vendor refused it."""
        return self.wakes > 0 and not self.is_wake_refused

    @property
    def is_wake_refused(self) -> bool:
        return self.wake_status is not None and (self.wake_status >= 300 or bool(self.wake_codes))


class NoTimeLeft(requests.exceptions.ReadTimeout):
    """Instead of a request: what has been read so far still comes in time."""


class SecondWake(Exception):
    """The library repeats whole calls after some refusals; a car is woken once in a task."""


#: Raises where a request to this path must not go out.
MaySend = Callable[[str], None]
#: Path, status and body of a reply.
OnReply = Callable[[str, int, Any], None]


class HttpWatch:
    def __init__(
        self, may_send: MaySend, on_request: Callable[[], None], on_reply: OnReply
    ) -> None:
        self._may_send = may_send
        self._on_request = on_request
        self._on_reply = on_reply
        self.seen = Seen()

    def begin(self, remaining_s: float) -> Seen:
        """Starts the account of a new task."""
        self.seen = Seen(deadline=time.monotonic() + remaining_s)
        return self.seen

    def install(self) -> Callable[[], None]:
        """Wraps the adapter; returns what takes the wrapper off again."""
        original = HTTPAdapter.send
        watch = self

        def send(
            adapter: HTTPAdapter, request: requests.PreparedRequest, *args: Any, **kwargs: Any
        ) -> requests.Response:
            return watch._send(original, adapter, request, *args, **kwargs)

        original_request = HTTPConnection.request

        def request(connection: HTTPConnection, *args: Any, **kwargs: Any) -> None:
            watch._before_first_byte(connection)
            original_request(connection, *args, **kwargs)

        HTTPAdapter.send = send  # type: ignore[method-assign,assignment]
        HTTPConnection.request = request  # type: ignore[method-assign,assignment]

        def uninstall() -> None:
            HTTPAdapter.send = original  # type: ignore[method-assign]
            HTTPConnection.request = original_request  # type: ignore[method-assign]

        return uninstall

    def _send(
        self,
        original: Callable[..., requests.Response],
        adapter: HTTPAdapter,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        **kwargs: Any,
    ) -> requests.Response:
        seen, wakes = self.seen, is_wake(request)
        if wakes and seen.may_have_woken:
            raise SecondWake("the car has been woken in this task already")
        if seen.requests > 0 and seen.left_s < ANSWER_MARGIN_S:
            raise NoTimeLeft("the time of this task is over")
        self._may_send(path_of(request))
        if seen.sending is not None:
            seen.sending.before(path_of(request))
        seen.requests += 1
        seen.status, seen.codes, seen.is_waking = None, frozenset(), wakes
        seen.retry_after_s = None
        seen.is_object = seen.is_refusal = seen.is_done = False
        if wakes:
            seen.wakes, seen.wake_status, seen.wake_codes = seen.wakes + 1, None, frozenset()
        self._on_request()
        limits = bounded(timeout, WAKE_TIMEOUT_S if is_held(request) else None, seen.left_s)
        if seen.sending is not None:
            limits = seen.sending.bounded(limits)
        response = original(adapter, request, stream=stream, timeout=limits, **kwargs)
        seen.status = response.status_code
        seen.is_disordered = seen.is_disordered or response.status_code >= SERVER_FAILED
        if wakes:
            seen.wake_status = response.status_code
        if not stream:
            self._read(seen, request, response)
        seen.is_waking = False
        return response

    def _before_first_byte(self, connection: HTTPConnection) -> None:
        if self.seen.sending is None:
            return
        if connection.sock is None:
            connection.connect()
        self.seen.sending.connected()

    def _read(
        self, seen: Seen, request: requests.PreparedRequest, response: requests.Response
    ) -> None:
        body = json_of(response)
        seen.is_object, seen.codes = isinstance(body, dict), codes_in(body)
        seen.is_refusal = seen.is_object and says_no(body)
        seen.is_done = seen.is_object and says_done(body)
        seen.all_codes |= seen.codes
        seen.retry_after_s = retry_after_s(response.headers)
        if seen.is_waking:
            seen.wake_codes, seen.wake_retry_after_s = seen.codes, seen.retry_after_s
        if seen.sending is not None:
            seen.sending.replied(path_of(request), response.status_code, seen.codes)
        self._on_reply(path_of(request), response.status_code, body)


def json_of(response: requests.Response) -> Any:
    # Reading may fail as the caller's own reading would; only the parsing is forgiven here.
    content = response.content
    try:
        return response.json() if content else None
    except (ValueError, RecursionError):
        return None


def path_of(request: requests.PreparedRequest) -> str:
    return urlsplit(request.url or "").path


def is_wake(request: requests.PreparedRequest) -> bool:
    return is_held(request) or path_of(request).endswith(PROMPT_WAKE_PATHS)


def is_held(request: requests.PreparedRequest) -> bool:
    """Whether the reply may come only when the car has answered."""
    path = path_of(request)
    if path.endswith(STATUS_PATHS):
        return str(request.headers.get("REFRESH", "")).lower() == "true"
    return path.endswith(HELD_WAKE_PATHS)


def bounded(timeout: Any, read_at_least: float | None, left_s: float) -> tuple[float, float]:
    """(connect, read) in seconds: filled in where the library gives none, and within the task's time."""
    given = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    connect = CONNECT_TIMEOUT_S if given[0] is None else float(given[0])
    read = READ_TIMEOUT_S if given[1] is None else float(given[1])
    if read_at_least is not None:
        read = max(read, read_at_least)
    latest = max(SHORTEST_TIMEOUT_S, left_s - ANSWER_MARGIN_S)
    return min(connect, latest), min(read, latest)
