"""A command: in time, once, and what is said of it."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import requests

from clouds_commands import (
    CANADA,
    CCI,
    EUROPE,
    HYUNDAI,
    KIA,
    LOCK,
    PIN_TAKEN,
    PLACES,
    RESET,
    SESSION_REFUSED,
    WINDOWS,
    Place,
    answered_once,
    order,
)
from clouds_europe import refused
from clouds_with_codes import LIMIT_OF_CANADA
from conftest import Call, reply


@pytest.fixture(params=PLACES, ids=str)
def place(request: pytest.FixtureRequest) -> Place:
    chosen: Place = request.param
    return chosen


FOLLOW_UPS = {
    KIA: ("action-1", 5, "over", None),
    HYUNDAI: ("action-1", 2, "done", None),
    CANADA: ("action-1", 10, "done", None),
    EUROPE: ("action-1", 5, "done", None),
    CCI: ("gspa:action-1", 5, "over", 2),
}


def test_a_command_is_taken_and_can_be_followed(make_bench: Any, place: Place) -> None:
    bench, session = place.ready(make_bench)
    outcome = order(bench, session)
    assert outcome["ok"], outcome
    follow_up = outcome["result"]["follow_up"]
    found = (
        follow_up["action_id"],
        follow_up["every_s"],
        follow_up["succeeded_means"],
        follow_up.get("most_polls"),
    )
    assert found == FOLLOW_UPS[place]
    assert outcome["result"]["action_id"] == follow_up["action_id"]
    assert "rest" not in outcome["result"]
    assert place.sent(bench) == 1


def test_a_refused_session_is_told_and_nothing_is_sent_again(make_bench: Any, place: Place) -> None:
    bench, session = place.ready(make_bench)
    bench.cloud.on(place.command, SESSION_REFUSED[place])
    failure = order(bench, session)["failure"]
    assert (failure["code"], failure["sent"]) == ("auth_failed", False)
    assert "outcome" not in failure
    assert place.sent(bench) == 1
    assert not any("authUser" in path or "login" in path for path in bench.cloud.paths)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (RESET, "unavailable"),
        (requests.exceptions.ReadTimeout("slow"), "timeout"),
        (reply(b"<html>bad gateway</html>", status=502), "unavailable"),
    ],
    ids=["reset", "no answer", "page"],
)
def test_a_lost_answer_leaves_the_outcome_unknown(
    make_bench: Any, place: Place, answer: Any, code: str
) -> None:
    bench, session = place.ready(make_bench)
    bench.cloud.on(place.command, answer)
    failure = order(bench, session)["failure"]
    assert (failure["code"], failure["outcome"], failure["sent"]) == (code, "unknown", True)
    assert place.sent(bench) == 1


def test_a_cloud_that_cannot_be_reached_has_been_sent_nothing(
    make_bench: Any, place: Place
) -> None:
    bench, session = place.ready(make_bench)
    bench.cloud.on(place.command, requests.exceptions.ConnectTimeout("no"))
    failure = order(bench, session)["failure"]
    assert (failure["code"], failure["sent"]) == ("unavailable", False)
    assert "outcome" not in failure


def test_a_command_that_is_too_late_is_not_sent(make_bench: Any, place: Place) -> None:
    bench, session = place.ready(make_bench)
    request = bench.request("command", session, vehicle="car-1", action=LOCK, send_within_ms=1)
    time.sleep(0.01)
    failure = bench.worker.outcome(request)["failure"]
    assert (failure["code"], failure["sent"]) == ("timeout", False)
    assert "was over" in failure["message"]
    assert bench.cloud.paths == []


@pytest.mark.parametrize("place", [CANADA, EUROPE, CCI], ids=str)
def test_a_pin_that_takes_too_long_keeps_the_command_from_leaving(
    make_bench: Any, place: Place
) -> None:
    bench, session = place.ready(make_bench)

    def slow(_: Call) -> Any:
        time.sleep(0.3)
        return PIN_TAKEN[place.pin or ""]

    bench.cloud.on(place.pin or "", slow)
    failure = order(bench, session, send_within_ms=200)["failure"]
    assert (failure["code"], failure["sent"]) == ("timeout", False)
    assert (place.pins_sent(bench), place.sent(bench)) == (1, 0)


@pytest.mark.parametrize("place", [CANADA, EUROPE, CCI], ids=str)
def test_what_fails_before_the_command_is_known_to_be_not_done(
    make_bench: Any, place: Place
) -> None:
    bench, session = place.ready(make_bench)
    bench.cloud.on(place.pin or "", RESET)
    failure = order(bench, session)["failure"]
    assert (failure["code"], failure["sent"]) == ("unavailable", False)
    assert "outcome" not in failure
    assert place.sent(bench) == 0


def test_a_forgotten_device_is_registered_and_the_command_not_repeated(make_bench: Any) -> None:
    bench, session = EUROPE.ready(make_bench)
    registered = reply({"retCode": "S", "resCode": "0000", "resMsg": {"deviceId": "device-2"}})
    bench.cloud.on("notifications/register", registered)
    bench.cloud.on(EUROPE.command, answered_once(refused("4002"), EUROPE.taken))
    outcome = order(bench, session)
    failure = outcome["failure"]
    assert (failure["code"], failure["sent"]) == ("unavailable", False)
    assert EUROPE.sent(bench) == 1
    assert outcome["session"]["token"]["device_id"] == "device-2"
    assert order(bench, outcome["session"])["ok"]


def test_a_device_that_is_unknown_at_the_pin_is_registered_too(make_bench: Any) -> None:
    bench, session = EUROPE.ready(make_bench)
    registered = reply({"retCode": "S", "resCode": "0000", "resMsg": {"deviceId": "device-2"}})
    bench.cloud.on("notifications/register", registered)
    bench.cloud.on("user/pin", answered_once(refused("4002"), PIN_TAKEN["user/pin"]))
    cars = reply({"retCode": "S", "resCode": "0000", "resMsg": {"vehicles": []}})
    bench.cloud.on("spa/vehicles", answered_once(refused("4002"), cars))
    outcome = order(bench, session)
    failure = outcome["failure"]
    assert (failure["code"], failure["sent"]) == ("unavailable", False)
    assert "4002" in failure["message"]
    assert EUROPE.sent(bench) == 0
    assert order(bench, outcome["session"])["ok"]


@pytest.mark.parametrize("place", [EUROPE, CCI], ids=str)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_refused_session_is_not_changed_by_the_command(
    make_bench: Any, place: Place, is_first: bool
) -> None:
    """The bridge renews one only where it did not change."""
    bench, session = place.ready(make_bench)
    if not is_first:
        session = order(bench, session)["session"]
        assert session["token"]["control_token"] == "Bearer control-1"
    bench.cloud.on(place.command, SESSION_REFUSED[place])
    outcome = order(bench, session)
    assert (outcome["failure"]["code"], outcome["failure"]["sent"]) == ("auth_failed", False)
    assert "session" not in outcome


def test_a_pin_that_fails_after_a_refused_session_changes_nothing(make_bench: Any) -> None:
    bench, session = CCI.ready(make_bench)
    session = order(bench, session)["session"]
    bench.cloud.on(CCI.command, SESSION_REFUSED[CCI])
    bench.cloud.on(CCI.pin or "", RESET)
    failure = order(bench, session)["failure"]
    assert (failure["code"], failure["sent"]) == ("auth_failed", False)
    assert "outcome" not in failure
    assert CCI.sent(bench) == 2


@pytest.mark.parametrize("place", [KIA, HYUNDAI, CANADA, EUROPE], ids=str)
def test_a_command_that_is_taken_without_a_name_is_taken(make_bench: Any, place: Place) -> None:
    bench, session = place.ready(make_bench)
    nameless = {
        KIA: reply({"status": {"statusCode": 0}}),
        HYUNDAI: reply(b""),
        CANADA: reply({"responseHeader": {"responseCode": 0}, "result": {}}),
        EUROPE: reply({"retCode": "S", "resCode": "0000"}),
    }
    bench.cloud.on(place.command, nameless[place])
    outcome = order(bench, session)
    assert outcome["ok"], outcome
    assert outcome["result"] == {"operation": "command", "action_id": None, "follow_up": None}


def test_a_code_that_is_no_number_refuses_nothing(make_bench: Any) -> None:
    bench, session = CANADA.ready(make_bench)
    bench.cloud.on(CANADA.command, reply({"responseHeader": {"responseCode": "?"}}))
    outcome = order(bench, session)
    assert outcome["ok"], outcome
    assert outcome["result"]["follow_up"] is None
    assert CANADA.sent(bench) == 1


def test_the_bare_name_of_the_newer_european_cloud_is_none(make_bench: Any) -> None:
    bench, session = CCI.ready(make_bench)
    bench.cloud.on(CCI.command, reply({"data": {}, "metaInfo": {"retCode": "S"}}, status=202))
    result = order(bench, session)["result"]
    assert (result["action_id"], result["follow_up"]) == (None, None)


@pytest.mark.parametrize(
    ("place", "answer", "code"),
    [
        (KIA, reply({"status": {"statusCode": 1, "errorType": 2, "errorCode": 1037}}), "refused"),
        (HYUNDAI, reply(b"no", status=400), "refused"),
        (CANADA, reply({"responseHeader": {"responseCode": 1}}), "refused"),
        (EUROPE, refused("4999"), "refused"),
        (EUROPE, refused("4004"), "duplicate_request"),
        (EUROPE, refused("4005"), "unsupported"),
        (EUROPE, refused("5091"), "rate_limited"),
        (
            CCI,
            reply({"metaInfo": {"retCode": "F", "resCode": "400-004"}}, status=400),
            "duplicate_request",
        ),
        (
            CCI,
            reply({"metaInfo": {"retCode": "F", "resCode": "404-001"}}, status=404),
            "unsupported",
        ),
        (CCI, reply({"metaInfo": {"retCode": "F", "resCode": "400-002"}}, status=400), "refused"),
    ],
)
def test_a_refusal_is_known_to_be_not_done(
    make_bench: Any, place: Place, answer: Any, code: str
) -> None:
    bench, session = place.ready(make_bench)
    bench.cloud.on(place.command, answer)
    failure = order(bench, session)["failure"]
    assert failure["code"] == ("vehicle_refused" if code == "refused" else code)
    assert "outcome" not in failure
    assert place.sent(bench) == 1


@pytest.mark.parametrize(
    ("place", "answer", "wait_s"),
    [
        (KIA, reply(b"<html>", status=429), 900),
        (KIA, reply(b"<html>", status=429, **{"retry-after": "90"}), 90),
        (HYUNDAI, reply({"errorCode": 502, "errorSubCode": "HT_534"}, status=502), None),
        (HYUNDAI, reply({}, status=429), 900),
        (CANADA, LIMIT_OF_CANADA, None),
        (CANADA, reply(b"<html>", status=429), 900),
        (EUROPE, refused("5091"), None),
        (EUROPE, reply({}, status=429), 900),
        (CCI, reply({"rc": "5091", "msg": "no"}, status=509), None),
        (CCI, reply({}, status=429), 900),
    ],
    ids=str,
)
def test_a_command_beyond_a_limit_says_how_long_it_lasts(
    make_bench: Any, place: Place, answer: Any, wait_s: int | None
) -> None:
    bench, session = place.ready(make_bench)
    bench.cloud.on(place.command, answer)
    failure = order(bench, session)["failure"]
    assert (failure["code"], failure["sent"]) == ("rate_limited", True)
    assert failure.get("retry_after_s") == wait_s
    assert "outcome" not in failure
    assert place.sent(bench) == 1


def test_a_car_that_is_not_listed_is_told_nothing(make_bench: Any, place: Place) -> None:
    bench, session = place.ready(make_bench)
    failure = order(bench, session, vehicle="car-9")["failure"]
    assert (failure["code"], failure["sent"]) == ("unknown_vehicle", False)
    assert bench.cloud.paths == []


def test_canada_tells_each_car_its_own(make_bench: Any) -> None:
    bench, session = CANADA.ready(make_bench)
    bench.cloud.on("vrfypin", lambda call: pin_of(call.headers["vehicleid"]))
    cars = ["car-1", "car-2", "car-2", "car-1"]
    for car in cars:
        assert order(bench, session, vehicle=car)["ok"]
    told = [call for call in bench.cloud.calls if call.path.endswith("drlck")]
    assert [call.headers["vehicleid"] for call in told] == cars
    assert [call.headers["pauth"] for call in told] == [f"pin-token-of-{car}" for car in cars]


def pin_of(car: str) -> Any:
    return reply(
        {"responseHeader": {"responseCode": 0}, "result": {"pAuth": f"pin-token-of-{car}"}}
    )


def test_a_car_that_is_no_electric_one_is_not_charged_in_the_usa(make_bench: Any) -> None:
    bench, session = HYUNDAI.ready(make_bench)
    session = json.loads(json.dumps(session))
    session["vehicles"][0]["engine_type"] = "PHEV"
    bench.cloud.on("evc/charge/start", HYUNDAI.taken)
    outcome = order(bench, session, {"name": "charge", "value": "start"})
    if outcome["ok"]:
        pytest.skip("this release of the library charges it")
    failure = outcome["failure"]
    assert (failure["code"], failure["sent"]) == ("unsupported", False)
    assert bench.cloud.paths == []


@pytest.mark.parametrize("name", ["lights", "horn"])
def test_what_hyundai_usa_answers_only_once_is_not_followed(make_bench: Any, name: str) -> None:
    bench, session = HYUNDAI.ready(make_bench)
    for path in ("rcs/rhl/light", "rcs/rhl/hnl"):
        bench.cloud.on(path, HYUNDAI.taken)
    result = order(bench, session, {"name": name})["result"]
    assert (result["action_id"], result["follow_up"]) == ("action-1", None)


def test_a_window_that_is_not_named_is_told_what_it_is_now(make_bench: Any) -> None:
    bench, session = EUROPE.ready(make_bench)
    answers, bench.cloud.answers = bench.cloud.answers, {}
    bench.cloud.on("control/windowcurtain", EUROPE.taken)
    bench.cloud.answers.update(answers)
    action = {**WINDOWS, "rear_left": None, "rear_right": None}
    assert order(bench, session, action)["ok"]
    (told,) = [call for call in bench.cloud.calls if call.path.endswith("windowcurtain")]
    assert told.body == {"frontLeft": 2, "frontRight": 2, "backLeft": 0, "backRight": 0}
    # All four named: there is nothing to read.
    bench.cloud.calls.clear()
    assert order(bench, session, WINDOWS)["ok"]
    assert not any("carstatus" in path for path in bench.cloud.paths)
