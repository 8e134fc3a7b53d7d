"""Canada: every request carries its own car, and none is sent twice."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from clouds_with_codes import Canada

CARS = ("car-1", "car-2")
READ, WAKE = "lstvhclsts", "rltmvhclsts"


def ready(make_bench: Any) -> tuple[Any, dict[str, Any]]:
    bench = make_bench(Canada(wants_code=False), region="canada")
    session: dict[str, Any] = json.loads(json.dumps(bench.run("sign_in")["session"]))
    bench.cloud.calls.clear()
    return bench, session


def test_reads_and_wakes_of_two_cars_never_mix(make_bench: Any) -> None:
    bench, session = ready(make_bench)
    wanted = [(operation, car) for operation in ("cached", "force") for car in CARS] * 3
    for operation, car in wanted:
        bench.run(operation, session, vehicle=car)
    sent = [(call.path.rsplit("/", 1)[-1], call.headers["vehicleid"]) for call in bench.cloud.calls]
    paths = {"cached": READ, "force": WAKE}
    assert sent == [(paths[operation], car) for operation, car in wanted]


@pytest.mark.parametrize("operation", ["cached", "force", "list"])
def test_what_a_command_wrote_into_the_headers_goes_with_no_later_request(
    make_bench: Any, operation: str
) -> None:
    bench, session = ready(make_bench)
    bench.run("cached", session, vehicle="car-1")
    # As the library's commands do: the headers of the whole manager.
    left = {"vehicleId": "car-1", "pAuth": "pin-token-of-car-1", "transactionId": "t-1"}
    bench.worker._state.manager.api.API_HEADERS.update(left)
    bench.cloud.calls.clear()
    bench.run(operation, session, vehicle="car-2")
    (call,) = bench.cloud.calls
    assert call.headers.get("vehicleid") == (None if operation == "list" else "car-2")
    assert "pauth" not in call.headers
    assert "transactionid" not in call.headers


@pytest.mark.parametrize(
    ("operation", "path"),
    [("cached", READ), ("force", WAKE), ("list", "vhcllst"), ("sign_in", "v2/login")],
)
def test_a_reset_is_not_followed_by_the_same_request(
    make_bench: Any, operation: str, path: str
) -> None:
    bench, session = ready(make_bench)
    bench.cloud.on(path, requests.exceptions.ConnectionError("reset by peer"))
    outcome = bench.run(operation, session)
    assert outcome["failure"]["code"] == "unavailable"
    assert [call.path.endswith(path) for call in bench.cloud.calls] == [True]


@pytest.mark.parametrize("operation", ["cached", "force"])
def test_a_read_does_not_try_the_token_out_first(make_bench: Any, operation: str) -> None:
    bench, session = ready(make_bench)
    bench.run(operation, session)
    assert not any(path.endswith("vhcllst") for path in bench.cloud.paths)
