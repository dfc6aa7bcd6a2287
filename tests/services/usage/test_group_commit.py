"""Batches that arrive at the same time share a transaction, and each gets its own receipts."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec

from services.usage.actions import ingest as ingest_actions
from shared.intake.group_commit import GroupCommit
from shared.intake.rows import NumberedRow, ParsedRows, Receipt, parse
from shared.platform.auth import Principal
from shared.platform.db import Conn, Database
from tests.services.usage.examples import EVENTS, an_account, event, statuses


def read(caller: Principal, *rows: dict[str, Any]) -> ParsedRows:
    return parse(msgspec.json.encode(rows), EVENTS.row, caller)


async def test_each_sender_gets_its_own_receipts_in_its_own_order(
    db: Database, tenant: UUID, principal: Principal, owner: Conn
) -> None:
    account = await an_account(db, tenant)
    commits = 0

    def committed() -> None:
        nonlocal commits
        commits += 1

    db.committed.append(committed)
    group_commit = GroupCommit(db)
    same = event(account)
    batches = [
        [event(account, id=f"a{n}"), event(account, id=f"b{n}", quantity=-1), event(None), same]
        for n in range(60)
    ]

    answers = await asyncio.gather(*(
        group_commit.carry_out(EVENTS, principal, read(principal, *rows)) for rows in batches
    ))  # fmt: skip

    for rows, receipts in zip(batches, answers, strict=True):
        assert [receipt.row for receipt in receipts] == [0, 1, 2, 3]
        assert [receipt.id for receipt in receipts] == [row["id"] for row in rows]
        assert statuses(receipts)[:3] == ["accepted", "rejected", "rejected"]
    last = [receipts[3].status for receipts in answers]
    assert (last.count("accepted"), last.count("duplicate")) == (1, 59)
    assert commits < 10
    assert await owner.fetchval("SELECT count(*) FROM usage.event") == 61


async def test_a_batch_that_cannot_be_carried_out_stops_no_other(
    db: Database, tenant: UUID, principal: Principal, owner: Conn
) -> None:
    account = await an_account(db, tenant)

    async def take(conn: Conn, caller: Principal, rows: list[NumberedRow[Any]]) -> list[Receipt]:
        receipts = await ingest_actions.take_events(conn, caller, rows)
        if any(row.row.id == "poison" for row in rows):
            raise ArithmeticError("a bug")
        return receipts

    group_commit = GroupCommit(db)
    kind = replace(EVENTS, take=take)
    ids = [f"e{n}" for n in range(20)] + ["poison"] + [f"f{n}" for n in range(20)]
    answers = await asyncio.gather(
        *(
            group_commit.carry_out(kind, principal, read(principal, event(account, id=each)))
            for each in ids
        ),
        return_exceptions=True,
    )

    failed = [
        each for each, answer in zip(ids, answers, strict=True) if not isinstance(answer, list)
    ]
    assert failed == ["poison"]
    assert await owner.fetchval("SELECT count(*) FROM usage.event") == 40


async def test_senders_of_other_rights_or_tenants_never_share(
    db: Database, tenant: UUID, other_tenant: UUID, principal: Principal
) -> None:
    commits: set[tuple[Principal, int]] = set()

    async def take(conn: Conn, caller: Principal, rows: list[NumberedRow[Any]]) -> list[Receipt]:
        commits.add((caller, len({row.row.id for row in rows})))
        for row in rows:
            assert row.row.id == caller.subject
        return await ingest_actions.take_events(conn, caller, rows)

    group_commit = GroupCommit(db)
    kind = replace(EVENTS, take=take)
    callers = [
        Principal(of, subject, ("ingest",)) for of in (tenant, other_tenant) for subject in "abc"
    ]
    await asyncio.gather(*(
        group_commit.carry_out(kind, caller, read(caller, event(tenant, id=caller.subject)))
        for caller in callers
        for _ in range(5)
    ))  # fmt: skip
    assert {caller for caller, _ in commits} == set(callers)
