"""What this process refuses by itself, before or instead of a request to the vendor."""

from __future__ import annotations


class Refused(Exception):
    """Carries the contract's code; the text holds no secret."""

    def __init__(self, code: str, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after_s = retry_after_s


class SignInNeeded(Refused):
    """Only a `sign_in` task may sign in: the bridge runs one for all who wait."""

    def __init__(self, why: str) -> None:
        super().__init__("auth_failed", f"{why}; a sign-in is needed")
