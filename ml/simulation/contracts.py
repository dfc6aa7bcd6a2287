"""What was signed: chains of contracts, the decision on each renewal, and the lines they bill."""

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
from ml.simulation.planted import DECIDED_DAYS_BEFORE, FIRST_MONTHS, TERMS, lost_probability

CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class Signed:
    """One contract of an account. `stopped_day` is set when collection gave up before the end."""

    account: int
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
    """All contracts of one account, in order, with the bills they caused."""

    contracts: list[Signed]
    bills: list[Bill]

    @property
    def start_day(self) -> int:
        return self.contracts[0].start_day

    @property
    def end_day(self) -> float:
        """The first day without cover; infinite while nothing says so."""
        ended = self.contracts[-1].ended_day
        return np.inf if ended is None else float(ended)

    @property
    def refused_day(self) -> float:
        """The day the customer decided to leave; infinite for those who stay or fail to pay."""
        last = self.contracts[-1]
        leaves = last.lost and last.stopped_day is None
        return float(last.decided_day) if leaves else np.inf


def signed(companies: Companies, clock: Clock) -> list[Chain]:
    """Follow each account from its first signature to its last day or to `until`."""
    rng = clock.rng(3)
    fixed = companies.fixed_log_odds
    chains: list[Chain] = []
    for account in range(len(companies)):
        chain = Chain([], [])
        for contract, bills in _follow(companies, account, float(fixed[account]), clock, rng):
            chain.contracts.append(
                replace(contract, id=clock.name("contract", account, contract.number))
            )
            chain.bills.extend(bills)
        chains.append(chain)
    return chains


def _follow(
    companies: Companies, account: int, fixed: float, clock: Clock, rng: np.random.Generator
) -> Iterator[tuple[Signed, list[Bill]]]:
    current = _first(companies, account, rng)
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
    return replace(blank, end_on=end_on(companies, account, 0))


def end_on(companies: Companies, account: int, number: int) -> date:
    """Ends are counted from the first start, so that a 31st does not drift to the 28th."""
    months = int(TERMS[companies.term[account]]) * (number + 1)
    return add_months(date_of(companies.first_day[account]), months)


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
    """Whether this renewal counts as the customer's first."""
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
        end_on=end_on(companies, account, old.number + 1),
        seats=old.next_seats,
        unit_cents=round(old.unit_cents * rise),
        discount=0.0 if discount_ends(term, old.number) else old.discount,
        signed_at=old.outcome_at,
    )


def contract_rows(chains: list[Chain], companies: Companies) -> list[rows.Contract]:
    """Two versions of each contract: as signed, and with its outcome once that was known."""
    found: list[rows.Contract] = []
    for chain in chains:
        for contract, following in zip(chain.contracts, [*chain.contracts[1:], None], strict=True):
            opening = _row(contract, companies)
            found.append(opening)
            found.append(_closing(opening, contract, following))
    return found


def _row(contract: Signed, companies: Companies) -> rows.Contract:
    account = contract.account
    term = int(companies.term[account])
    return rows.Contract(
        id=contract.id,
        account_id=companies.ids[account],
        external_id=f"C-{account:05d}-{contract.number + 1}",
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
