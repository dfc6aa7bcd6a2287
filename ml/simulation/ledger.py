"""Billing's rows: subscriptions, payment methods, invoices and charges."""

from collections.abc import Iterator
from typing import Literal
from uuid import UUID, uuid5

import msgspec
import numpy as np

from ml.simulation import catalogue, rows
from ml.simulation.clock import Clock, moment
from ml.simulation.companies import Companies
from ml.simulation.contracts import CURRENCY, Chain, Signed
from ml.simulation.money import Bill
from ml.simulation.planted import METHODS

_INTERVALS: dict[int, Literal["month", "quarter", "year"]] = {1: "month", 3: "quarter", 12: "year"}


def subscription_rows(
    chains: list[Chain], companies: Companies, clock: Clock
) -> Iterator[rows.Subscription]:
    """A line runs on over renewals until seats or price change; its end is a second version."""
    for chain in chains:
        for number, line in enumerate(_lines(chain.contracts)):
            line_id = clock.name("subscription", *_place(chain, number))
            opening = _line_row(line[0], companies, line_id)
            yield opening
            after = chain.contracts[line[-1].number + 1 :]
            ended = line[-1].ended_day if not after else after[0].start_day
            if ended is not None:
                recorded = line[-1].outcome_at if not after else ended + 0.1
                yield msgspec.structs.replace(
                    opening, ended_at=moment(ended), recorded_at=moment(recorded)
                )


def _place(chain: Chain, number: int) -> tuple[int | str, ...]:
    """What names the n-th of something in a spell of an account."""
    return (chain.account, number, *([f"R{chain.spell}"] if chain.spell else []))


def _lines(contracts: list[Signed]) -> list[list[Signed]]:
    """Consecutive contracts with the same seats and price."""
    lines: list[list[Signed]] = []
    for contract in contracts:
        if lines and _terms(lines[-1][-1]) == _terms(contract):
            lines[-1].append(contract)
        else:
            lines.append([contract])
    return lines


def _terms(contract: Signed) -> tuple[int, int, float]:
    return contract.seats, contract.unit_cents, contract.discount


def _line_row(contract: Signed, companies: Companies, line_id: UUID) -> rows.Subscription:
    account = contract.account
    months = int(companies.billing_months[account])
    return rows.Subscription(
        id=line_id,
        account_id=companies.ids[account],
        plan=catalogue.PLANS[int(companies.plan[account])].name,
        quantity=contract.seats,
        unit_price_cents=contract.unit_cents * months,
        interval=_INTERVALS[months],
        currency=CURRENCY,
        discount_share=contract.discount,
        started_at=moment(contract.start_day),
        recorded_at=moment(contract.signed_at),
    )


def method_rows(chains: list[Chain], companies: Companies) -> Iterator[rows.PaymentMethod]:
    for chain in chains:
        yield rows.PaymentMethod(
            account_id=companies.ids[chain.account],
            method=METHODS[int(companies.method[chain.account])],
            valid_from=moment(chain.start_day),
            recorded_at=moment(chain.contracts[0].signed_at),
        )


def invoice_rows(
    chains: list[Chain], companies: Companies, clock: Clock
) -> tuple[list[rows.Invoice], list[rows.Payment]]:
    """Invoices as issued and again when paid; every charge that was tried."""
    rng = clock.rng(4)
    invoices: list[rows.Invoice] = []
    payments: list[rows.Payment] = []
    for chain in chains:
        for number, bill in enumerate(chain.bills):
            place = _place(chain, number)
            issued = rows.Invoice(
                id=clock.name("invoice", *place),
                account_id=companies.ids[chain.account],
                amount_cents=bill.amount_cents,
                currency=CURRENCY,
                issued_at=moment(bill.issued_day + 0.1),
                due_on=bill.due_on,
                recorded_at=moment(bill.issued_day + 0.1 + 0.05 * rng.random()),
            )
            invoices.extend(_versions(issued, bill))
            payments.extend(_payments(issued, bill, rng, clock.name("payment", *place)))
    return invoices, payments


def _versions(issued: rows.Invoice, bill: Bill) -> Iterator[rows.Invoice]:
    yield issued
    if bill.paid_day is not None:
        yield msgspec.structs.replace(
            issued,
            paid_at=moment(bill.paid_day),
            recorded_at=moment(bill.paid_day + 0.02),
        )


def _payments(
    issued: rows.Invoice, bill: Bill, rng: np.random.Generator, space: UUID
) -> Iterator[rows.Payment]:
    for attempt_number, attempt in enumerate(bill.attempts):
        yield rows.Payment(
            id=uuid5(space, str(attempt_number)),
            invoice_id=issued.id,
            account_id=issued.account_id,
            attempted_at=moment(attempt.day),
            succeeded=attempt.succeeded,
            decline_code=attempt.decline_code,
            recorded_at=moment(attempt.day + 0.02 * rng.random()),
        )
