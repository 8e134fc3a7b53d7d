"""Runs one task after the other and turns whatever happens into an outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .account import AccountState
from .action_status import action_status
from .commands import command
from .device import challenge, restored_device
from .failures import classify
from .http_watch import HttpWatch, Seen
from .library import Library
from .listing import ListingFacts
from .mapping import times
from .one_time_codes import request_code, submit_code
from .outcomes import failure
from .pin_guard import pin_tokens
from .protocol import CAR_OPERATIONS, Channel, Json, Request
from .reads import cached, force
from .redaction import Redactor
from .regions import Family
from .replies import failed, outcome_line, succeeded
from .session import has_changed, has_rotated
from .session_expiry import session_expires_at
from .sign_in import list_cars, sign_in
from .trips import trips
from .trouble import Trouble

#: The operations that may open a session.
SIGNING_IN = {"sign_in": sign_in, "request_code": request_code, "submit_code": submit_code}
OF_A_CAR = {
    "cached": cached,
    "force": force,
    "command": command,
    "action_status": action_status,
    "trips": trips,
}
#: The rules for failures know reads and sign-ins.
KIND = {"list": "cached", "request_code": "sign_in", "submit_code": "sign_in"}


class Worker:
    def __init__(self, library: Library, channel: Channel, redactor: Redactor) -> None:
        self._library = library
        self._channel = channel
        self._redactor = redactor
        self.current_id: int | None = None
        #: The sign-in under way, and the newest session that the bridge knows of.
        self._signing_in: Request | None = None
        self._told: Json | None = None
        self._state = AccountState(library, ListingFacts())
        self._watch = HttpWatch(self._state.may_send, self._tell_request, self._on_reply)

    def install(self) -> Callable[[], None]:
        """Starts to watch the HTTP requests of the whole process; returns what stops it."""
        return self._watch.install()

    def run(self, request: Request) -> None:
        self.current_id = request.id
        self._redactor.learn(secrets_in(request))
        try:
            outcome = self.outcome(request)
        except Exception as error:
            # Whatever is wrong here, the bridge must not wait for its deadline to hear of it.
            reason = f"the sidecar failed ({type(error).__name__})"
            outcome = failed(failure("internal", reason), self._watch.seen.requests)
        self.current_id = None
        self._channel.send(outcome_line(request.id, outcome))

    def outcome(self, request: Request) -> Json:
        seen = self._watch.begin(request.remaining_s)
        self._state.begin(request)
        try:
            outcome = self._work(request, seen)
        except Exception as error:
            outcome = failed(self._failure(request, seen, error), seen.requests)
        if self._state.pin is not None and self._state.pin.is_news:
            why = "the vendor refuses the PIN; it is not sent again until it is another one"
            self._channel.log("warn", why, request.id)
        outcome["library"] = self._library.label
        outcome.update(self._changed_device(request, outcome))
        session = self._changed_session(request, outcome)
        if session is not None:
            outcome.update({"session": session, **self._expiry(request)})
        return outcome

    def _work(self, request: Request, seen: Seen) -> Json:
        if request.operation in SIGNING_IN:
            self._signing_in, self._told = request, request.session
            try:
                work = SIGNING_IN[request.operation]
                return succeeded(work(self._state, request, seen), seen.requests)
            finally:
                self._signing_in = None
        if request.operation == "list":
            return succeeded(list_cars(self._state, request, seen), seen.requests)
        return OF_A_CAR[request.operation](self._state, request, seen)

    def _failure(self, request: Request, seen: Seen, error: Exception) -> Json:
        place = self._state.place
        family = place.family if place else Family.OTHER
        # The token may have been renewed since the task came.
        self._learn_session()
        self._redactor.learn(self._state.device.secrets)
        kind = KIND.get(request.operation, request.operation)
        return classify(Trouble(error, family, kind, seen), self._redactor)

    def _changed_device(self, request: Request, outcome: Json) -> Json:
        if request.operation in CAR_OPERATIONS:
            return {}
        device = self._state.device
        self._redactor.learn(device.secrets)
        is_asked = not outcome["ok"] and outcome["failure"]["code"] == "otp_required"
        found: Json = {}
        if is_asked or device != restored_device(request.device):
            found["device"] = device.record
        if is_asked and device.code_request is not None:
            found["challenge"] = challenge(device.code_request)
        return found

    def _expiry(self, request: Request) -> Json:
        """Nothing where it hangs on the device, which a task about a car does not bring."""
        place, manager = self._state.place, self._state.manager
        if place is None or (place.family is Family.CANADA and request.operation in CAR_OPERATIONS):
            return {}
        found = session_expires_at(manager.token, place.family, self._state.device)
        return {"session_expires_at": found}

    def _changed_session(self, request: Request, outcome: Json) -> Json | None:
        """After failures too: tokens rotate in calls that fail later on."""
        is_listed = outcome["ok"] and outcome["result"]["operation"] in ("sign_in", "list")
        listed_before = (request.session or {}).get("listed_at")
        listed_at = times.utc_text(times.now()) if is_listed else listed_before
        session = self._state.session(listed_at)
        if session is None or not (is_listed or has_changed(request.session, session)):
            return None
        self._learn_session()
        self._state.adopted(session)
        return session

    def _learn_session(self) -> None:
        session = self._state.session(None)
        if session is not None:
            self._redactor.learn(session_secrets(session))

    def _on_reply(self, path: str, status: int, body: Any) -> None:
        # Before the library says a word of it.
        self._redactor.learn(pin_tokens(path, body))
        self._state.on_reply(path, status, body)

    def _tell_request(self) -> None:
        self._tell_rotated()
        self._channel.send({"type": "request", "id": self.current_id, "count": 1})

    def _tell_rotated(self) -> None:
        """Before anything else is asked with a new token: the old one is void, and this process may be killed."""
        if self._signing_in is None:
            return
        before = self._signing_in.session or {}
        session = self._state.session(before.get("listed_at"))
        if session is None or not has_rotated(self._told, session):
            return
        self._told = session
        self._learn_session()
        # The cars are being listed anew at this moment; those known until now go with the token.
        known = {**session, "vehicles": before.get("vehicles", [])}
        self._channel.send({"type": "session", "id": self.current_id, "session": known})


def secrets_in(request: Request) -> list[object]:
    account = request.account
    return [
        account.password,
        account.pin,
        account.username,
        request.code,
        *restored_device(request.device).secrets,
        *session_secrets(request.session),
    ]


def session_secrets(session: Json | None) -> list[object]:
    """Every text of the token but the expiry, and what identifies the cars."""
    token = (session or {}).get("token")
    found: list[object] = []
    if isinstance(token, dict):
        found += [value for name, value in token.items() if name != "valid_until"]
    for car in (session or {}).get("vehicles") or []:
        if isinstance(car, dict):
            found += [car.get(name) for name in ("VIN", "key", "id")]
    return found
