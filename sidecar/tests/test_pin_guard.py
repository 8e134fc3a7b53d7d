"""A PIN that was refused is not sent again, in this process or the next, until it is another one."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from clouds_commands import CANADA, CCI, EUROPE, HYUNDAI, KIA, PIN_TAKEN, Place, order
from clouds_europe import refused
from clouds_with_codes import Canada, canada_error, canada_ok
from conftest import reply

STATUS = {
    "lastStatusDate": "20261122101500",
    "doorLock": True,
    "airTemp": {"value": "10H", "unit": 0},
    "evStatus": {"batteryStatus": 61},
}


def matched_not(tries_left: int) -> Any:
    """The newer European cloud on a wrong PIN, and on any while it is locked."""
    left = {"remainCount": tries_left, "remainTime": 300}
    return reply({"isMatched": False, "controlTokenInfo": None, "remainCountOnFailedInfo": left})


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


@pytest.mark.parametrize(
    ("place", "answer"),
    [
        (CANADA, canada_error("7310")),
        (EUROPE, reply({"errCode": "4444", "errMsg": "Invalid PIN"}, status=400)),
        (EUROPE, refused("4444")),
        (CCI, matched_not(4)),
    ],
    ids=str,
)
def test_a_pin_refused_for_a_command_is_not_sent_for_another(
    make_bench: Any, place: Place, answer: Any
) -> None:
    bench, session = place.ready(make_bench)
    bench.cloud.on(place.pin or "", answer)
    outcome = order(bench, session)
    assert (outcome["failure"]["code"], outcome["failure"]["sent"]) == ("pin_rejected", False)
    assert "4711" not in json.dumps(outcome["session"])
    again = order(bench, outcome["session"])["failure"]
    assert (again["code"], again["sent"]) == ("pin_rejected", False)
    assert (place.pins_sent(bench), place.sent(bench)) == (1, 0)


PIN_SERVICE_OUT_OF_ORDER = reply(
    {
        "responseHeader": {"responseCode": 1},
        "error": {"errorCode": "9001", "errorDesc": "the PIN service is out of order"},
    },
    status=500,
)


@pytest.mark.parametrize(
    ("place", "answer", "code"),
    [
        (EUROPE, refused("7501"), "auth_failed"),
        (EUROPE, refused("5091"), "rate_limited"),
        (EUROPE, reply({"retCode": "F", "resMsg": "Too many requests"}), "rate_limited"),
        (EUROPE, reply({"retCode": "F", "resMsg": "The daily limit is reached"}), "rate_limited"),
        (EUROPE, refused("5031"), "unavailable"),
        (EUROPE, refused("4081"), "unavailable"),
        (EUROPE, refused("4010"), "auth_failed"),
        (EUROPE, reply({"error": "no"}, status=503), "unavailable"),
        (EUROPE, reply({"message": "no route"}, status=404), "unavailable"),
        (EUROPE, reply([], status=502), "unavailable"),
        (CCI, reply({"message": "no"}, status=401), "auth_failed"),
        (CCI, reply({"message": "no"}, status=503), "unavailable"),
        (CANADA, canada_error("7403"), "auth_failed"),
        (CANADA, canada_error("7445"), "unavailable"),
        (CANADA, canada_error("7710"), "unavailable"),
        (CANADA, PIN_SERVICE_OUT_OF_ORDER, "unavailable"),
    ],
    ids=str,
)
def test_a_pin_that_was_not_judged_may_be_sent_again(
    make_bench: Any, place: Place, answer: Any, code: str
) -> None:
    bench, session = place.ready(make_bench)
    bench.cloud.on(place.pin or "", answer)
    outcome = order(bench, session)
    assert (outcome["failure"]["code"], outcome["failure"]["sent"]) == (code, False)
    bench.cloud.on(place.pin or "", PIN_TAKEN[place.pin or ""])
    assert order(bench, outcome.get("session", session))["ok"]


def test_a_locked_pin_waits_for_the_end_of_the_lock(make_bench: Any) -> None:
    bench, session = CCI.ready(make_bench)
    bench.cloud.on(CCI.pin or "", matched_not(0))
    outcome = order(bench, session)
    failure = outcome["failure"]
    assert (failure["code"], failure["sent"], failure["retry_after_s"]) == (
        "pin_rejected",
        False,
        300,
    )
    again = order(bench, outcome["session"])["failure"]
    assert (again["code"], again["sent"]) == ("pin_rejected", False)
    assert 0 < again["retry_after_s"] <= 300
    assert CCI.pins_sent(bench) == 1
    bench.cloud.on(CCI.pin or "", PIN_TAKEN["auth/v1/pin"])
    over = {**outcome["session"], "pin_locked_until": time.time() - 1}
    assert order(bench, over)["ok"]


@pytest.mark.parametrize("place", [HYUNDAI, CANADA, EUROPE, CCI], ids=str)
def test_a_command_without_a_pin_sends_nothing(make_bench: Any, place: Place) -> None:
    bench, session = place.ready(make_bench, pin="")
    failure = order(bench, session)["failure"]
    assert (failure["code"], failure["sent"]) == ("pin_rejected", False)
    assert "no PIN in the configuration" in failure["message"]
    assert bench.cloud.paths == []


def test_kia_in_the_usa_wants_no_pin(make_bench: Any) -> None:
    bench, session = KIA.ready(make_bench, pin="")
    assert order(bench, session)["ok"]


def test_hyundai_usa_is_told_nothing_more_with_a_pin_that_it_refused(make_bench: Any) -> None:
    bench, session = HYUNDAI.ready(make_bench)
    wrong = {"errorCode": 400, "errorSubCode": "C400_1", "functionName": "validatePIN"}
    bench.cloud.on(HYUNDAI.command, reply(wrong, status=400))
    outcome = order(bench, session)
    assert outcome["failure"]["code"] == "pin_rejected"
    assert order(bench, outcome["session"])["failure"]["code"] == "pin_rejected"
    assert HYUNDAI.sent(bench) == 1
