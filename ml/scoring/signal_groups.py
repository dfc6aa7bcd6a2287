"""Signals by what they speak of: twelve groups at most, as people name what drives a renewal."""

import re
from collections.abc import Iterable
from typing import Final

OTHER: Final = "other"
GROUPS: Final[dict[str, tuple[str, str]]] = {
    "usage": (
        "Use of the product",
        r"event|active|features_used|sessions|usage|habit|stickiness|breadth|depth|trend",
    ),
    "seats": ("Seats", r"seat|intended_users|^members$|licen[cs]e"),
    "onboarding": ("Onboarding", r"onboard|milestone|activation|first_value|time_to_value"),
    "learning": ("Learning", r"course|learn|certif|enrol|complet|adoption|mastery|training|skill"),
    "support": ("Support and sentiment", r"ticket|support|nps|csat|response|escalat"),
    "payments": ("Payment health", r"payment|dunning|invoices_overdue|overdue|failed|card"),
    "billing": (
        "Price and billing",
        r"mrr|invoice|discount|price|plan|charge|amount|^quantity$|currency",
    ),
    "contract": ("Contract", r"contract|auto_renew|term|notice|days_to_renewal|renewal"),
    "age": ("Time as a customer", r"account_age|tenure|age_days|^returned$"),
    "people": (
        "People on the account",
        r"champion|owner|contact|touch|sponsor|exec|admin|member_level|members_left",
    ),
    "company": ("Company", r"trait_|industry|segment|employees|country|region"),
    "decision": (
        "Signs of a decision already made",
        r"^notice_given|^auto_renew_off|cancel",
    ),
    OTHER: ("Other", r""),
}
"""Group to its words and to what its signals' names contain; the first that fits is meant.

`decision` drives nothing, it tells: signals that may follow the decision to leave."""

_FIRST: Final = ("company", "decision", "payments", "support", "seats", "onboarding", "learning")
_ORDER: Final = (*_FIRST, *(name for name in GROUPS if name not in _FIRST))
_PATTERNS: Final = {name: re.compile(GROUPS[name][1]) for name in _ORDER}


def group_of(feature: str) -> str:
    """The group of a signal; what an account says of itself (`trait_…`) is of the company."""
    name = feature.lower()
    if name.startswith("trait_"):
        return "company"
    return next((group for group in _ORDER if _PATTERNS[group].search(name)), OTHER)


def words(group: str) -> str:
    """A group as people read it."""
    return GROUPS[group][0]


def summed(parts: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Parts by signal added up by group, the largest first; the sum stays what it was."""
    sums: dict[str, float] = {}
    for feature, part in parts:
        group = group_of(feature)
        sums[group] = sums.get(group, 0.0) + part
    return dict(sorted(sums.items(), key=lambda item: -abs(item[1])))
