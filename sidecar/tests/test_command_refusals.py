"""What a reply to a command means: refused, and so not done, or nobody knows."""

from __future__ import annotations

from typing import Any

import pytest

from clouds_commands import CANADA, CCI, EUROPE, HYUNDAI, KIA, PIN_TAKEN, Place, order
from clouds_elsewhere import session_of
from clouds_europe import gspa_refused, refused
from clouds_with_codes import canada_error
from conftest import Cloud, reply

HTML = b"<html>no</html>"


def brazil(make_bench: Any, answer: Any) -> tuple[dict[str, Any], int]:
    cloud = Cloud()
    cloud.on("control/door", answer)
    cloud.on("user/pin", PIN_TAKEN["user/pin"])
    cloud.on("spa/vehicles", reply({"retCode": "S", "resCode": "0000", "resMsg": {"vehicles": []}}))
    bench = make_bench(cloud, region="brazil", brand="hyundai")
    failure = order(bench, session_of())["failure"]
    return failure, sum(path.endswith("control/door") for path in cloud.paths)


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    ("code", "wanted", "sent", "is_unknown"),
    [
        ("4002", "unavailable", False, False),
        ("4004", "duplicate_request", True, False),
        ("4005", "unsupported", True, False),
        ("4081", "vehicle_timeout", True, True),
        ("9999", "vehicle_timeout", True, True),
        ("5031", "unavailable", True, False),
        ("5091", "rate_limited", True, False),
        ("5921", "unsupported", True, False),
        ("7501", "auth_failed", False, False),
    ],
)
def test_brazil_says_by_code_what_others_have_errors_for(
    make_bench: Any, status: int, code: str, wanted: str, sent: bool, is_unknown: bool
) -> None:
    failure, times = brazil(make_bench, refused(code, status))
    assert (failure["code"], failure["sent"]) == (wanted, sent)
    assert ("outcome" in failure) is is_unknown
    assert times == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (reply({"message": "no"}), "unavailable"),
        (refused("5031", 503), "unavailable"),
        (reply({"message": "no"}, status=502), "unavailable"),
        (reply([]), "internal"),
    ],
    ids=str,
)
def test_what_brazil_does_not_refuse_is_unknown(make_bench: Any, answer: Any, code: str) -> None:
    failure, times = brazil(make_bench, answer)
    assert (failure["code"], failure["outcome"], failure["sent"]) == (code, "unknown", True)
    assert times == 1


@pytest.mark.parametrize(
    ("place", "answer", "code", "is_unknown"),
    [
        (CCI, gspa_refused("503-000", 503), "unavailable", False),
        (CCI, gspa_refused("500-000", 500), "unavailable", True),
        (CCI, gspa_refused("504-001", 504), "unavailable", True),
        (CCI, reply({"rc": "4081", "msg": "no"}), "vehicle_timeout", True),
        (CCI, reply([], status=400), "internal", False),
        (CCI, reply([], status=500), "internal", True),
        (CCI, reply(HTML, status=403), "vehicle_refused", False),
        (CCI, reply(HTML), "unavailable", True),
        (EUROPE, refused("4081"), "vehicle_timeout", True),
        (EUROPE, refused("5031", 500), "unavailable", False),
        (EUROPE, reply(HTML, status=403), "unavailable", False),
        (EUROPE, reply({"message": "no"}, status=403), "unavailable", False),
        (EUROPE, reply({"message": "no"}), "unavailable", True),
        (KIA, reply({"message": "no"}, status=403), "internal", False),
        (KIA, reply({"message": "no"}, status=500), "internal", True),
        (HYUNDAI, reply(HTML, status=404), "vehicle_refused", False),
        (HYUNDAI, reply(HTML, status=503), "unavailable", True),
        (HYUNDAI, reply(HTML), "unavailable", True),
        (CANADA, canada_error("6504"), "vehicle_timeout", True),
        (CANADA, reply(HTML, status=403), "unavailable", False),
        (CANADA, reply({"message": "no"}, status=500), "internal", True),
    ],
    ids=str,
)
def test_only_a_refusal_says_that_nothing_was_done(
    make_bench: Any, place: Place, answer: Any, code: str, is_unknown: bool
) -> None:
    bench, session = place.ready(make_bench)
    bench.cloud.on(place.command, answer)
    failure = order(bench, session)["failure"]
    assert (failure["code"], failure["sent"]) == (code, True)
    assert ("outcome" in failure) is is_unknown
    assert place.sent(bench) == 1


def test_a_refusal_of_canada_that_has_a_name_is_a_refusal(make_bench: Any) -> None:
    bench, session = CANADA.ready(make_bench)
    answer = canada_error("7445")
    bench.cloud.on(CANADA.command, {**answer, "headers": {"transactionId": "action-1"}})
    failure = order(bench, session)["failure"]
    assert (failure["code"], failure["sent"]) == ("vehicle_refused", True)
    assert "outcome" not in failure


def test_a_number_that_is_too_long_for_python_leaves_the_outcome_unknown(make_bench: Any) -> None:
    bench, session = EUROPE.ready(make_bench)
    digits = b'{"retCode":"S","resCode":' + b"9" * 5000 + b"}"
    bench.cloud.on(EUROPE.command, reply(digits))
    outcome = order(bench, session)
    assert outcome["failure"]["outcome"] == "unknown"
    assert outcome["failure"]["sent"] is True
