"""A vendor's cloud in place of the network: every adapter of the library sends through `HTTPAdapter.send`."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter

from bluelink_sidecar.library import Library, load_library
from bluelink_sidecar.protocol import CAR_OPERATIONS, Channel, Request, parse_request
from bluelink_sidecar.redaction import Redactor
from bluelink_sidecar.worker import Worker

os.environ["TZ"] = "UTC"
time.tzset()

FIXTURES = Path(__file__).resolve().parents[3] / "shared" / "fixtures"

Answer = dict[str, Any]

#: They came with later releases than those for Python 3.10 and 3.11.
LATER_REGIONS = ("europe-cci",)


def reply(body: Any = None, *, status: int = 200, **headers: Any) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return {"status": status, "headers": headers, "content": content}


@dataclass
class Call:
    path: str
    headers: dict[str, str]
    body: Any
    timeout: tuple[float, float]


@dataclass
class Cloud:
    """Answers by the end of the path; an answer may be an exception, or a function of the call."""

    answers: dict[str, Any] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    def on(self, path_end: str, answer: Any) -> None:
        self.answers[path_end] = answer

    @property
    def paths(self) -> list[str]:
        return [call.path for call in self.calls]

    def send(
        self, _: HTTPAdapter, request: requests.PreparedRequest, **kwargs: Any
    ) -> requests.Response:
        body = body_of(request)
        headers = {name.lower(): str(value) for name, value in request.headers.items()}
        call = Call(urlsplit(request.url or "").path, headers, body, kwargs["timeout"])
        self.calls.append(call)
        answer = self._answer(call)
        if isinstance(answer, BaseException):
            raise answer
        return response_of(request, answer)

    def _answer(self, call: Call) -> Any:
        for path_end, answer in self.answers.items():
            if call.path.endswith(path_end):
                return answer(call) if callable(answer) else answer
        raise AssertionError(f"nobody expected {call.path}")


def body_of(request: requests.PreparedRequest) -> Any:
    """JSON read, forms as text."""
    try:
        return json.loads(request.body) if request.body else None
    except ValueError:
        return request.body


def response_of(request: requests.PreparedRequest, answer: Answer) -> requests.Response:
    response = requests.Response()
    response.status_code = answer["status"]
    response.headers.update(answer["headers"])
    response._content = answer["content"]
    response.raw = io.BytesIO()
    response.url, response.request = request.url or "", request
    return response


class Lines(io.BytesIO):
    """The protocol's stdout, read back."""

    def messages(self, kind: str) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self.getvalue().splitlines()]
        return [one for one in found if one["type"] == kind]


@dataclass
class Bench:
    """A worker behind a cloud, with one account."""

    worker: Worker
    cloud: Cloud
    lines: Lines
    redactor: Redactor
    account: dict[str, Any]

    def request(self, operation: str, session: Any = None, **task: Any) -> Request:
        line = {
            "type": "task",
            "id": 7,
            "account": self.account,
            "task": {
                "account": "home",
                "attempt": "a1",
                "operation": operation,
                "remaining_ms": 60_000,
                "session": session,
                "device": None,
                **task,
            },
        }
        return parse_request(json.dumps(line).encode())

    def run(self, operation: str, session: Any = None, **task: Any) -> dict[str, Any]:
        if operation in CAR_OPERATIONS:
            task = {"vehicle": "car-1", **task}
        return self.worker.outcome(self.request(operation, session, **task))


@pytest.fixture(scope="session")
def library() -> Library:
    return load_library()


@pytest.fixture
def make_bench(library: Library, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Bench]]:
    undo: list[Callable[[], None]] = []

    def make(cloud: Cloud | None = None, **account: Any) -> Bench:
        used = cloud or Cloud()
        monkeypatch.setattr(HTTPAdapter, "send", lambda *args, **kw: used.send(*args, **kw))
        lines, redactor = Lines(), Redactor()
        worker = Worker(library, Channel(lines), redactor)
        undo.append(worker.install())
        whole = {
            "region": "usa",
            "brand": "kia",
            "username": "driver@example.com",
            "password": "correct horse",
            "pin": "4711",
            "language": "en",
            **account,
        }
        region = whole["region"]
        if isinstance(region, str) and region in LATER_REGIONS and region not in library.regions:
            pytest.skip(f"this release of the library has no region {region}")
        return Bench(worker, used, lines, redactor, whole)

    yield make
    for one in reversed(undo):
        one()


def recorded(name: str) -> dict[str, Any]:
    """A recorded reply; the test is skipped, visibly, where the folder is missing."""
    path = FIXTURES / f"{name}.json"
    if not path.exists():
        pytest.skip(f"no recorded reply {name}: ../shared/fixtures is not there")
    data: dict[str, Any] = json.loads(path.read_text())
    return data


def vendor_time(moment: dt.datetime) -> str:
    return moment.strftime("%Y%m%d%H%M%S")


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc)
