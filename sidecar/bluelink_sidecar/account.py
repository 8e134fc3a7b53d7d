"""What the process remembers of its one account between tasks: a manager and the cars as last read."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from .device import NAMED_BY_US, Device, adopt_device_id, restored_device
from .library import Library
from .listing import ListingFacts
from .mapping.car import Car
from .pin_guard import PinGuard
from .protocol import Account, Json, Request
from .refusals import Refused, SignInNeeded
from .regions import Family, UnknownName, family_of, number_of, word_of
from .renewal import LastReply
from .rotated_tokens import keep_rotated
from .session import (
    TOLD,
    allow_sign_in,
    apply_identity,
    belongs_to,
    build_manager,
    forbid_sign_in,
    identity_of,
    is_expired,
    serialised,
)


@dataclass(frozen=True)
class Place:
    """Region and brand, as the library numbers them and as we name them."""

    region: int
    brand: int
    brand_word: str | None
    family: Family


@dataclass
class LastRead:
    """The newest report that this process has seen of a car."""

    reported_at: dt.datetime | None
    read_at: dt.datetime


@dataclass
class AccountState:
    library: Library
    facts: ListingFacts = field(default_factory=ListingFacts)
    place: Place | None = None
    device: Device = field(default_factory=Device)
    reply: LastReply = field(default_factory=LastReply)
    pin: PinGuard | None = None
    manager: Any = None
    last_reads: dict[str, LastRead] = field(default_factory=dict)
    #: The cars as last read: they outlive the manager, which a new session replaces.
    measured: dict[str, Any] = field(default_factory=dict)
    #: Whether the manager serves the present task; else it may belong to another session.
    is_in_use: bool = False
    #: What the manager was made from, to tell when a task brings something else.
    _owner: Account | None = None
    _adopted: Json | None = None
    #: As the library makes them; what a command writes into them would go with every later request.
    _headers: dict[str, str] | None = None

    def begin(self, request: Request) -> None:
        """A new task: nothing of the last one may answer for it."""
        self.place, self.is_in_use = None, False
        self.device, self.reply = restored_device(request.device), LastReply()
        self.pin = PinGuard(request.account, request.session)

    def may_send(self, path: str) -> None:
        if self.pin is not None:
            self.pin.before(path)

    def on_reply(self, path: str, status: int, body: Any) -> None:
        self.reply.on_reply(path, body)
        self.facts.on_reply(path, body)
        if self.pin is not None:
            self.pin.on_reply(path, status, body)
        if self.is_in_use:
            keep_rotated(self.manager.token, path, body)

    def enter(self, account: Account) -> Place:
        """Settles region and brand; raises Refused for what the library does not know."""
        try:
            region = number_of("account.region", account.region, self.library.regions)
            brand = number_of("account.brand", account.brand, self.library.brands)
        except UnknownName as unknown:
            raise Refused("internal", str(unknown)) from None
        brand_word = word_of(brand, self.library.brands)
        family = family_of(word_of(region, self.library.regions), brand_word)
        self.place = Place(region, brand, brand_word, family)
        return self.place

    def renew(self, request: Request, place: Place) -> Any:
        """A manager that may sign in, under the name that the vendor knows."""
        account, session = request.account, request.session
        usable = session if belongs_to(session, account) else None
        # One that has served the session may hold cookies that renew it without the password.
        if usable is None or not self._is_made_of(account, usable):
            self._forget_others(account)
            self.manager = self._build(account, place, usable)
        self._adopted = None
        self._put_to_use()
        allow_sign_in(self.manager)
        if place.family in NAMED_BY_US:
            device_id = self.device.settle(place.family, self.manager.token)
            adopt_device_id(self.library, self.manager, device_id)
        return self.manager

    def adopt(self, request: Request, place: Place) -> Any:
        """The manager for a read: the session's token and cars, and no way to sign in."""
        account, session = request.account, request.session
        if not belongs_to(session, account):
            raise SignInNeeded("there is no session of this account")
        if not self._is_made_of(account, session):
            self._forget_others(account)
            self.manager = self._build(account, place, session)
            self._adopted = session
        self._put_measured_back()
        self._put_to_use()
        forbid_sign_in(self.manager)
        if self.manager.token is None or is_expired(self.manager.token, place.family):
            raise SignInNeeded("the session has expired")
        return self.manager

    def session(self, listed_at: str | None) -> Json | None:
        """The session after this task, None where the task never had one."""
        if not self.is_in_use or self.place is None:
            return None
        session = serialised(self.manager, self.place.family, listed_at)
        if session is not None and self.pin is not None and self.pin.refused is not None:
            session["refused_pin"] = self.pin.refused
        if session is not None and self.pin is not None and self.pin.locked_until is not None:
            session["pin_locked_until"] = self.pin.locked_until
        return session

    def adopted(self, session: Json) -> None:
        """The bridge will bring this session back; the manager is made of it already."""
        self._adopted = session

    def car(self, vehicle: Any) -> Car:
        return Car(vehicle, self.place.family if self.place else Family.OTHER)

    def _is_made_of(self, account: Account, session: Json | None) -> bool:
        is_same = account == self._owner and session == self._adopted
        return is_same and self.manager is not None

    def _put_to_use(self) -> None:
        self.is_in_use = True
        if self._headers is not None:
            self.manager.api.API_HEADERS = dict(self._headers)

    def _build(self, account: Account, place: Place, session: Json | None) -> Any:
        try:
            manager = build_manager(self.library, account, place.region, place.brand, session)
            headers = getattr(manager.api, "API_HEADERS", None)
            self._headers = dict(headers) if isinstance(headers, dict) else None
            return manager
        except Exception as error:
            raise Refused(
                "internal",
                "the installed library does not serve this brand in this region:"
                f" look at region and brand in the configuration ({type(error).__name__})",
            ) from None

    def _forget_others(self, account: Account) -> None:
        if account != self._owner:
            self.manager, self._adopted = None, None
            self.last_reads.clear()
            self.measured.clear()
            self._owner = account

    def _put_measured_back(self) -> None:
        for car_id, listed in self.manager.vehicles.items():
            measured = self.measured.get(car_id)
            if measured is not None and measured is not listed:
                apply_identity(self.library, measured, identity_of(listed))
                # As the session has it: another one is for the bridge another session.
                setattr(measured, TOLD, getattr(listed, TOLD, None))
                self.manager.vehicles[car_id] = measured
