"""Sign-in by a one-time code: every step runs in a process of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from clouds import HyundaiUsa, kia_error
from clouds_with_codes import CODE, Canada, KiaUsaWithCodes, canada_error
from conftest import reply

WRONG = "111111"
CODE_PATHS_OF_KIA = ("cmm/sendOTP", "cmm/verifyOTP")


class Account:
    """What the bridge keeps between the processes: session and device."""

    def __init__(self, make_bench: Any, cloud: Any) -> None:
        self._make_bench = make_bench
        self.cloud = cloud
        self.session: Any = None
        self.device: Any = None
        self.bench: Any = None
        self._where = {"region": "canada"} if isinstance(cloud, Canada) else {"region": "usa"}

    def run(self, operation: str, **task: Any) -> dict[str, Any]:
        self.bench = self._make_bench(self.cloud, brand="kia", **self._where)
        outcome = self.bench.run(operation, self.session, device=self.device, **task)
        outcome = json.loads(json.dumps(outcome))
        self.session = outcome.get("session", self.session)
        self.device = outcome.get("device", self.device)
        result: dict[str, Any] = outcome
        return result

    def open(self) -> None:
        assert self.run("sign_in")["failure"]["code"] == "otp_required"
        assert self.run("request_code", method="email")["ok"]
        assert self.run("submit_code", code=CODE)["ok"]


@pytest.fixture(params=[KiaUsaWithCodes, Canada])
def account(request: pytest.FixtureRequest, make_bench: Any) -> Account:
    return Account(make_bench, request.param())


def test_a_sign_in_that_needs_a_code_says_how_it_can_be_sent(account: Account) -> None:
    outcome = account.run("sign_in")
    assert outcome["failure"]["code"] == "otp_required"
    assert "session" not in outcome
    assert outcome["challenge"]["methods"] == ["email", "sms"]
    kia = {"email": "d***@e***.com", "sms": "***-***-1234"}
    canada = {"email": "d***@example.com", "sms": "***0123"}
    masked = canada if isinstance(account.cloud, Canada) else kia
    assert {name: outcome["challenge"][name] for name in masked} == masked
    assert outcome["device"]["device_id"]
    assert outcome["device"]["code_request"]["request_id"]
    assert outcome["device"]["code_request"]["made_at"].endswith("Z")
    # Nothing is sent before a person says where to.
    assert account.cloud.sent == []
    assert outcome["requests"] == (2 if isinstance(account.cloud, Canada) else 1)


@pytest.mark.parametrize("method", ["email", "sms"])
def test_the_steps_of_a_code_survive_a_new_process_each(account: Account, method: str) -> None:
    account.run("sign_in")
    requested = account.run("request_code", method=method)
    assert requested["result"] == {"operation": "request_code", "method": method}
    assert requested["requests"] == 1
    assert [word[0].upper() for word in account.cloud.sent] == [method[0].upper()]
    outcome = account.run("submit_code", code=CODE)
    assert outcome["ok"], outcome
    assert outcome["result"]["operation"] == "sign_in"
    assert outcome["result"]["vehicles"][0]["id"] == "car-1"
    assert outcome["session"]["listed_at"]
    assert outcome["requests"] == 3
    assert outcome["device"]["code_request"] is None
    assert outcome["device"]["trusted_at"]


def test_the_session_of_a_code_is_told_before_the_cars_are_listed(account: Account) -> None:
    account.run("sign_in")
    account.run("request_code", method="email")
    account.run("submit_code", code=CODE)
    kinds = [json.loads(line)["type"] for line in account.bench.lines.getvalue().splitlines()]
    kinds = [kind for kind in kinds if kind != "log"]
    assert kinds == ["request", "request", "session", "request"]
    (early,) = account.bench.lines.messages("session")
    assert early["session"]["token"] == account.session["token"]


def test_a_session_whose_cars_could_not_be_listed_is_kept(account: Account) -> None:
    account.run("sign_in")
    account.run("request_code", method="email")
    path = "vhcllst" if isinstance(account.cloud, Canada) else "ownr/gvl"
    listing = account.cloud.answers[path]
    account.cloud.on(path, reply(b"<html>", status=503))
    outcome = account.run("submit_code", code=CODE)
    assert outcome["failure"]["code"] == "unavailable"
    assert outcome["session"]["token"]["access_token"]
    assert outcome["device"]["code_request"] is None
    account.cloud.on(path, listing)
    assert account.run("sign_in")["ok"]


def test_a_wrong_code_can_be_tried_again(account: Account) -> None:
    account.run("sign_in")
    account.run("request_code", method="email")
    asked = account.device["code_request"]
    outcome = account.run("submit_code", code=WRONG)
    assert outcome["failure"]["code"] == "otp_required"
    assert "the code was not accepted" in outcome["failure"]["message"]
    assert outcome["requests"] == 1
    assert outcome["device"]["code_request"] == asked
    assert outcome["challenge"]["methods"] == ["email", "sms"]
    assert "session" not in outcome
    assert account.run("submit_code", code=CODE)["ok"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (requests.exceptions.ConnectionError("reset"), "unavailable"),
        (requests.exceptions.ReadTimeout("read timed out"), "unavailable"),
        (reply(b"<html>", status=503), "unavailable"),
        (reply(b"<html>"), "unavailable"),
        (reply(b"<html>", status=429), "rate_limited"),
    ],
)
@pytest.mark.parametrize("step", ["request_code", "submit_code"])
def test_an_outage_between_the_steps_spends_no_sign_in(
    account: Account, step: str, answer: Any, code: str
) -> None:
    account.run("sign_in")
    asked = account.device["code_request"]
    cloud, is_canada = account.cloud, isinstance(account.cloud, Canada)
    send, verify = ("mfa/sendotp", "mfa/validateotp") if is_canada else CODE_PATHS_OF_KIA
    cloud.on(send if step == "request_code" else verify, answer)
    task = {"method": "email"} if step == "request_code" else {"code": CODE}
    outcome = account.run(step, **task)
    assert outcome["failure"]["code"] == code
    assert outcome["failure"].get("retry_after_s") == (900 if code == "rate_limited" else None)
    assert outcome["requests"] == 1
    assert account.device["code_request"] == asked


def test_a_code_that_nobody_asked_for_costs_no_request(account: Account) -> None:
    outcome = account.run("submit_code", code=CODE)
    assert outcome["failure"]["code"] == "otp_required"
    assert "ask for one first" in outcome["failure"]["message"]
    assert outcome["requests"] == 0


def test_a_request_for_a_code_without_a_sign_in_before_makes_it(account: Account) -> None:
    outcome = account.run("request_code", method="email")
    assert outcome["ok"], outcome
    assert outcome["requests"] == (3 if isinstance(account.cloud, Canada) else 2)
    assert account.run("submit_code", code=CODE)["ok"]


def test_a_request_that_the_vendor_has_dropped_is_made_anew_once(account: Account) -> None:
    account.run("sign_in")
    if isinstance(account.cloud, Canada):
        account.device["code_request"]["request_id"] = "user-info-uuid-0"
    else:
        account.cloud.open.clear()
    account.run("request_code", method="email")
    assert len(account.cloud.sent) == 1
    assert account.run("submit_code", code=CODE)["ok"]


def test_a_vendor_that_sends_no_code_at_all_is_asked_twice_only(account: Account) -> None:
    is_canada = isinstance(account.cloud, Canada)
    account.run("sign_in")
    path, answer = ("mfa/sendotp", canada_error("7445")), ("cmm/sendOTP", kia_error(9789))
    account.cloud.on(*(path if is_canada else answer))
    outcome = account.run("request_code", method="email")
    assert outcome["failure"]["code"] == "unavailable"
    assert outcome["requests"] == (4 if is_canada else 3)


def test_a_vendor_that_wants_no_code_any_more_opens_the_session(account: Account) -> None:
    if isinstance(account.cloud, Canada):
        account.cloud.wants_code = False
    else:
        account.cloud.on("prof/authUser", super(KiaUsaWithCodes, account.cloud).sign_in)
    outcome = account.run("request_code", method="email")
    assert outcome["result"]["operation"] == "sign_in"
    assert outcome["session"]["token"]["access_token"]
    assert account.device["code_request"] is None


def test_a_way_that_is_not_offered_is_refused_without_a_request(account: Account) -> None:
    account.run("sign_in")
    account.device["code_request"]["has_sms"] = False
    outcome = account.run("request_code", method="sms")
    assert outcome["failure"]["code"] == "invalid_payload"
    assert outcome["failure"]["message"] == "method: expected email, got sms"
    assert outcome["requests"] == 0


def test_a_trusted_device_needs_no_code_in_any_later_sign_in(account: Account) -> None:
    account.open()
    first = account.device["device_id"]
    assert account.run("sign_in")["ok"]
    assert account.device["device_id"] == first
    names = {call.headers.get("deviceid", first) for call in account.cloud.calls}
    assert names == {first}


def test_the_device_keeps_its_name_when_the_session_is_gone(account: Account) -> None:
    account.open()
    first = account.device["device_id"]
    account.session = None
    account.cloud.calls.clear()
    account.run("sign_in")
    assert account.cloud.calls[0].headers["deviceid"] == first
    if isinstance(account.cloud, Canada):
        assert account.session is not None
    assert account.device["device_id"] == first


def test_a_first_sign_in_names_the_device_at_random(make_bench: Any) -> None:
    names = set()
    for _ in range(2):
        account = Account(make_bench, Canada(wants_code=False))
        assert account.run("sign_in")["ok"]
        names.add(account.device["device_id"])
    assert len(names) == 2


def test_a_session_of_before_the_device_was_kept_names_it(account: Account) -> None:
    account.open()
    first, account.device = account.device["device_id"], None
    assert account.run("sign_in")["ok"]
    assert account.device["device_id"] == first


def test_a_device_that_the_vendor_has_forgotten_is_asked_for_a_code_again(
    account: Account,
) -> None:
    account.open()
    before = json.loads(json.dumps(account.session))
    account.cloud.trusted.clear()
    outcome = account.run("sign_in")
    assert outcome["failure"]["code"] == "otp_required"
    # The first answer of the vendor holds the request for a code: no second sign-in is needed for it.
    assert outcome["requests"] == (2 if isinstance(account.cloud, Canada) else 1)
    assert account.session == before
    assert account.device["trusted_at"] is None
    assert account.run("request_code", method="email")["ok"]
    assert account.run("submit_code", code=CODE)["ok"]


def test_kia_wants_the_password_to_be_right_after_the_code_too(make_bench: Any) -> None:
    account = Account(make_bench, KiaUsaWithCodes())
    account.run("sign_in")
    account.run("request_code", method="email")
    account.cloud.on("prof/authUser", kia_error(1001))
    assert account.run("submit_code", code=CODE)["failure"]["code"] == "auth_failed"


def test_only_canada_tells_until_when_a_device_is_trusted(account: Account) -> None:
    account.run("sign_in")
    account.run("request_code", method="email")
    outcome = account.run("submit_code", code=CODE)
    told = outcome["session_expires_at"]
    assert (told is not None) is isinstance(account.cloud, Canada)
    again = account.run("sign_in")
    assert again["session_expires_at"] == told


@pytest.mark.parametrize(
    ("operation", "task"), [("request_code", {"method": "sms"}), ("submit_code", {"code": CODE})]
)
def test_other_regions_send_no_codes(make_bench: Any, operation: str, task: Any) -> None:
    bench = make_bench(HyundaiUsa(), brand="hyundai")
    outcome = bench.run(operation, **task)
    assert outcome["failure"]["code"] == "unsupported"
    assert outcome["requests"] == 0
    assert "device" not in outcome


def test_codes_keys_and_the_device_are_secrets(account: Account) -> None:
    account.run("sign_in")
    account.run("request_code", method="email")
    bench, asked = account.bench, account.device["code_request"]
    request = bench.request("submit_code", account.session, device=account.device, code=WRONG)
    bench.worker.run(request)
    (line,) = bench.lines.messages("outcome")
    assert line["outcome"]["failure"]["code"] == "otp_required"
    for secret in (WRONG, asked["otp_key"], asked["request_id"], account.device["device_id"]):
        assert secret not in bench.redactor.text(f"it said {secret} and no more")


def test_a_key_that_is_learnt_in_a_task_is_a_secret_from_then_on(account: Account) -> None:
    outcome = account.run("sign_in")
    asked, told = outcome["device"]["code_request"], account.bench.redactor.text
    for secret in (asked["request_id"], outcome["device"]["device_id"]):
        assert secret not in told(f"it said {secret} and no more")
    if isinstance(account.cloud, Canada):
        # Its key comes only with the code.
        account.run("request_code", method="sms")
        key = account.device["code_request"]["otp_key"]
        assert key not in account.bench.redactor.text(f"it said {key} and no more")
