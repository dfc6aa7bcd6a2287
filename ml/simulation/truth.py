"""The true chances behind the rows, by running the latent process forward many times."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Literal
from uuid import UUID

import msgspec
import numpy as np

from ml.simulation.clock import Clock, add_months, date_of, day_of
from ml.simulation.companies import Companies
from ml.simulation.contracts import Chain, Signed, discount_ends, end_on, is_first
from ml.simulation.money import Bill, billing_dates
from ml.simulation.planted import (
    CHARGE_FAILS,
    COLLECTION,
    DECIDED_DAYS_BEFORE,
    TERMS,
    Floats,
    Ints,
    lost_probability,
    step,
)

HORIZONS_DAYS = (30, 60, 90, 180, 365)
FURTHEST_DAYS = 370
DRAWS = 256

Cause = Literal["voluntary", "involuntary"]


class Decision(msgspec.Struct, rename="camel"):
    """A renewal that was decided: the chance of refusing it, and what came of the draw."""

    contract_id: UUID
    decided_on: date
    due_on: date
    lost_probability: float
    lost: bool


class Truth(msgspec.Struct, rename="camel", kw_only=True):
    """What only the simulator knows of one account.

    The chances stand for an account whose next renewal is still open. Where `decided` is set the
    customer has made up their mind already, and the chances are those of that draw.
    """

    account_id: UUID
    external_id: str
    as_of: date
    health: float
    decisions: list[Decision]
    renewal_on: date | None = None
    decided: Literal["renewed", "lost"] | None = None
    renewal_probability: float | None = None
    voluntary_probability: float | None = None
    involuntary_probability: float | None = None
    churn_probability: dict[int, float] | None = None
    monthly_hazard: list[float] | None = None
    ended_on: date | None = None
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class _Peril:
    """A moment at which an account may end; `chance` is one number or one per draw."""

    day: int
    cause: Cause
    chance: Floats


@dataclass(frozen=True, slots=True)
class _Due:
    """A renewal ahead, by its place in the chain."""

    number: int
    decided_day: int
    day: int


@dataclass(frozen=True, slots=True)
class Coming:
    """True chances of an account at risk of having ended within so many days, in their order.

    `is_decided`: the next renewal is settled in the customer's mind; the chances are those of that
    decision before it fell.
    """

    churn: tuple[float, ...]
    involuntary: tuple[float, ...]
    is_decided: bool


def coming(
    companies: Companies, chains: list[Chain], clock: Clock, as_of: date, days: Sequence[int]
) -> Iterator[tuple[int, Coming]]:
    """By place among the companies, every account at risk; days ahead reach `FURTHEST_DAYS`."""
    day = day_of(as_of)
    at_risk = [chain for chain in chains if chain.start_day <= day < chain.end_day]
    for at in range(0, len(at_risk), 500):
        block = at_risk[at : at + 500]
        perils = _perils(companies, clock, day, block)
        for chain, own in zip(block, perils, strict=True):
            ends = list(_incidence(own))
            unpaid = [end for end in ends if end[1] == "involuntary"]
            yield (
                chain.account,
                Coming(
                    tuple(_by(ends, day + ahead) for ahead in days),
                    tuple(_by(unpaid, day + ahead) for ahead in days),
                    _was_decided(current(chain, day), day),
                ),
            )


def truths(
    companies: Companies, chains: list[Chain], clock: Clock, as_of: date, names: dict[UUID, str]
) -> Iterator[Truth]:
    """One per account that had signed by `as_of`, in the order of the companies.

    Chances are those of the present spell; decisions are those of all spells.
    """
    day = day_of(as_of)
    spells: dict[int, list[Chain]] = {}
    for chain in chains:
        if chain.start_day <= day:
            spells.setdefault(chain.account, []).append(chain)
    at_risk = [spell[-1] for spell in spells.values() if spell[-1].end_day > day]
    perils: dict[int, list[_Peril]] = {}
    for at in range(0, len(at_risk), 500):
        block = at_risk[at : at + 500]
        dangers = _perils(companies, clock, day, block)
        perils.update(zip((chain.account for chain in block), dangers, strict=True))
    for account, spell in spells.items():
        past = _past(companies, spell, clock, day, names[companies.ids[account]])
        yield past if account not in perils else _ahead(past, spell[-1], day, perils[account])


def _past(companies: Companies, spells: list[Chain], clock: Clock, day: int, name: str) -> Truth:
    last = spells[-1]
    over = last.end_day <= day
    unpaid = last.contracts[-1].stopped_day is not None
    cause: Cause = "involuntary" if unpaid else "voluntary"
    return Truth(
        account_id=companies.ids[last.account],
        external_id=name,
        as_of=date_of(day),
        health=round(float(companies.health[last.account, clock.week(day)]), 4),
        decisions=[_decision(c) for s in spells for c in s.contracts if _was_decided(c, day)],
        ended_on=date_of(last.end_day) if over else None,
        cause=cause if over else None,
    )


def _was_decided(contract: Signed, day: int) -> bool:
    """A contract that collection ended first never came to its decision."""
    stopped = contract.stopped_day
    return contract.decided_day <= day and (stopped is None or stopped > contract.decided_day)


def _decision(contract: Signed) -> Decision:
    return Decision(
        contract_id=contract.id,
        decided_on=date_of(contract.decided_day),
        due_on=contract.end_on,
        lost_probability=round(contract.lost_probability, 6),
        lost=contract.lost,
    )


def current(chain: Chain, day: int) -> Signed:
    """The contract that covers a day of an account at risk."""
    return next(c for c in reversed(chain.contracts) if c.start_day <= day)


def _ahead(past: Truth, chain: Chain, day: int, perils: list[_Peril]) -> Truth:
    contract = current(chain, day)
    ends = list(_incidence(perils))
    by_due = [(cause, share) for at, cause, share in ends if at <= contract.end_day]
    voluntary = sum(share for cause, share in by_due if cause == "voluntary")
    involuntary = sum(share for cause, share in by_due if cause == "involuntary")
    decided = None
    if _was_decided(contract, day):
        decided = "lost" if contract.lost else "renewed"
    return msgspec.structs.replace(
        past,
        renewal_on=contract.end_on,
        decided=decided,
        renewal_probability=round(1 - voluntary - involuntary, 6),
        voluntary_probability=round(voluntary, 6),
        involuntary_probability=round(involuntary, 6),
        churn_probability={h: round(_by(ends, day + h), 6) for h in HORIZONS_DAYS},
        monthly_hazard=_monthly(ends, day),
    )


def _incidence(perils: list[_Peril]) -> Iterator[tuple[int, Cause, float]]:
    """Chance of ending at each moment, averaged over the draws; all of them add up to churn."""
    alive = np.ones(DRAWS)
    for peril in sorted(perils, key=lambda peril: peril.day):
        yield peril.day, peril.cause, float((alive * peril.chance).mean())
        alive = alive * (1 - peril.chance)


def _by(ends: list[tuple[int, Cause, float]], day: int) -> float:
    return sum(share for at, _, share in ends if at <= day)


def _monthly(ends: list[tuple[int, Cause, float]], day: int) -> list[float]:
    """Chance of ending in each of the next twelve months, given survival until it begins."""
    months = [day_of(add_months(date_of(day), month)) for month in range(13)]
    chances = [_by(ends, month) for month in months]
    return [
        round((later - sooner) / (1 - sooner) if sooner < 1 else 1.0, 6)
        for sooner, later in pairwise(chances)
    ]


def _perils(companies: Companies, clock: Clock, day: int, block: list[Chain]) -> list[list[_Peril]]:
    dues = [list(_dues(companies, chain, day)) for chain in block]
    health = _forward(companies, clock, day, [chain.account for chain in block])
    fixed = companies.fixed_log_odds
    all_perils: list[list[_Peril]] = []
    for place, chain in enumerate(block):
        perils = [_unpaid(*charge) for charge in _charges(companies, chain, day)]
        own = float(fixed[chain.account])
        for due in dues[place]:
            contract = next((c for c in chain.contracts if c.number == due.number), None)
            if due.decided_day <= day and contract is not None:
                chance = np.full(DRAWS, contract.lost_probability)
            else:
                week = max(0, (due.decided_day - clock.since) // 7 - int(clock.week(day)))
                chance = _refusal(companies, chain, due.number, own, health[place, week])
            perils.append(_Peril(due.day, "voluntary", chance))
        all_perils.append(perils)
    return all_perils


def _unpaid(day: int, chance: float) -> _Peril:
    return _Peril(day, "involuntary", np.full(DRAWS, chance))


def _refusal(
    companies: Companies, chain: Chain, number: int, fixed: float, health: Floats
) -> Floats:
    term = int(companies.term[chain.account])
    discounted = chain.contracts[0].discount > 0 and discount_ends(term, number)
    return lost_probability(fixed, health, first=is_first(term, number), discount_ends=discounted)


def _dues(companies: Companies, chain: Chain, day: int) -> Iterator[_Due]:
    """Renewals a year ahead and a little more, and always the next one."""
    contract = current(chain, day)
    account, number = contract.account, contract.number
    before = int(DECIDED_DAYS_BEFORE[companies.term[account]])
    while True:
        due = day_of(end_on(companies, account, contract.since_on, number))
        if due > day + FURTHEST_DAYS and number > contract.number:
            return
        yield _Due(number, due - before, due)
        number += 1


def _charges(companies: Companies, chain: Chain, day: int) -> Iterator[tuple[int, float]]:
    """Days on which a charge may prove uncollectable, with the chance seen from `day`."""
    account = chain.account
    fails = float(CHARGE_FAILS[companies.method[account]])
    if fails == 0.0:
        return
    for bill in chain.bills:
        if bill.issued_day <= day < bill.issued_day + COLLECTION.ends_after_days:
            yield bill.issued_day + COLLECTION.ends_after_days, _still_fails(bill, fails, day)
    for issued in _future_bills(companies, chain, day):
        yield issued + COLLECTION.ends_after_days, fails * COLLECTION.never_recovers


def _still_fails(bill: Bill, fails: float, day: int) -> float:
    """The charge is paid, or so many tries are left."""
    tried = [attempt for attempt in bill.attempts if attempt.day < day]
    if not tried:
        return fails * COLLECTION.never_recovers
    if tried[-1].succeeded:
        return 0.0
    return COLLECTION.retry_fails ** (len(COLLECTION.retry_days) + 1 - len(tried))


def _future_bills(companies: Companies, chain: Chain, day: int) -> Iterator[int]:
    contract = current(chain, day)
    account, number = contract.account, contract.number
    term = int(TERMS[companies.term[account]])
    start = contract.start_on
    last = max(day + FURTHEST_DAYS, contract.end_day)
    while day_of(start) < last:
        for issued_on in billing_dates(start, term, int(companies.billing_months[account])):
            if day < day_of(issued_on) < last:
                yield day_of(issued_on)
        start = end_on(companies, account, contract.since_on, number)
        number += 1


def _forward(companies: Companies, clock: Clock, day: int, block: list[int]) -> Floats:
    """Health of each account, week by week from the present one, in every draw."""
    rng = np.random.default_rng([clock.seed, 11, day, block[0]])
    accounts: Ints = np.array(block)
    week = int(clock.week(day))
    weeks = 1 + (max(FURTHEST_DAYS, int(TERMS.max()) * 31) + 7) // 7
    onboarding = companies.onboarding[accounts][:, None]
    first = ((companies.first_day - clock.since) // 7)[accounts][:, None]
    now = np.repeat(companies.health[accounts, week][:, None], DRAWS, axis=1)
    away = np.repeat(companies.absence[accounts, week][:, None], DRAWS, axis=1)
    chances = np.empty((len(block), weeks, DRAWS))
    for ahead in range(weeks):
        chances[:, ahead] = now
        age = np.maximum(week + ahead + 1 - first, 0).astype(float)
        now, away, _ = step(now, away, onboarding, age, rng)
    return chances
