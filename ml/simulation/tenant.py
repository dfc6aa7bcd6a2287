"""A B2B SaaS tenant with known truth: customers, contracts, use, money, tickets and courses.

What drives churn in it, and how strongly, is written down in docs/simulation.md and in
ml/simulation/planted.py; `Tenant.truth` gives the chances that made the rows.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from ml.simulation import companies, contracts, ledger, people, rows, support, usage
from ml.simulation.clock import Clock, add_months, date_of, day_of, moment
from ml.simulation.days import Day, days
from ml.simulation.drivers import drivers
from ml.simulation.planted import Floats
from ml.simulation.records import Records, first_days
from ml.simulation.truth import FURTHEST_DAYS, Coming, Truth, coming, truths


@dataclass(frozen=True)
class Tenant:
    """A simulated tenant; rows it gives were all recorded before `clock.until`.

    `chains` are all spells that there were; of those over before the records began no row tells.
    """

    clock: Clock
    companies: companies.Companies
    chains: list[contracts.Chain]
    people: list[people.Person]
    records: Records

    def batches(self) -> Iterator[rows.Batch]:
        """Every kind after those it refers to; each is made when its turn comes."""
        yield from self.without_events()
        use = self.use()
        events = usage.event_rows(use, self.people, self.companies, self.clock)
        yield rows.Batch("events", len(use), events)

    def without_events(self) -> Iterator[rows.Batch]:
        """Every kind but single events of use, of which there are most."""
        chains, on_record = self._on_record, self._rows_on_record
        yield on_record("accounts", self._accounts())
        yield on_record("contracts", contracts.contract_rows(chains, self.companies))
        yield on_record("members", people.member_rows(self.people, self.companies, self.clock))
        courses = people.course_rows(self.clock)
        yield rows.Batch("courses", len(courses), courses)
        yield from self._money()
        progress = people.progress_rows(self.people, self.companies, self.clock)
        yield on_record("progress", progress)
        yield on_record("tickets", support.ticket_rows(self.chains, self.companies, self.clock))
        yield on_record("features", usage.feature_rows(self.clock))

    def use(self) -> usage.Happened:
        """All use on record, as columns."""
        happened = usage.used(self.people, self.chains, self.companies, self.clock)
        return happened.take(happened.occurred >= self.records.day)

    def days(self) -> Iterator[Day]:
        """The same use by day, where single events are not asked for."""
        return days(self.use(), self.people, self.companies.ids)

    @property
    def recorded_from(self) -> date:
        return date_of(max(self.records.day, self.clock.since))

    @cached_property
    def _on_record(self) -> list[contracts.Chain]:
        return self.records.chains(self.chains)

    @cached_property
    def _leavers(self) -> frozenset[UUID]:
        return self.records.leavers(self.people)

    def _accounts(self) -> list[rows.Account]:
        since = first_days(self._on_record, len(self.companies))
        return companies.account_rows(self.companies, since, self.clock)

    def truth(self, as_of: date | None = None) -> dict[UUID, Truth]:
        """True chances by account on record, at a day inside the stretch; the last day if none.

        Raises
        ------
        ValueError
            If the day lies outside the stretch, where no latent state exists.
        """
        as_of = as_of or date_of(self.clock.until)
        self._demand_inside(as_of)
        names = {row.id: row.external_id.id for row in self._accounts()}
        answers = truths(self.companies, self._on_record, self.clock, as_of, names)
        return {truth.account_id: truth for truth in answers}

    def coming(self, as_of: date, days: Sequence[int]) -> dict[UUID, Coming]:
        """True chances of having ended within each of so many days, of every account at risk.

        Raises
        ------
        ValueError
            If the day lies outside the stretch, or a horizon beyond `truth.FURTHEST_DAYS`.
        """
        self._demand_inside(as_of)
        if max(days) > FURTHEST_DAYS:
            raise ValueError(f"chances are known for {FURTHEST_DAYS} days at most")
        outcomes = coming(self.companies, self._on_record, self.clock, as_of, days)
        return {self.companies.ids[account]: chances for account, chances in outcomes}

    def drivers(self, as_of: date) -> dict[UUID, Floats]:
        """What was planted into every account at risk, in the order of `drivers.PLANTED`.

        Raises
        ------
        ValueError
            If the day lies outside the stretch.
        """
        self._demand_inside(as_of)
        effects = drivers(self.companies, self._on_record, self.clock, day_of(as_of))
        return {self.companies.ids[account]: values for account, values in effects}

    def _demand_inside(self, as_of: date) -> None:
        if not self.clock.since <= day_of(as_of) <= self.clock.until:
            raise ValueError(f"{as_of} lies outside the simulated stretch")

    def _money(self) -> Iterator[rows.Batch]:
        chains = self._on_record
        lines = ledger.subscription_rows(chains, self.companies, self.clock)
        yield self._rows_on_record("subscriptions", lines)
        yield self._rows_on_record("payment-methods", ledger.method_rows(chains, self.companies))
        invoices, payments = ledger.invoice_rows(chains, self.companies, self.clock)
        yield self._rows_on_record("invoices", invoices)
        yield self._rows_on_record("payments", payments)

    def _rows_on_record(self, kind: str, candidates: Iterable[Any]) -> rows.Batch:
        """Only what had been recorded by the last day; versions of a thing in their order."""
        until: datetime = moment(self.clock.until)
        on_record = self.records.recorded_rows(kind, candidates, self._leavers)
        recorded = [row for row in on_record if row.recorded_at < until]
        return rows.Batch(kind, len(recorded), recorded)


def simulate(
    *,
    companies_count: int = 1_000,
    months: int = 24,
    seed: int = 7,
    until: date,
    unrecorded_months: int = 0,
) -> Tenant:
    """A tenant of so many customers who signed within the `months` before `until`.

    Parameters
    ----------
    companies_count
        Customers ever signed, at least 1.
    months
        Length of the stretch, at least 3 months; contracts, use and money all begin inside it.
    seed
        The same seed, sizes and last day give the same rows, byte for byte.
    until
        The first day that is not simulated any more (UTC): nothing is recorded on or after it.
    unrecorded_months
        Months at the beginning of the stretch that nothing was recorded in, fewer than `months`.
        Who was a customer when records began is brought over with its contracts, members, open
        invoices and courses; who had been lost by then is not on record at all.

    Raises
    ------
    ValueError
        If there are no companies, under three months, or no months left to record.
    """
    if companies_count < 1 or months < 3:
        raise ValueError("at least one company and three months are needed")
    if not 0 <= unrecorded_months < months:
        raise ValueError(f"{unrecorded_months} of {months} months cannot be off the record")
    clock = Clock.back_from(until, months, seed)
    begin = day_of(add_months(until, unrecorded_months - months)) if unrecorded_months else 0
    founded = companies.draw_companies(companies_count, clock)
    chains = contracts.signed(founded, clock)
    staff = people.joined(chains, founded, clock)
    return Tenant(clock, founded, chains, staff, Records(begin))
