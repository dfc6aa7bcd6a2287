"""Tickets summed up: counts, first replies within a day, and how long the first reply takes."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.accounts.actions.tickets import TICKETS
from services.accounts.domain.tickets import Wait, median_wait_s
from services.accounts.store import tickets
from shared.platform.auth import Principal
from shared.platform.db import Database
from tests.services.accounts.examples import a_ticket, an_account, send

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)


def before(**ago: float) -> str:
    return (NOON - timedelta(**ago)).isoformat()


async def test_support_is_summed_up_as_it_was_known(db: Database, principal: Principal):
    account_id, quiet = await an_account(db, principal), await an_account(db, principal)

    async def ticket(opened: float, **row: object) -> None:
        moment = before(days=opened)
        await a_ticket(db, principal, account_id, openedAt=moment, **{"recordedAt": moment, **row})

    await ticket(
        10, firstReplyAt=before(days=9.5), resolvedAt=before(days=9), recordedAt=before(days=9)
    )
    await ticket(50, firstReplyAt=before(days=48), recordedAt=before(days=48), severity="urgent")
    await ticket(5, severity="high")
    await ticket(0.5)
    await ticket(100, severity="high", resolvedAt=before(days=95), recordedAt=before(days=95))
    await ticket(3, recordedAt=before(days=-1))

    async with db.read(principal.tenant_id) as conn:
        summaries = await tickets.support(conn, [account_id, quiet], NOON)
    summary, none = summaries[account_id], summaries[quiet]

    assert summary.tickets_28d.value == 3
    assert summary.tickets_90d.value == 4
    assert summary.open_high_severity.value == 2
    rate = summary.replied_within_24h
    assert (rate.numerator, rate.denominator) == (1, 3)
    # Waits of 0.5 d (answered), 0.5 d (still waiting), 2 d (answered), 5 d (still waiting).
    assert summary.first_reply_median_s.value == timedelta(days=2).total_seconds()
    assert summary.tickets_28d.freshness == NOON - timedelta(days=0.5)
    assert none.tickets_90d.value == 0
    assert none.open_high_severity.value == 0
    assert none.replied_within_24h.insufficient_data
    assert none.first_reply_median_s.insufficient_data


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_without_anybody_waiting_it_is_the_plain_lower_median(seconds: list[float]):
    ordered = sorted(seconds)
    median = median_wait_s([Wait(value, answered=True) for value in seconds])
    assert median == ordered[(len(ordered) - 1) // 2]


async def test_a_bad_ticket_is_refused_by_name(db: Database, principal: Principal):
    row = {
        "id": "T-1",
        "accountId": str(await an_account(db, principal)),
        "openedAt": before(days=1),
        "severity": "low",
        "ticketClass": "login",
    }
    bad = [
        ({"severity": "huge"}, "severity"),
        ({"ticketClass": "other"}, "ticketClass"),
        ({"firstReplyAt": before(days=2)}, "firstReplyAt"),
        ({"resolvedAt": before(days=2)}, "resolvedAt"),
        ({"id": ""}, "id"),
    ]
    *refused, good = await send(db, principal, TICKETS, *(row | change for change, _ in bad), row)
    assert [(receipt.status, receipt.field) for receipt in refused] == [
        ("rejected", field) for _, field in bad
    ]
    assert good.status == "accepted"
