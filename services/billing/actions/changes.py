"""Keep a batch of one of billing's tables, and say which accounts it concerns."""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from services.billing.domain.facts import BillingChanged, PlanLine
from services.billing.rows import (
    InvoiceRow,
    PaymentMethodRow,
    PaymentRow,
    SubscriptionRow,
    check,
)
from shared.intake.rows import NumberedRow, Receipt, Take
from shared.intake.versioned import Versioned, save
from shared.intake.versions import Candidate, Version
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.process import facts

R = TypeVar("R", SubscriptionRow, InvoiceRow, PaymentRow, PaymentMethodRow)


def taking(table: Versioned[R]) -> Take:
    """The action of a bulk route: a receipt for each row, a fact for each account with news."""

    async def take(conn: Conn, principal: Principal, rows: list[NumberedRow[R]]) -> list[Receipt]:
        outcome = await save(conn, principal, table, rows, check=check)
        await facts.emit_all(conn, _changes(outcome.fresh))
        return outcome.receipts

    return take


def _changes(fresh: Sequence[Candidate[Any]]) -> list[tuple[UUID, BillingChanged]]:
    changes: dict[UUID, BillingChanged] = {}
    for new in fresh:
        account = new.version.owner
        change = changes.setdefault(account, BillingChanged(account, []))
        if isinstance(new.row, SubscriptionRow):
            change.lines.append(_line(new.row, new.version))
    return list(changes.items())


def _line(row: SubscriptionRow, version: Version) -> PlanLine:
    return PlanLine(
        row.id, row.plan, row.quantity, row.started_at, row.ended_at, version.recorded_at
    )
