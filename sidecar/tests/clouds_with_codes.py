"""The clouds that may want a one-time code: Kia in the USA, and Canada."""

from __future__ import annotations

import itertools
from typing import Any

from clouds import KiaUsa, kia_error, kia_ok
from conftest import Call, Cloud, reply

CODE = "246810"


class KiaUsaWithCodes(KiaUsa):
    """Trusts a device that brings the `rmtoken` it was given; wants a code of every other."""

    def __init__(self) -> None:
        super().__init__()
        self.trusted: dict[str, str] = {}
        self.sent: list[str] = []
        #: The requests for a code that are open, by key, and the device of each.
        self.open: dict[str, str] = {}
        self._keys = itertools.count(1)
        self.on("cmm/sendOTP", self.send_code)
        self.on("cmm/verifyOTP", self.verify)

    def sign_in(self, call: Call) -> Any:
        device = call.headers["deviceid"]
        assert call.body["deviceKey"] == device
        remembered = self.trusted.get(device)
        if remembered is not None and call.headers.get("rmtoken") == remembered:
            return super().sign_in(call)
        key = f"otp-key-number-{next(self._keys)}"
        self.open[key] = device
        offered = {
            "otpKey": key,
            "hasEmail": True,
            "email": "d***@e***.com",
            "hasPhone": True,
            "phone": "***-***-1234",
            "rmTokenExpired": "rmtoken" in call.headers,
        }
        return kia_ok(offered, xid=f"xid-of-{key}")

    def send_code(self, call: Call) -> Any:
        if not self._is_open(call):
            return kia_error(9789)
        self.sent.append(call.headers["notifytype"])
        return kia_ok({})

    def verify(self, call: Call) -> Any:
        if not self._is_open(call) or not self.sent or call.body["otp"] != CODE:
            return kia_error(9001)
        device = call.headers["deviceid"]
        self.trusted[device] = f"rmtoken-of-{device}"
        return reply(
            {"status": {"statusCode": 0}}, sid="sid-of-the-code", rmtoken=self.trusted[device]
        )

    def _is_open(self, call: Call) -> bool:
        key = call.headers["otpkey"]
        is_same_device = self.open.get(key) == call.headers["deviceid"]
        return is_same_device and call.headers["xid"] == f"xid-of-{key}"


def canada_ok(result: Any) -> Any:
    return reply({"responseHeader": {"responseCode": 0}, "result": result})


def canada_error(code: str) -> Any:
    error = {"errorCode": code, "errorDesc": "no"}
    return reply({"responseHeader": {"responseCode": 1}, "error": error})


LIMIT_OF_CANADA = reply(
    {
        "responseHeader": {"responseCode": 1},
        "error": {
            "errorCode": "7445",
            "errorDesc": "You have exceeded the daily limit of requests",
        },
    }
)


class Canada(Cloud):
    """Two cars; trusts a device once a code was entered, and each sign-in ends the token before."""

    def __init__(self, *, wants_code: bool = True) -> None:
        super().__init__()
        self.wants_code = wants_code
        self.sign_ins = 0
        self.trusted: set[str] = set()
        self.sent: list[str] = []
        self.open_device = ""
        self._keys = itertools.count(1)
        self._key = ""
        self.on("v2/login", self.sign_in)
        self.on("mfa/selverifmeth", self.offer)
        self.on("mfa/sendotp", self.send_code)
        self.on("mfa/validateotp", self.verify)
        self.on("mfa/genmfatkn", self.trust)
        self.on("vhcllst", self.guarded(lambda _: canada_ok({"vehicles": cars()})))
        for path in ("lstvhclsts", "rltmvhclsts", "nxtsvc"):
            self.on(path, self.guarded(lambda _: canada_error("6504")))

    @property
    def token(self) -> str:
        return f"canadian-token-{self.sign_ins}"

    def guarded(self, answer: Any) -> Any:
        def check(call: Call) -> Any:
            if call.headers.get("accesstoken") != self.token:
                return canada_error("7403")
            return answer(call)

        return check

    def sign_in(self, call: Call) -> Any:
        if self.wants_code and call.headers["deviceid"] not in self.trusted:
            self.open_device = call.headers["deviceid"]
            return canada_error("7110")
        return self.tokens()

    def tokens(self) -> Any:
        self.sign_ins += 1
        token = {
            "accessToken": self.token,
            "refreshToken": "canadian-refresh-token",
            "expireIn": 86400,
        }
        return canada_ok({"token": token})

    def offer(self, call: Call) -> Any:
        assert call.headers["deviceid"] == self.open_device
        return canada_ok(
            {
                "userInfoUuid": "user-info-uuid-1",
                "emailList": ["driver@example.com"],
                "userPhone": "6135550123",
            }
        )

    def send_code(self, call: Call) -> Any:
        is_open = call.body["userInfoUuid"] == "user-info-uuid-1"
        if not is_open or call.headers["deviceid"] != self.open_device:
            return canada_error("7445")
        self.sent.append(call.body["otpMethod"])
        self._key = f"canadian-otp-key-{next(self._keys)}"
        return canada_ok({"otpKey": self._key})

    def verify(self, call: Call) -> Any:
        is_right = call.body["otpKey"] == self._key and call.body["otpNo"] == CODE
        if not is_right or call.headers["deviceid"] != self.open_device:
            return canada_error("7549")
        return canada_ok({"verifiedOtp": True, "otpValidationKey": "validated-1"})

    def trust(self, call: Call) -> Any:
        assert call.body["otpValidationKey"] == "validated-1"
        assert call.body["mfaYn"] == "Y"
        self.trusted.add(call.headers["deviceid"])
        return self.tokens()


def cars() -> list[dict[str, Any]]:
    return [
        {
            "vehicleId": f"car-{number}",
            "nickName": f"Car {number}",
            "modelName": "KONA EV",
            "modelYear": "2021",
            "vin": f"KM8K33AG0MU00000{number}",
            "fuelKindCode": "E",
            "dtcCount": 0,
        }
        for number in (1, 2)
    ]
