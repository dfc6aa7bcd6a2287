"""The planted hazards: every number that makes a simulated account stay or leave."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Renewal:
    """Log-odds of not renewing, at the decision; traits are standardised, higher is more of it."""

    monthly: float = -4.05
    annual: float = -2.35
    biennial: float = -2.55
    health: float = -1.1
    education: float = -0.5
    friction: float = 0.45
    size: float = -0.25
    first: float = 0.4
    discount_ends: float = 0.6


@dataclass(frozen=True, slots=True)
class Health:
    """Weekly latent health: pulled to a target that onboarding lifts and a lost champion lowers."""

    persistence: float = 0.95
    spread: float = 0.7
    onboarding_now: float = 0.3
    onboarding_year: float = 0.5
    champion_lost: float = -1.3
    champion_leaves_weekly: float = 0.004
    recovery_weeks: float = 26.0


@dataclass(frozen=True, slots=True)
class Collection:
    """A failed charge is tried three times more; the contract ends when the last one fails too."""

    retry_days: tuple[int, ...] = (3, 7, 14)
    retry_fails: float = 0.45
    ends_after_days: int = 21

    @property
    def never_recovers(self) -> float:
        return self.retry_fails ** len(self.retry_days)


@dataclass(frozen=True, slots=True)
class Return:
    """Who was lost may sign again, those who failed to pay more often; evenly over the gap."""

    voluntary: float = 0.12
    involuntary: float = 0.3
    min_days: int = 45
    max_days: int = 270


RENEWAL, HEALTH, COLLECTION, RETURN = Renewal(), Health(), Collection(), Return()
TERMS = np.array([1, 12, 24])
DECIDED_DAYS_BEFORE = np.array([10, 60, 60])
METHODS = ("card", "bank_debit", "bank_transfer")
CHARGE_FAILS = np.array([0.045, 0.012, 0.0])
COLLAPSE_DAYS = 18.0
COLLAPSE_FLOOR = 0.08
FIRST_MONTHS = 3
"""How long a monthly customer counts as deciding for the first time."""


def sigmoid(log_odds: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-log_odds))


def step(
    health: Floats, absence: Floats, onboarding: Floats, age_weeks: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """One week on: health, how much a lost champion still hurts (1 … 0), who lost one just now."""
    left = rng.random(health.shape) < HEALTH.champion_leaves_weekly
    absence = np.where(left, 1.0, absence * np.exp(-1.0 / HEALTH.recovery_weeks))
    year = np.minimum(age_weeks / 52.0, 1.0)
    target = (HEALTH.onboarding_now + HEALTH.onboarding_year * year) * onboarding
    target = target + HEALTH.champion_lost * absence
    noise = HEALTH.spread * np.sqrt(1 - HEALTH.persistence**2) * rng.standard_normal(health.shape)
    return target + HEALTH.persistence * (health - target) + noise, absence, left


def lost_probability(fixed: float, health: Floats, *, first: bool, discount_ends: bool) -> Floats:
    """Chance that a renewal is refused; `fixed` is what the account's traits and term add up to."""
    r = RENEWAL
    return sigmoid(fixed + r.health * health + r.first * first + r.discount_ends * discount_ends)
