"""The process as the bridge starts it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SIDECAR = Path(__file__).resolve().parents[1]


def environment(**more: str) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(SIDECAR), **more}


class Sidecar:
    def __init__(self, **env: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "bluelink_sidecar"],
            cwd=SIDECAR,
            env=environment(**env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def send(self, line: bytes | dict[str, Any]) -> None:
        data = line if isinstance(line, bytes) else json.dumps(line).encode()
        assert self.process.stdin
        self.process.stdin.write(data + b"\n")
        self.process.stdin.flush()

    def read(self) -> dict[str, Any]:
        assert self.process.stdout
        message: dict[str, Any] = json.loads(self.process.stdout.readline())
        return message

    def until(self, kind: str) -> dict[str, Any]:
        while (message := self.read())["type"] != kind:
            pass
        return message

    def close_stdin(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()


@pytest.fixture
def start() -> Iterator[Any]:
    started: list[Sidecar] = []

    def make(**env: str) -> Sidecar:
        started.append(Sidecar(**env))
        return started[-1]

    yield make
    for one in started:
        one.process.kill()
        for stream in (one.process.stdin, one.process.stdout, one.process.stderr):
            if stream:
                stream.close()
        one.process.wait()


@pytest.fixture
def silent_proxy() -> Iterator[tuple[str, threading.Event]]:
    """Takes connections and never answers: a vendor call through it blocks."""
    called = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def accept() -> None:
        try:
            while True:
                held.append(server.accept()[0])
                called.set()
        except OSError:
            return

    threading.Thread(target=accept, daemon=True).start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}", called
    server.close()
    for one in held:
        one.close()


def task(request_id: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "type": "task",
        "id": request_id,
        "task": {
            "account": "home",
            "attempt": "a",
            "operation": "sign_in",
            "remaining_ms": 60_000,
            "session": None,
            **changes,
        },
        "account": {
            "region": "usa",
            "brand": "hyundai",
            "username": "driver@example.com",
            "password": "correct horse",
            "pin": None,
            "language": "en",
        },
    }


def test_it_says_hello_with_what_it_runs_on(start: Any) -> None:
    hello = start().read()
    assert hello["type"] == "hello"
    assert hello["protocol"] == 1
    assert hello["python"].split(".")[:2] == [str(part) for part in sys.version_info[:2]]
    assert hello["supported"] is (sys.version_info >= (3, 12))
    assert hello["library"].startswith("4.")
    assert hello["features"]["regions"]["usa"] == 3
    assert hello["features"]["brands"] == {"kia": 1, "hyundai": 2, "genesis": 3}
    assert "force_refresh_vehicle_state" in hello["features"]["methods"]


def test_the_end_of_input_ends_it_though_a_call_blocks(start: Any, silent_proxy: Any) -> None:
    address, called = silent_proxy
    sidecar = start(HTTPS_PROXY=address)
    sidecar.until("hello")
    sidecar.send(task())
    assert sidecar.until("request") == {"type": "request", "id": 1, "count": 1}
    assert called.wait(20)
    assert sidecar.process.poll() is None
    closed_at = time.monotonic()
    sidecar.close_stdin()
    assert sidecar.process.wait(20) == 0
    # The call itself would go on for 10 s at least.
    assert time.monotonic() - closed_at < 8


def test_the_end_of_input_ends_it_when_idle(start: Any) -> None:
    sidecar = start()
    sidecar.until("hello")
    sidecar.close_stdin()
    assert sidecar.process.wait(20) == 0


def test_lines_it_does_not_understand_are_told_and_survived(start: Any) -> None:
    sidecar = start()
    sidecar.until("hello")
    bad: list[bytes] = [
        b"{",
        b"\xff\xfe",
        b"[1]",
        b'{"type":"task"}',
        b'{"type":"task","id":true}',
        b"[" * 100_000,
    ]
    for line in bad:
        sidecar.send(line)
        message = sidecar.read()
        assert (message["type"], message["level"], message["id"]) == ("log", "error", None)
    secret = task(5, operation="cached")
    secret["account"]["password"] = ["topsecret"]
    secret["task"]["vehicle"] = "car-1"
    sidecar.send(secret)
    assert sidecar.read()["message"].endswith("account.password: expected text, got a list")
    answer = sidecar.read()
    assert answer["id"] == 5
    assert answer["outcome"]["failure"]["code"] == "internal"
    assert answer["outcome"]["failure"]["sent"] is False
    sidecar.send(b"")
    sidecar.send(task(6, operation="cached", vehicle="car-1"))
    answer = sidecar.until("outcome")
    assert answer["id"] == 6
    assert answer["outcome"]["failure"]["code"] == "auth_failed"


def test_a_line_beyond_all_measure_is_skipped(start: Any) -> None:
    sidecar = start()
    sidecar.until("hello")
    sidecar.send(b'"' + b"x" * (9 * 1024 * 1024) + b'"')
    assert "bytes" in sidecar.read()["message"]
    sidecar.send(task(2, operation="cached", vehicle="car-1"))
    assert sidecar.until("outcome")["id"] == 2


def test_stdout_carries_protocol_lines_only(start: Any, tmp_path: Path) -> None:
    """A library that prints, in Python or below it, is heard on stderr."""
    noisy = tmp_path / "sitecustomize.py"
    noisy.write_text(
        "import os, builtins\n"
        "real = builtins.__import__\n"
        "def loud(name, *args, **kwargs):\n"
        "    module = real(name, *args, **kwargs)\n"
        "    if name.startswith('hyundai_kia_connect_api'):\n"
        "        print('NOISE'); os.write(1, b'NOISE BELOW')\n"
        "    return module\n"
        "builtins.__import__ = loud\n"
        "import importlib\n"
        "load = importlib.import_module\n"
        "def loud_load(name, *args):\n"
        "    if name.startswith('hyundai_kia_connect_api'):\n"
        "        print('NOISE'); os.write(1, b'NOISE BELOW\\n')\n"
        "    return load(name, *args)\n"
        "importlib.import_module = loud_load\n"
    )
    sidecar = start(PYTHONPATH=f"{tmp_path}{os.pathsep}{SIDECAR}")
    sidecar.send(task(1, operation="cached", vehicle="car-1"))
    sidecar.until("outcome")
    sidecar.close_stdin()
    out, err = sidecar.process.stdout.read(), sidecar.process.stderr.read()
    assert out == b""
    assert b"NOISE" in err
    assert b"NOISE BELOW" in err


def test_without_the_library_it_says_how_to_get_it(start: Any, tmp_path: Path) -> None:
    broken = tmp_path / "hyundai_kia_connect_api.py"
    broken.write_text("raise ImportError('half installed')\n")
    sidecar = start(PYTHONPATH=f"{tmp_path}{os.pathsep}{SIDECAR}")
    hello = sidecar.read()
    assert hello["library"] is None
    assert hello["supported"] is False
    assert "half installed" in hello["error"]
    sidecar.send(task(4))
    failure = sidecar.until("outcome")["outcome"]["failure"]
    assert failure["code"] == "internal"
    assert "bluelink2mqtt setup" in failure["message"]


def test_an_unreachable_cloud_is_unavailable_and_nothing_was_signed_in(start: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    sidecar = start(HTTPS_PROXY=f"http://127.0.0.1:{port}")
    sidecar.send(task(3))
    outcome = sidecar.until("outcome")["outcome"]
    assert outcome["failure"]["code"] == "unavailable"
    assert outcome["requests"] == 1
    assert "session" not in outcome
    assert "correct horse" not in json.dumps(outcome)
