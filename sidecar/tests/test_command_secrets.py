"""Whatever a cloud says back to a command, no secret of it is in a line or a failure."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from bluelink_sidecar.log import ChannelHandler
from bluelink_sidecar.protocol import Channel
from clouds_commands import CANADA, CCI, EUROPE, HYUNDAI, KIA, LOCK, PLACES, WEAR_S, Place
from clouds_with_codes import canada_ok
from conftest import Call, reply

PIN = "4711"
#: Given for the PIN.
TOKEN = "KrautUndRueben"
TOKENS = {
    "vrfypin": canada_ok({"pAuth": TOKEN}),
    "user/pin": reply({"controlToken": TOKEN, "expiresTime": 600}),
    "auth/v1/pin": reply(
        {"isMatched": True, "controlTokenInfo": {"controlToken": TOKEN, "expiresTime": 600}}
    ),
}


def session_of(call: Call) -> str:
    names = ("sid", "accesstoken", "authorization")
    return next(call.headers[name] for name in names if name in call.headers)


def words(call: Call) -> str:
    return f"no: {PIN} and {TOKEN} and {session_of(call)} and correct horse"


def in_its_form(place: Place, said: str) -> Any:
    return {
        KIA: {"status": {"statusCode": 1, "errorType": 2, "errorCode": 9, "errorMessage": said}},
        HYUNDAI: {"errorCode": "400", "errorMessage": said},
        CANADA: {"responseHeader": {"responseCode": 1}, "error": {"errorDesc": said}},
        EUROPE: {"retCode": "F", "resCode": "4444", "resMsg": said},
        CCI: {"metaInfo": {"retCode": "F", "resCode": "400-002", "message": said}},
    }[place]


@pytest.mark.parametrize("form", ["refusal", "error", "page"])
@pytest.mark.parametrize("place", PLACES, ids=str)
def test_no_secret_is_in_a_line_or_a_failure(make_bench: Any, place: Place, form: str) -> None:
    bench, session = place.ready(make_bench)
    used: set[str] = set()

    def echo(call: Call) -> Any:
        used.add(session_of(call).removeprefix("Bearer "))
        said = words(call)
        bodies = {
            "refusal": reply(in_its_form(place, said)),
            "error": reply({"error": said}, status=500),
            "page": reply(f"<p>{said}</p>".encode(), status=502),
        }
        return bodies[form]

    if place.pin is not None:
        bench.cloud.on(place.pin, TOKENS[place.pin])
    bench.cloud.on(place.command, echo)
    handler = ChannelHandler(Channel(bench.lines), bench.redactor, lambda: 7)
    logging.getLogger().addHandler(handler)
    try:
        told = {"vehicle": "car-1", "action": LOCK, "send_within_ms": WEAR_S}
        bench.worker.run(bench.request("command", session, **told))
    finally:
        logging.getLogger().removeHandler(handler)
    (end,) = bench.lines.messages("outcome")
    shown = [*bench.lines.messages("log"), end["outcome"]["failure"]]
    assert len(used) == 1
    given = () if place.pin is None else (TOKEN,)
    for secret in (PIN, "correct horse", *given, *used):
        assert secret not in json.dumps(shown), secret
