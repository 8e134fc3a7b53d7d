"""What a vendor knows this bridge by, and the one-time code that it waits for.

`{"version": 1, "device_id": "...", "code_request": {...}, "trusted_at": "..."}`: opaque to the bridge and a secret, kept
for ever, also when the session is gone: a vendor that remembers the device asks for no code.
"""

from __future__ import annotations

import base64
import dataclasses
import uuid
from typing import Any

from .library import Library
from .mapping import times
from .protocol import Json
from .regions import Family

VERSION = 1
#: Where the device is named by us. Elsewhere the vendor names it, and its name lives in the session.
NAMED_BY_US = frozenset({Family.KIA_USA, Family.CANADA})
#: Where the vendor may want a one-time code.
SENDS_CODES = frozenset({Family.KIA_USA, Family.CANADA})


@dataclasses.dataclass
class Device:
    device_id: str | None = None
    code_request: Json | None = None
    #: When a code made the vendor trust this device.
    trusted_at: str | None = None

    def settle(self, family: Family, token: Any) -> str:
        """The name that the session was opened under, else the one that was kept, else a new one for good."""
        known = getattr(token, "device_id", None) or self.device_id
        self.device_id = known or new_device_id(family)
        return self.device_id

    def asked_for_code(self, otp_request: Any) -> None:
        self.code_request = {
            **dataclasses.asdict(otp_request),
            "made_at": times.utc_text(times.now()),
        }
        self.trusted_at = None

    def trusted(self) -> None:
        self.code_request, self.trusted_at = None, times.utc_text(times.now())

    @property
    def record(self) -> Json:
        return {"version": VERSION, **dataclasses.asdict(self)}

    @property
    def secrets(self) -> list[object]:
        asked = self.code_request or {}
        return [self.device_id, *(value for name, value in asked.items() if name != "made_at")]


def restored_device(record: Json | None) -> Device:
    kept = record or {}
    asked = kept.get("code_request")
    return Device(
        device_id=_text(kept.get("device_id")),
        code_request=asked if isinstance(asked, dict) else None,
        trusted_at=_text(kept.get("trusted_at")),
    )


def new_device_id(family: Family) -> str:
    """At random, in the form that the vendor's own app uses."""
    made = uuid.uuid4()
    if family is Family.CANADA:
        return base64.b64encode(made.hex.encode()).decode()
    return str(made).upper()


def adopt_device_id(library: Library, manager: Any, device_id: str) -> None:
    """From now on the manager's requests go out under this name."""
    api = manager.api
    if hasattr(api, "device_id"):
        api.device_id = device_id
        return
    # Canada takes it from a token on the way to its sign-in, which is left out here.
    api.login = lambda *_, **__: None
    try:
        api.refresh_access_token(library.token(device_id=device_id))
    finally:
        del api.login


def restored_code_request(library: Library, asked: Json) -> Any:
    names = [one.name for one in dataclasses.fields(library.otp_request)]
    return library.otp_request(**{name: asked.get(name) for name in names})


def challenge(asked: Json) -> Json:
    """How the vendor offers to send a code. The addresses are the vendor's own, masked."""
    return {
        "methods": [one for one in ("email", "sms") if asked.get(f"has_{one}")],
        "email": _masked_email(_text(asked.get("email"))),
        "sms": _masked_phone(_text(asked.get("sms"))),
    }


def _masked_email(address: str | None) -> str | None:
    """Canada tells some addresses in full."""
    if address is None or "*" in address:
        return address
    name, at, host = address.partition("@")
    return f"{name[:1]}***{at}{host}"


def _masked_phone(number: str | None) -> str | None:
    return number if number is None or "*" in number else f"***{number[-4:]}"


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
