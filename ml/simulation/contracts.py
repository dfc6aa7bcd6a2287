"""What was signed: chains of contracts, the decision on each renewal, and who comes back."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

import msgspec
import numpy as np

from ml.simulation import catalogue, rows
from ml.simulation.clock import Clock, add_months, date_of, day_of, moment
from ml.simulation.companies import Companies
from ml.simulation.money import Bill, billed, billing_dates
from ml.simulation.planted import (
    DECIDED_DAYS_BEFORE,
    FIRST_MONTHS,
    RETURN,
    TERMS,
    lost_probability,
)

CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class Signed:
    """One contract of an account. `stopped_day` is set when collection gave up before the end.

    `spell` counts how often the account had come back; `number` the contracts since, the first of
    which began on `since_on`.
    """

    account: int
    spell: int
    since_on: date
    number: int
    id: UUID
    start_on: date
    end_on: date
    seats: int
    unit_cents: int
    discount: float
    signed_at: float
    decided_day: int
    lost_probability: float
    lost: bool
    stopped_day: int | None
    outcome_at: float
    next_seats: int

    @property
    def start_day(self) -> int:
        return day_of(self.start_on)

    @property
    def end_day(self) -> int:
        return day_of(self.end_on)

    @property
    def mrr_cents(self) -> int:
        return round(self.seats * self.unit_cents * (1 - self.discount))

    @property
    def ended_day(self) -> int | None:
        """The day coverage ended for good, decided or not yet reached; None when it went on."""
        if self.stopped_day is not None:
            return self.stopped_day
        return self.end_day if self.lost else None


@dataclass(frozen=True, slots=True)
class Chain:
    """One spell of an account: contracts without a gap, in order, with the bills they caused."""

    contracts: list[Signed]
    bills: list[Bill]

    @property
    def account(self) -> int:
        """The account's place among the companies."""
        return self.contracts[0].account

    @property
    def spell(self) -> int:
        """How often the account had come back."""
        return self.contracts[0].spell

    @property
    def start_day(self) -> int:
        return self.contracts[0].start_day

    @property
    def end_day(self) -> float:
        """The first day without cover, until a next spell; infinite while nothing says so."""
        ended = self.contracts[-1].ended_day
        return np.inf if ended is None else float(ended)

    @property
    def refused_day(self) -> float:
        """The day the customer decided to leave; infinite for those who stay or fail to pay."""
        last = self.contracts[-1]
        leaves = last.lost and last.stopped_day is None
        return float(last.decided_day) if leaves else np.inf


def signed(companies: Companies, clock: Clock) -> list[Chain]:
    """Follow each account from its first signature to its last day or to `until`.

    An account has one chain a spell, side by side.
    """
    rng = clock.rng(3)
    return [
        chain
        for account, fixed in enumerate(companies.fixed_log_odds.tolist())
        for chain in _spells(companies, account, fixed, clock, rng)
    ]


def _spells(
    companies: Companies, account: int, fixed: float, clock: Clock, rng: np.random.Generator
) -> Iterator[Chain]:
    first: Signed | None = _first(companies, account, rng)
    again = clock.rng(12, account)
    while first is not None:
        chain = Chain([], [])
        draws = again if first.spell else rng
        for contract, bills in _follow(first, companies, fixed, clock, draws):
            place = (contract.spell, contract.number) if contract.spell else (contract.number,)
            chain.contracts.append(replace(contract, id=clock.name("contract", account, *place)))
            chain.bills.extend(bills)
        yield chain
        first = _back(chain, companies, clock, again)


def _back(
    chain: Chain, companies: Companies, clock: Clock, rng: np.random.Generator
) -> Signed | None:
    """The first contract after a loss, at today's price without a discount; None who stays away."""
    last = chain.contracts[-1]
    if last.ended_day is None:
        return None
    comes = rng.random() < (RETURN.voluntary if last.stopped_day is None else RETURN.involuntary)
    start = last.ended_day + int(rng.integers(RETURN.min_days, RETURN.max_days + 1))
    if not comes or start >= clock.until - 7:
        return None
    on = date_of(start)
    return replace(
        last,
        spell=last.spell + 1,
        since_on=on,
        number=0,
        start_on=on,
        end_on=end_on(companies, last.account, on, 0),
        discount=0.0,
        signed_at=start - 0.9 * rng.random(),
        stopped_day=None,
    )


def _follow(
    current: Signed, companies: Companies, fixed: float, clock: Clock, rng: np.random.Generator
) -> Iterator[tuple[Signed, list[Bill]]]:
    account = current.account
    while True:
        every = int(companies.billing_months[account])
        dates = billing_dates(current.start_on, int(TERMS[companies.term[account]]), every)
        bills = billed(dates, every, current.mrr_cents, int(companies.method[account]), rng)
        current = _decide(current, companies, fixed, clock, rng)
        stop = next((bill.stops_day for bill in bills if bill.stops_day is not None), None)
        if stop is not None and stop < current.end_day:
            current = replace(current, stopped_day=stop, outcome_at=stop + 0.2 + 0.6 * rng.random())
            bills = [bill for bill in bills if bill.issued_day < stop]
        yield current, bills
        if current.ended_day is not None or current.outcome_at > clock.until:
            return
        current = _renewed(current, companies, account, rng)


def _first(companies: Companies, account: int, rng: np.random.Generator) -> Signed:
    start = int(companies.first_day[account])
    blank = Signed(
        account=account,
        spell=0,
        since_on=date_of(start),
        number=0,
        id=UUID(int=0),
        start_on=date_of(start),
        end_on=date_of(start),
        seats=int(companies.seats[account]),
        unit_cents=catalogue.PLANS[int(companies.plan[account])].unit_cents,
        discount=float(companies.discount[account]),
        signed_at=start - 0.9 * rng.random(),
        decided_day=0,
        lost_probability=0.0,
        lost=False,
        stopped_day=None,
        outcome_at=0.0,
        next_seats=0,
    )
    return replace(blank, end_on=end_on(companies, account, blank.since_on, 0))


def end_on(companies: Companies, account: int, since_on: date, number: int) -> date:
    """Ends are counted from the spell's start, so that a 31st does not drift to the 28th."""
    return add_months(since_on, int(TERMS[companies.term[account]]) * (number + 1))


def _decide(
    contract: Signed, companies: Companies, fixed: float, clock: Clock, rng: np.random.Generator
) -> Signed:
    """Decided weeks before the end; others learn of it at the next signature or at the end."""
    account = contract.account
    term = companies.term[account]
    decided = contract.end_day - int(DECIDED_DAYS_BEFORE[term])
    health = float(companies.health[account, clock.week(decided)])
    chance = float(
        lost_probability(
            fixed,
            np.array(health),
            first=is_first(int(term), contract.number),
            discount_ends=contract.discount > 0 and discount_ends(int(term), contract.number),
        )
    )
    lost = rng.random() < chance
    growth = np.exp(rng.normal(0.02 + 0.06 * health, 0.10))
    changes = rng.random() < (0.12 if term == 0 else 0.7)
    return replace(
        contract,
        decided_day=decided,
        lost_probability=chance,
        lost=lost,
        outcome_at=contract.end_day + (rng.random() if lost else -_ahead(int(term)) * rng.random()),
        next_seats=max(2, round(contract.seats * growth)) if changes else contract.seats,
    )


def is_first(term: int, number: int) -> bool:
    """Whether this renewal counts as the customer's first, or the first since it came back."""
    return number < FIRST_MONTHS if term == 0 else number == 0


def discount_ends(term: int, number: int) -> bool:
    """Whether a discount is gone after this renewal."""
    return number == (FIRST_MONTHS - 1 if term == 0 else 0)


def _ahead(term: int) -> float:
    """Days before the old end within which a renewal is signed."""
    return 2.0 if term == 0 else 14.0


def _renewed(old: Signed, companies: Companies, account: int, rng: np.random.Generator) -> Signed:
    term = int(companies.term[account])
    rise = 1.0 if term == 0 else 1.0 + 0.04 * rng.random()
    return replace(
        old,
        number=old.number + 1,
        start_on=old.end_on,
        end_on=end_on(companies, account, old.since_on, old.number + 1),
        seats=old.next_seats,
        unit_cents=round(old.unit_cents * rise),
        discount=0.0 if discount_ends(term, old.number) else old.discount,
        signed_at=old.outcome_at,
    )


def contract_rows(chains: list[Chain], companies: Companies) -> list[rows.Contract]:
    """Two versions of each contract: as signed, and with its outcome once that was known."""
    contracts: list[rows.Contract] = []
    for chain in chains:
        for contract, following in zip(chain.contracts, [*chain.contracts[1:], None], strict=True):
            opening = _row(contract, companies)
            contracts.append(opening)
            contracts.append(_closing(opening, contract, following))
    return contracts


def _row(contract: Signed, companies: Companies) -> rows.Contract:
    account = contract.account
    term = int(companies.term[account])
    return rows.Contract(
        id=contract.id,
        account_id=companies.ids[account],
        external_id=f"C-{account:05d}-{_ordinal(contract)}",
        start_on=contract.start_on,
        end_on=contract.end_on,
        term_months=int(TERMS[term]),
        auto_renew=term == 0,
        notice_days=0 if term == 0 else 30,
        seats=contract.seats,
        mrr_cents=contract.mrr_cents,
        currency=CURRENCY,
        outcome="pending",
        recorded_at=moment(contract.signed_at),
    )


def _ordinal(contract: Signed) -> str:
    return (f"R{contract.spell}-" if contract.spell else "") + str(contract.number + 1)


def _closing(opening: rows.Contract, contract: Signed, following: Signed | None) -> rows.Contract:
    at = moment(contract.outcome_at)
    ended = contract.ended_day
    if ended is not None:
        why: rows.EndReason = "voluntary" if contract.stopped_day is None else "involuntary"
        return msgspec.structs.replace(
            opening, outcome="lost", end_reason=why, ended_on=date_of(ended), recorded_at=at
        )
    after = contract.mrr_cents if following is None else following.mrr_cents
    outcome: rows.Outcome = "renewed"
    if after != contract.mrr_cents:
        outcome = "expanded" if after > contract.mrr_cents else "contracted"
    return msgspec.structs.replace(opening, outcome=outcome, recorded_at=at)
