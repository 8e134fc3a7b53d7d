"""A PIN that was refused is not sent again, in this process or the next, until it is another one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clouds_with_codes import Canada, canada_error, canada_ok

STATUS = {
    "lastStatusDate": "20261122101500",
    "doorLock": True,
    "airTemp": {"value": "10H", "unit": 0},
    "evStatus": {"batteryStatus": 61},
}


def canada(make_bench: Any, answer: Any, pin: str = "4711") -> tuple[Any, dict[str, Any]]:
    cloud = Canada(wants_code=False)
    # A car whose position is not known is asked for it, with the PIN.
    cloud.on("lstvhclsts", canada_ok({"status": STATUS}))
    service = {"currentOdometer": 1000, "currentOdometerUnit": 1}
    cloud.on("nxtsvc", canada_ok({"maintenanceInfo": service}))
    cloud.on("evc/selsoc", canada_ok([]))
    cloud.on("evTripDetails", canada_ok({"tripdetails": []}))
    cloud.on("vrfypin", answer)
    bench = make_bench(cloud, region="canada", pin=pin)
    return bench, bench.run("sign_in")["session"]


def asked(bench: Any) -> int:
    return sum(path.endswith("vrfypin") for path in bench.cloud.paths)


def read(bench: Any, session: Any) -> dict[str, Any]:
    outcome: dict[str, Any] = bench.run("cached", session)
    assert outcome["ok"], outcome
    return outcome


def test_a_wrong_pin_is_sent_once_and_never_again(make_bench: Any) -> None:
    bench, session = canada(make_bench, canada_error("7310"))
    session = read(bench, session)["session"]
    assert asked(bench) == 1
    (warning,) = bench.lines.messages("log")
    assert "refuses the PIN" in warning["message"]
    assert "4711" not in json.dumps(session)
    # Another process, as after a restart.
    other, _ = canada(make_bench, canada_error("7310"))
    other.cloud.sign_ins = bench.cloud.sign_ins
    read(other, session)
    assert asked(other) == 0


def test_another_pin_is_tried(make_bench: Any) -> None:
    bench, session = canada(make_bench, canada_error("7310"))
    session = read(bench, session)["session"]
    other, _ = canada(make_bench, canada_ok({"pAuth": "p"}), pin="1234")
    other.cloud.sign_ins = bench.cloud.sign_ins
    read(other, session)
    assert asked(other) == 1


def test_without_a_pin_none_is_sent(make_bench: Any) -> None:
    bench, session = canada(make_bench, canada_error("7310"), pin="")
    read(bench, session)
    assert asked(bench) == 0


@pytest.mark.parametrize("code", ["7403", "7445"])
def test_what_is_not_about_the_pin_does_not_count(make_bench: Any, code: str) -> None:
    bench, session = canada(make_bench, canada_error(code))
    outcome = read(bench, session)
    # Another process, since an old release asks only once for a position.
    other, _ = canada(make_bench, canada_error(code))
    other.cloud.sign_ins = bench.cloud.sign_ins
    read(other, outcome.get("session", session))
    assert asked(other) == 1
