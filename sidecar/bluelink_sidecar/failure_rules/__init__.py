"""The table from errors to codes of the contract, tested from top to bottom: the first match wins.

Rules have numbers so that tests can name them. The library often raises something else than its own classes, and a
later release may bring new ones: what is not listed falls to the code of its nearest known base class.
"""

from __future__ import annotations

from ..trouble import Trouble, on_4xx
from .account_rules import ACCOUNT_RULES
from .answer_rules import ANSWER_RULES
from .refusal_rules import REFUSAL_RULES
from .rule import (
    DEAD_SESSION_CANADA,
    DEVICE_FORGOTTEN,
    DUPLICATE_WAIT_S,
    LOCKED_PIN,
    READS,
    Rule,
)

__all__ = [
    "DEAD_SESSION_CANADA",
    "DEVICE_FORGOTTEN",
    "DUPLICATE_WAIT_S",
    "LOCKED_PIN",
    "READS",
    "RULES",
    "Rule",
    "rule_for",
]

RULES = (*ACCOUNT_RULES, *REFUSAL_RULES, *ANSWER_RULES)

EVERYTHING_ELSE = Rule(
    54, "internal", lambda _: True, "the library failed unexpectedly", is_not_done=on_4xx
)


def rule_for(trouble: Trouble) -> Rule:
    return next((rule for rule in RULES if rule.fits(trouble)), EVERYTHING_ELSE)
