"""A B2B SaaS tenant with known truth: customers, contracts, use, money, tickets and courses.

What drives churn in it, and how strongly, is written down in docs/simulation.md and in
ml/simulation/planted.py; `Tenant.truth` gives the chances that made the rows.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from ml.simulation import companies, contracts, ledger, people, rows, support, usage
from ml.simulation.clock import Clock, date_of, day_of, moment
from ml.simulation.truth import FURTHEST_DAYS, Coming, Truth, coming, truths


@dataclass(frozen=True, slots=True)
class Tenant:
    """A simulated tenant; rows it gives were all recorded before `clock.until`."""

    clock: Clock
    companies: companies.Companies
    chains: list[contracts.Chain]
    people: list[people.Person]

    def batches(self) -> Iterator[rows.Batch]:
        """Every kind after those it refers to; each is made when its turn comes."""
        yield self._known("accounts", companies.account_rows(self.companies, self.clock))
        yield self._known("contracts", contracts.contract_rows(self.chains, self.companies))
        yield self._known("members", people.member_rows(self.people, self.companies, self.clock))
        courses = people.course_rows(self.clock)
        yield rows.Batch("courses", len(courses), courses)
        yield from self._money()
        progress = people.progress_rows(self.people, self.chains, self.companies, self.clock)
        yield self._known("progress", progress)
        yield self._known("tickets", support.ticket_rows(self.chains, self.companies, self.clock))
        yield self._known("features", usage.feature_rows(self.clock))
        yield self._events()

    def truth(self, as_of: date | None = None) -> dict[UUID, Truth]:
        """True chances by account at a day inside the simulated stretch; the last day if none.

        Raises
        ------
        ValueError
            If the day lies outside the stretch, where no latent state exists.
        """
        as_of = as_of or date_of(self.clock.until)
        self._demand_inside(as_of)
        names = [row.external_id.id for row in companies.account_rows(self.companies, self.clock)]
        found = truths(self.companies, self.chains, self.clock, as_of, names)
        return {truth.account_id: truth for truth in found}

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
        found = coming(self.companies, self.chains, self.clock, as_of, days)
        return {self.companies.ids[account]: chances for account, chances in found}

    def _demand_inside(self, as_of: date) -> None:
        if not self.clock.since <= day_of(as_of) <= self.clock.until:
            raise ValueError(f"{as_of} lies outside the simulated stretch")

    def _money(self) -> Iterator[rows.Batch]:
        lines = ledger.subscription_rows(self.chains, self.companies, self.clock)
        yield self._known("subscriptions", lines)
        yield self._known("payment-methods", ledger.method_rows(self.chains, self.companies))
        invoices, payments = ledger.invoice_rows(self.chains, self.companies, self.clock)
        yield self._known("invoices", invoices)
        yield self._known("payments", payments)

    def _events(self) -> rows.Batch:
        happened = usage.used(self.people, self.chains, self.companies, self.clock)
        events = usage.event_rows(happened, self.people, self.companies, self.clock)
        return rows.Batch("events", len(happened), events)

    def _known(self, kind: str, found: Iterable[rows.Row]) -> rows.Batch:
        """Only what had been recorded by the last day; versions of a thing in their order."""
        until: datetime = moment(self.clock.until)
        kept = [row for row in found if row.recorded_at < until]
        return rows.Batch(kind, len(kept), kept)


def simulate(
    *, companies_count: int = 1_000, months: int = 24, seed: int = 7, until: date
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
    """
    if companies_count < 1 or months < 3:
        raise ValueError("at least one company and three months are needed")
    clock = Clock.back_from(until, months, seed)
    founded = companies.found(companies_count, clock)
    chains = contracts.signed(founded, clock)
    return Tenant(clock, founded, chains, people.joined(chains, founded, clock))
