"""The customers: who they are, how they buy, and the weekly course of their latent health."""

from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from ml.simulation import catalogue, rows
from ml.simulation.clock import Clock, date_of, moment
from ml.simulation.planted import HEALTH, RENEWAL, Floats, Ints, step


@dataclass(frozen=True, slots=True)
class Companies:
    """One entry per account in every array. Traits are standardised; health is accounts × weeks."""

    ids: list[UUID]
    first_day: Ints
    employees: Ints
    seats: Ints
    plan: Ints
    industry: Ints
    term: Ints
    method: Ints
    billing_months: Ints
    discount: Floats
    onboarding: Floats
    education: Floats
    friction: Floats
    health: Floats
    absence: Floats
    champion_left: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def size(self) -> Floats:
        """Seats at the first signature on a log scale, near standard normal, shape (accounts,)."""
        return (np.log(self.seats) - np.log(8.0)) / 0.8

    @property
    def fixed_log_odds(self) -> Floats:
        """What term and traits add to the log-odds of not renewing."""
        base = np.array([RENEWAL.monthly, RENEWAL.annual, RENEWAL.biennial])[self.term]
        traits = RENEWAL.education * self.education + RENEWAL.friction * self.friction
        return base + traits + RENEWAL.size * self.size


def draw_companies(count: int, clock: Clock) -> Companies:
    """Draw the customers and let their health run its weeks."""
    rng = clock.rng(1)
    stretch = clock.until - clock.since - 7
    first_day = np.sort(clock.since + (rng.beta(1.0, 1.8, count) * stretch).astype(np.int64))
    seats = np.clip(np.exp(rng.normal(np.log(7.0), 0.75, count)), 2, 60).astype(np.int64)
    onboarding = rng.standard_normal(count)
    term = _terms(seats, rng)
    health, absence, left = _health(onboarding, first_day, clock, rng)
    return Companies(
        ids=[clock.name("account", index) for index in range(count)],
        first_day=first_day,
        employees=(seats * np.exp(rng.normal(1.6, 0.5, count))).astype(np.int64),
        seats=seats,
        plan=_plans(seats, rng),
        industry=rng.integers(0, len(catalogue.INDUSTRIES), count),
        term=term,
        method=_methods(seats, rng),
        billing_months=_billing(term, rng),
        discount=np.where(rng.random(count) < 0.25, rng.choice([0.1, 0.15, 0.2], count), 0.0),
        onboarding=onboarding,
        education=0.35 * onboarding + np.sqrt(1 - 0.35**2) * rng.standard_normal(count),
        friction=rng.standard_normal(count),
        health=health,
        absence=absence,
        champion_left=left,
    )


def _pick(chances: Floats, rng: np.random.Generator) -> Ints:
    """One column for each row of chances."""
    return (rng.random((len(chances), 1)) > np.cumsum(chances, axis=1)[:, :-1]).sum(axis=1)


def _terms(seats: Ints, rng: np.random.Generator) -> Ints:
    """Small customers pay by the month, large ones sign for longer."""
    small, large = seats < 6, seats >= 16
    monthly = np.where(small, 0.5, np.where(large, 0.06, 0.27))
    biennial = np.where(small, 0.02, np.where(large, 0.22, 0.08))
    return _pick(np.column_stack([monthly, 1 - monthly - biennial, biennial]), rng)


def _plans(seats: Ints, rng: np.random.Generator) -> Ints:
    weights = np.array([plan.weight for plan in catalogue.PLANS])
    tilt = np.exp(np.outer(np.log(seats / 8.0), [-0.8, 0.0, 0.6, 1.0]))
    chances = weights * tilt
    return _pick(chances / chances.sum(axis=1, keepdims=True), rng)


def _methods(seats: Ints, rng: np.random.Generator) -> Ints:
    card = np.clip(0.75 - 0.15 * np.log(seats / 4.0), 0.15, 0.9)
    return _pick(np.column_stack([card, 0.4 * (1 - card), 0.6 * (1 - card)]), rng)


def _billing(term: Ints, rng: np.random.Generator) -> Ints:
    """Months that one invoice covers."""
    longer = rng.choice([1, 3, 12], len(term), p=[0.35, 0.2, 0.45])
    return np.where(term == 0, 1, longer)


def _health(
    onboarding: Floats, first_day: Ints, clock: Clock, rng: np.random.Generator
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Health and absence before the first week of a contract stand for the time of the sale."""
    shape = (len(onboarding), clock.weeks)
    health, absence = np.empty(shape), np.empty(shape)
    left = np.zeros(shape, dtype=np.bool_)
    now = HEALTH.onboarding_now * onboarding + HEALTH.spread * rng.standard_normal(len(onboarding))
    away = np.zeros(len(onboarding))
    first_week = (first_day - clock.since) // 7
    for week in range(clock.weeks):
        age = week - first_week
        nxt, absent, just_left = step(now, away, onboarding, np.maximum(age, 0).astype(float), rng)
        started = age > 0
        now, away = np.where(started, nxt, now), np.where(started, absent, away)
        health[:, week], absence[:, week], left[:, week] = now, away, started & just_left
    return health, absence, left


def account_rows(companies: Companies, since: Ints, clock: Clock) -> list[rows.Account]:
    """What sales wrote into the CRM in the weeks before the first signature that is on record.

    `since` is the day of that, shape (companies,); −1 of companies that nothing is known of.
    """
    rng = clock.rng(2)
    tag = date_of(clock.until).strftime("%Y%m%d")
    signed = since - rng.integers(1, 22, len(companies)) + 0.4
    names = rng.permutation(len(catalogue.FIRST_NAMES) * len(catalogue.SECOND_NAMES))
    intended = companies.seats * (1.0 + 0.5 * rng.random(len(companies)))
    return [
        rows.Account(
            id=account_id,
            external_id=rows.ExternalId("simulation", f"{clock.seed}-{tag}-{i:05d}"),
            name=_name(i, names),
            industry=catalogue.INDUSTRIES[int(companies.industry[i])],
            intended_users=int(intended[i]),
            traits=_traits(companies, i),
            tags=["simulated"],
            created_at=moment(signed[i]),
            recorded_at=moment(signed[i] + 0.02),
        )
        for i, account_id in enumerate(companies.ids)
        if since[i] >= 0
    ]


def _name(index: int, order: Ints) -> str:
    round_, place = divmod(index, len(order))
    first, second = divmod(int(order[place]), len(catalogue.SECOND_NAMES))
    name = f"{catalogue.FIRST_NAMES[first]} {catalogue.SECOND_NAMES[second]}"
    return name if round_ == 0 else f"{name} {round_ + 1}"


def _traits(companies: Companies, i: int) -> dict[str, str | int | bool]:
    return {
        "industry": catalogue.INDUSTRIES[int(companies.industry[i])],
        "plan": catalogue.PLANS[int(companies.plan[i])].name,
        "employees": int(companies.employees[i]),
    }
