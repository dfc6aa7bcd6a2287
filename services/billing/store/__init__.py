"""What billing keeps: every query on its own schema."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from services.billing import definitions
from services.billing.domain import (
    BillingSummary,
    Invoice,
    InvoiceRow,
    PaymentMethodRow,
    PaymentRow,
    Subscription,
    SubscriptionRow,
    millionths,
)
from shared.intake.versions import Candidate, Version
from shared.platform.db import Conn, Row, to
from shared.vocabulary import metric, paging
from shared.vocabulary.metric import MetricValue, count
from shared.vocabulary.money import Money
from shared.vocabulary.paging import Page

HERE = Path(__file__).parent
INVOICES_DUE = (HERE / "invoices_due.sql").read_text()
LINES = (HERE / "lines.sql").read_text()
OWED = (HERE / "owed.sql").read_text()
PAID = (HERE / "paid.sql").read_text()
FAILURES_WINDOW = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Book:
    """Where one kind of row is kept: what is known of given ids, and how new rows are added."""

    name: str
    known: str
    add: str
    corrections: bool = True


SUBSCRIPTIONS = Book(
    "subscription",
    "SELECT id, recorded_at, account_id AS owner, digest FROM billing.subscription"
    " WHERE id = ANY ($1)",
    "INSERT INTO billing.subscription (tenant_id, id, account_id, recorded_at, digest,"
    " plan, quantity, unit_price_cents, interval, currency, discount_share, started_at, ended_at)"
    " SELECT current_setting('tenure.tenant')::uuid, id, account_id, recorded_at, digest,"
    " plan, quantity, price, every, currency, discount / 1000000.0, started_at, ended_at"
    " FROM unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::bytea[], $5::text[],"
    " $6::bigint[], $7::bigint[], $8::text[], $9::text[], $10::bigint[], $11::timestamptz[],"
    " $12::timestamptz[]) AS r (id, account_id, recorded_at, digest,"
    " plan, quantity, price, every, currency, discount, started_at, ended_at)",
)
INVOICES = Book(
    "invoice",
    "SELECT id, recorded_at, account_id AS owner, digest FROM billing.invoice WHERE id = ANY ($1)",
    "INSERT INTO billing.invoice (tenant_id, id, account_id, recorded_at, digest,"
    " amount_cents, currency, issued_at, due_on, paid_at)"
    " SELECT current_setting('tenure.tenant')::uuid, * FROM unnest($1::text[], $2::uuid[],"
    " $3::timestamptz[], $4::bytea[], $5::bigint[], $6::text[], $7::timestamptz[], $8::date[],"
    " $9::timestamptz[])",
)
PAYMENTS = Book(
    "payment",
    "SELECT id, recorded_at, account_id AS owner, digest FROM billing.payment WHERE id = ANY ($1)",
    "INSERT INTO billing.payment (tenant_id, id, account_id, recorded_at, digest,"
    " invoice_id, attempted_at, succeeded, decline_code)"
    " SELECT current_setting('tenure.tenant')::uuid, * FROM unnest($1::text[], $2::uuid[],"
    " $3::timestamptz[], $4::bytea[], $5::text[], $6::timestamptz[], $7::boolean[], $8::text[])",
    corrections=False,
)
PAYMENT_METHODS = Book(
    "payment_method",
    "SELECT id, recorded_at, account_id AS owner, digest FROM billing.payment_method"
    " WHERE account_id = ANY (SELECT split_part(given, '@', 1)::uuid"
    " FROM unnest($1::text[]) AS given)",
    "INSERT INTO billing.payment_method (tenant_id, id, account_id, recorded_at, digest,"
    " method, valid_from)"
    " SELECT current_setting('tenure.tenant')::uuid, * FROM unnest($1::text[], $2::uuid[],"
    " $3::timestamptz[], $4::bytea[], $5::text[], $6::timestamptz[])",
)


async def hold(conn: Conn, book: Book) -> None:
    """One writer of a kind and tenant at a time: what is known of ids holds until the commit."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock("
        "hashtextextended('billing.' || $1 || current_setting('tenure.tenant'), 0))",
        book.name,
    )


async def known(conn: Conn, book: Book, ids: list[str]) -> list[Version]:
    """Every version of the things with these ids."""
    return [to(Version, row) for row in await conn.fetch(book.known, ids)]


async def add(conn: Conn, book: Book, fresh: Sequence[Candidate[Any]]) -> None:
    """Keep rows in one statement; they are sorted by key."""
    versions = [one.version for one in fresh]
    own = zip(*(_columns(one.row) for one in fresh), strict=True)
    await conn.execute(
        book.add,
        [version.id for version in versions],
        [version.owner for version in versions],
        [version.recorded_at for version in versions],
        [version.digest for version in versions],
        *(list(column) for column in own),
    )


def _columns(row: Any) -> tuple[Any, ...]:
    """The values of a row in the order its book's statement takes them."""
    match row:
        case SubscriptionRow():
            discount = millionths(row.discount_share)
            price = (row.plan, row.quantity, row.unit_price_cents, row.interval, row.currency)
            return (*price, discount, row.started_at, row.ended_at)
        case InvoiceRow():
            return (row.amount_cents, row.currency, row.issued_at, row.due_on, row.paid_at)
        case PaymentRow():
            return (row.invoice_id, row.attempted_at, row.succeeded, row.decline_code)
        case PaymentMethodRow():
            return (row.method, row.valid_from)
        case _:
            raise TypeError(type(row).__name__)


async def summary(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, BillingSummary]:
    """Every account asked for, also those nothing is known of."""
    as_of = as_of or await _now(conn)
    lines = await _lines(conn, account_ids, as_of)
    owed = await _owed(conn, account_ids, as_of)
    paid = await _paid(conn, account_ids, as_of)
    return {key: _summary(key, as_of, lines[key], owed[key], paid.get(key)) for key in account_ids}


async def _now(conn: Conn) -> datetime:
    now: datetime = await conn.fetchval("SELECT now()")
    return now


async def _lines(conn: Conn, account_ids: list[UUID], as_of: datetime) -> dict[UUID, list[Row]]:
    """MRR, plan and quantity per account and currency, the largest first."""
    rows = await conn.fetch(
        LINES,
        account_ids,
        as_of,
    )
    return _by_account(rows)


async def _owed(conn: Conn, account_ids: list[UUID], as_of: datetime) -> dict[UUID, list[Row]]:
    """What is not paid, per account and currency."""
    rows = await conn.fetch(
        OWED,
        account_ids,
        as_of,
    )
    return _by_account(rows)


async def _paid(conn: Conn, account_ids: list[UUID], as_of: datetime) -> dict[UUID, Row]:
    """Attempts in the window, the last success and how they pay."""
    rows = await conn.fetch(
        PAID,
        account_ids,
        as_of,
        as_of - FAILURES_WINDOW,
    )
    return {row["account_id"]: row for row in rows}


def _by_account(rows: list[Row]) -> dict[UUID, list[Row]]:
    grouped: dict[UUID, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row["account_id"]].append(row)
    return grouped


def _summary(
    account_id: UUID, as_of: datetime, lines: list[Row], owed: list[Row], paid: Row | None
) -> BillingSummary:
    by_currency = [Money(row["cents"], row["currency"]) for row in lines]
    running = [money for money in by_currency if money.cents] or by_currency[:1]
    overdue = [row for row in owed if row["overdue"]]
    return BillingSummary(
        account_id=account_id,
        as_of=as_of,
        mrr=running[0] if len(running) == 1 else None,
        mrr_by_currency=running,
        plan=next((row["plan"] for row in lines if row["plan"]), None),
        quantity=sum(row["quantity"] for row in lines),
        amount_due=[Money(row["due_cents"], row["currency"]) for row in owed],
        amount_overdue=[Money(row["overdue_cents"], row["currency"]) for row in overdue],
        invoices_overdue=count(
            definitions.INVOICES_OVERDUE,
            sum(row["overdue"] for row in overdue),
            window_to=as_of,
            freshness=max((row["freshness"] for row in owed), default=None),
        ),
        payment_failures_90=_failures(paid, as_of),
        last_payment_at=paid["last_payment_at"] if paid else None,
        payment_method=paid["method"] if paid else None,
    )


def _failures(paid: Row | None, as_of: datetime) -> MetricValue:
    """Failed attempts of the last 90 days; `n` is how many attempts there were."""
    failures: int = paid["failures"] if paid else 0
    return metric.of(
        definitions.PAYMENT_FAILURES,
        failures,
        paid["attempts"] if paid else 0,
        numerator=failures,
        window_from=as_of - FAILURES_WINDOW,
        window_to=as_of,
        freshness=paid["freshness"] if paid else None,
    )


async def mrr(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, Money]:
    """Monthly recurring revenue in each account's largest currency; absent without any line."""
    lines = await _lines(conn, account_ids, as_of or await _now(conn))
    return {key: Money(rows[0]["cents"], rows[0]["currency"]) for key, rows in lines.items()}


async def invoices_due(
    conn: Conn,
    account_ids: list[UUID],
    as_of: datetime | None = None,
    first: int = 25,
    after: str | None = None,
) -> dict[UUID, Page[Invoice]]:
    """Issued and unpaid invoices of each account, the earliest due date first."""
    most = paging.size(first)
    as_of = as_of or await _now(conn)
    due_on, last_id = paging.key(after, date, str) if after else (None, None)
    rows = await conn.fetch(
        INVOICES_DUE,
        account_ids,
        as_of,
        due_on,
        last_id,
        most + 1,
    )
    grouped = _by_account(rows)
    return {key: _page(grouped[key], most) for key in account_ids}


def _page(rows: list[Row], most: int) -> Page[Invoice]:
    invoices = [_invoice(row) for row in rows]
    cursors = [paging.cursor(invoice.due_on, invoice.id) for invoice in invoices]
    return paging.page(invoices, most, cursors)


async def invoices(conn: Conn, ids: list[str], as_of: datetime | None = None) -> dict[str, Invoice]:
    """Invoices as they were known; unknown ones are absent."""
    rows = await conn.fetch(
        "SELECT *, CASE WHEN paid_at <= at THEN 0"
        " ELSE greatest((at AT TIME ZONE 'UTC')::date - due_on, 0) END AS days_overdue"
        " FROM (SELECT DISTINCT ON (id) *, coalesce($2::timestamptz, now()) AS at"
        " FROM billing.invoice WHERE id = ANY ($1) AND ($2 IS NULL OR recorded_at <= $2)"
        " ORDER BY id, recorded_at DESC) AS newest",
        ids,
        as_of,
    )
    return {row["id"]: _invoice(row) for row in rows}


def _invoice(row: Row) -> Invoice:
    return Invoice(
        id=row["id"],
        account_id=row["account_id"],
        amount=Money(row["amount_cents"], row["currency"]),
        issued_at=row["issued_at"],
        due_on=row["due_on"],
        paid_at=row["paid_at"],
        days_overdue=row["days_overdue"],
    )


async def subscriptions(
    conn: Conn, ids: list[str], as_of: datetime | None = None
) -> dict[str, Subscription]:
    """Plan lines as they were known; unknown ones are absent."""
    rows = await conn.fetch(
        "SELECT DISTINCT ON (id) *,"
        " billing.mrr_cents(quantity, unit_price_cents, interval, discount_share) AS mrr"
        " FROM billing.subscription"
        " WHERE id = ANY ($1) AND ($2::timestamptz IS NULL OR recorded_at <= $2)"
        " ORDER BY id, recorded_at DESC",
        ids,
        as_of,
    )
    return {row["id"]: _subscription(row) for row in rows}


def _subscription(row: Row) -> Subscription:
    return Subscription(
        id=row["id"],
        account_id=row["account_id"],
        plan=row["plan"],
        quantity=row["quantity"],
        unit_price=Money(row["unit_price_cents"], row["currency"]),
        interval=row["interval"],
        discount_share=float(row["discount_share"]),
        mrr=Money(row["mrr"], row["currency"]),
        started_at=row["started_at"],
        ended_at=row["ended_at"],
    )
