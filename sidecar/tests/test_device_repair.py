"""A read under a device id that the vendor has forgotten: the device is registered anew, once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clouds_elsewhere import CARS, REGIONS, SPA_CARS, Elsewhere, Region, session_of, skip_if_old
from conftest import Call, reply

FORGOTTEN = reply({"retCode": "F", "resCode": "4002", "resMsg": "Invalid deviceId"})
NEW = "8a6a1b0c-8f0e-4a41-8d4f-5f6e7a8b9c10"
WORDS = ("australia", "new-zealand", "india", "china")


class Forgetful(Elsewhere):
    """Knows the device that was registered last."""

    def __init__(self, region: Region) -> None:
        super().__init__(region)
        self.known = NEW
        self.registered = 0
        self.answer_first("notifications/register", self.register)
        self.answer_first(SPA_CARS, self.guarded(lambda _: reply(CARS)))
        for path in ("status/latest", "ccs2/carstatus/latest", "vehicles/car-1/status"):
            self.answer_first(path, self.guarded(lambda _: BUSY))

    def register(self, _: Call) -> Any:
        self.registered += 1
        return reply({"retCode": "S", "resCode": "0000", "resMsg": {"deviceId": self.known}})

    def guarded(self, answer: Any) -> Any:
        def check(call: Call) -> Any:
            is_known = call.headers.get("ccsp-device-id") == self.known
            return answer(call) if is_known else FORGOTTEN

        return check


BUSY = reply({"retCode": "F", "resCode": "5031", "resMsg": "busy"})


@pytest.fixture(params=[one for one in REGIONS if one.word in WORDS], ids=str)
def region(request: pytest.FixtureRequest) -> Region:
    chosen: Region = request.param
    skip_if_old(chosen, "india", "china")
    return chosen


def session_of_legacy_car() -> dict[str, Any]:
    session = session_of()
    session["vehicles"][0]["ccu_ccs2_protocol_support"] = 0
    return session


@pytest.mark.parametrize("operation", ["cached", "force"])
def test_the_device_is_registered_and_the_read_done_once_more(
    make_bench: Any, region: Region, operation: str
) -> None:
    bench = make_bench(Forgetful(region), region=region.word, brand=region.brand)
    outcome = bench.run(operation, session_of_legacy_car())
    # The second read comes as far as the cloud's own trouble.
    assert outcome["failure"]["code"] == "unavailable"
    assert "forgotten" not in outcome["failure"]["message"]
    assert bench.cloud.registered == 1
    # Read, list, register, list, read.
    assert outcome["requests"] == 5
    assert outcome["session"]["token"]["device_id"] == NEW
    assert outcome["session"]["token"]["refresh_token"] == "old-refresh"


def test_a_device_that_is_not_known_for_long_is_registered_once(
    make_bench: Any, region: Region
) -> None:
    cloud = Forgetful(region)
    cloud.answer_first("status/latest", FORGOTTEN)
    bench = make_bench(cloud, region=region.word, brand=region.brand)
    outcome = bench.run("cached", session_of_legacy_car())
    assert outcome["failure"]["code"] == "unavailable"
    assert cloud.registered == 1
    assert outcome["requests"] == 5
    assert "correct horse" not in json.dumps(outcome)


def test_the_next_read_goes_out_under_the_new_name(make_bench: Any, region: Region) -> None:
    cloud = Forgetful(region)
    where = {"region": region.word, "brand": region.brand}
    session = make_bench(cloud, **where).run("cached", session_of_legacy_car())["session"]
    cloud.calls.clear()
    make_bench(cloud, **where).run("cached", json.loads(json.dumps(session)))
    assert cloud.registered == 1
    assert len(cloud.calls) == 1
