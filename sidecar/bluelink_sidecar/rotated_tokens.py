"""Europe renews in two requests: the first voids the old tokens, and the library keeps the new ones only after the second."""

from __future__ import annotations

from typing import Any

RENEWAL = "/auth/v2/token-refresh"
#: Where each token of the reply is in the library's own.
FIELDS = {
    "accessToken": "cci_access_token",
    "refreshToken": "refresh_token",
    "nonCcsToken": "non_ccs_token",
    "nonCcsRefreshToken": "non_ccs_refresh_token",
    "exchangeableAccessToken": "exchangeable_token",
    "exchangeableRefreshToken": "exchangeable_refresh_token",
    "idToken": "id_token",
}


def keep_rotated(token: Any, path: str, body: Any) -> None:
    """Puts what a renewal has brought into the token at once, in case nothing else of it succeeds."""
    if token is None or not path.endswith(RENEWAL) or not isinstance(body, dict):
        return
    for name, attribute in FIELDS.items():
        value = body.get(name)
        if isinstance(value, str) and value and hasattr(token, attribute):
            setattr(token, attribute, value)
