"""What really leaves the process: a cloud behind sockets, since nothing above them knows when a byte goes out."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from bluelink_sidecar.http_watch import HttpWatch
from bluelink_sidecar.refusals import Refused
from bluelink_sidecar.regions import Family
from bluelink_sidecar.sending import Sending, SentAlready
from bluelink_sidecar.trouble import Trouble, has_never_left

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Server:
    """Answers each connection once, or hangs up."""

    def __init__(self, answer: bytes) -> None:
        self.received: list[bytes] = []
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            with connection:
                request = connection.recv(65536)
                if request == b"stop":
                    return
                if request:
                    self.received.append(request)
                connection.sendall(self._answer)

    def close(self) -> None:
        with socket.create_connection(self._socket.getsockname()) as last:
            last.sendall(b"stop")
        self._thread.join()
        self._socket.close()


@pytest.fixture
def serve() -> Iterator[Callable[[bytes], Server]]:
    servers: list[Server] = []

    def make(answer: bytes = ANSWER) -> Server:
        servers.append(Server(answer))
        return servers[-1]

    yield make
    for one in servers:
        one.close()


@pytest.fixture
def watch() -> Iterator[HttpWatch]:
    found = HttpWatch(lambda _: None, lambda: None, lambda *_: None)
    uninstall = found.install()
    yield found
    uninstall()


def begun(watch: HttpWatch, within_s: float) -> Sending:
    seen = watch.begin(60)
    seen.sending = Sending(time.monotonic() + within_s)
    return seen.sending


def test_a_command_leaves(watch: HttpWatch, serve: Any) -> None:
    server, sending = serve(), begun(watch, 30)
    assert requests.post(f"{server.url}/lock", timeout=5).status_code == 200
    assert len(server.received) == 1
    assert (sending.requests, sending.has_left, sending.status) == (1, True, 200)


def test_a_slow_name_server_keeps_a_command_from_leaving(
    watch: HttpWatch, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, sending = serve(), begun(watch, 0.2)
    look_up = socket.getaddrinfo

    def slow(*args: Any, **kwargs: Any) -> Any:
        time.sleep(0.4)
        return look_up(*args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with pytest.raises(Refused) as refused:
        requests.post(f"{server.url}/lock", timeout=5)
    assert refused.value.code == "timeout"
    assert (server.received, sending.requests) == ([], 0)


def test_a_connection_that_is_kept_carries_no_late_command_either(
    watch: HttpWatch, serve: Any
) -> None:
    server = serve()
    connection = requests.Session()
    begun(watch, 30)
    connection.post(f"{server.url}/api/v1/user/pin", timeout=5)
    sending = watch.seen.sending
    assert sending is not None
    sending.before("/lock")
    sending.until = time.monotonic()
    with pytest.raises(Refused):
        sending.connected()
    assert (len(server.received), sending.requests) == (1, 0)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 503 no\r\nContent-Length: 0\r\n\r\n"])
def test_no_adapter_repeats_a_command(watch: HttpWatch, serve: Any, answer: bytes) -> None:
    server, sending = serve(answer), begun(watch, 30)
    eager = requests.Session()
    retries = Retry(3, allowed_methods=None, status_forcelist=[503], backoff_factor=0)
    eager.mount("http://", HTTPAdapter(max_retries=retries))
    with pytest.raises(SentAlready):
        eager.post(f"{server.url}/lock", timeout=5)
    assert len(server.received) == 1
    assert sending.requests == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_repeats_a_command(watch: HttpWatch, serve: Any, status: int) -> None:
    moved = f"HTTP/1.1 {status} moved\r\nLocation: /lock/anew\r\nContent-Length: 0\r\n\r\n"
    server = serve(moved.encode())
    begun(watch, 30)
    with pytest.raises(SentAlready):
        requests.post(f"{server.url}/lock", timeout=5)
    assert len(server.received) == 1


def test_a_route_that_goes_away_after_the_command_is_not_one_that_never_was(
    watch: HttpWatch,
) -> None:
    words = requests.exceptions.ConnectionError("[Errno 113] No route to host")
    sending = begun(watch, 30)
    trouble = Trouble(words, Family.EUROPE, "command", watch.seen)
    assert has_never_left(trouble)
    sending.before("/lock")
    sending.connected()
    assert not has_never_left(trouble)
