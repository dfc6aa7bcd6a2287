"""Batches of one sender that arrive at the same time share a transaction: a commit costs as much
for one row as for hundreds."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

import msgspec

from shared.intake.rows import BulkRoute, NumberedRow, ParsedRows, Receipt, carry_out
from shared.platform.auth import Principal
from shared.platform.db import Database
from shared.vocabulary.errors import Refusal

WRITERS = 2
MAX_ROWS = 500


@dataclass(slots=True)
class Batch:
    """A batch that was read, and who wants its receipts."""

    rows: ParsedRows
    answer: "asyncio.Future[list[Receipt]]"

    @property
    def size(self) -> int:
        return len(self.rows[0]) + len(self.rows[1])


@dataclass(slots=True)
class Queue:
    """The batches of one sender and route, and the transactions that are under way for them."""

    route: BulkRoute
    principal: Principal
    waiting: deque[Batch] = field(default_factory=deque[Batch])
    writers: set["asyncio.Task[None]"] = field(default_factory=set["asyncio.Task[None]"])


class GroupCommit:
    """Carries batches out, those that waited meanwhile in one go; nobody waits for company."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._queues: dict[tuple[Principal, str], Queue] = {}

    async def carry_out(
        self, route: BulkRoute, principal: Principal, rows: ParsedRows
    ) -> list[Receipt]:
        """The receipts of this batch, once its transaction is over."""
        answer = asyncio.get_running_loop().create_future()
        name = (principal, route.name)
        queue = self._queues.setdefault(name, Queue(route, principal))
        queue.waiting.append(Batch(rows, answer))
        if len(queue.writers) < WRITERS:
            writer = asyncio.create_task(self._drain(name, queue))
            queue.writers.add(writer)
        return await answer

    async def _drain(self, name: tuple[Principal, str], queue: Queue) -> None:
        while queue.waiting:
            await self._answer(queue, _next(queue.waiting))
        task = asyncio.current_task()
        if task:
            queue.writers.discard(task)
        if not queue.writers:
            self._queues.pop(name, None)

    async def _answer(self, queue: Queue, group: list[Batch]) -> None:
        try:
            answers = await self._take(queue, group)
        except Exception as error:
            if len(group) > 1 and not isinstance(error, Refusal):
                for alone in group:  # one of them is to blame: let the others through
                    await self._answer(queue, [alone])
                return
            for each in group:
                if not each.answer.done():
                    each.answer.set_exception(error)
            return
        for each, receipts in zip(group, answers, strict=True):
            if not each.answer.done():  # else its caller left
                each.answer.set_result(receipts)

    async def _take(self, queue: Queue, group: list[Batch]) -> list[list[Receipt]]:
        route, principal = queue.route, queue.principal
        async with self._db.write(principal.tenant_id) as conn:
            if len(group) == 1:
                return [await carry_out(conn, principal, route, group[0].rows)]
            receipts = await carry_out(conn, principal, route, _join(group))
        return _split(group, receipts)


def _next(waiting: deque[Batch]) -> list[Batch]:
    """As many as fit into one transaction, at least one."""
    group = [waiting.popleft()]
    size = group[0].size
    while waiting and size + waiting[0].size <= MAX_ROWS:
        size += waiting[0].size
        group.append(waiting.popleft())
    return group


def _join(group: list[Batch]) -> ParsedRows:
    """One batch of all; a row's number is its place in it."""
    good: list[NumberedRow[object]] = []
    bad: list[Receipt] = []
    before = 0
    for each in group:
        good += [NumberedRow(before + row.number, row.row, row.dated) for row in each.rows[0]]
        bad += [_renumber(receipt, before) for receipt in each.rows[1]]
        before += each.size
    return good, bad


def _split(group: list[Batch], receipts: list[Receipt]) -> list[list[Receipt]]:
    """To each batch its receipts, with the numbers it knows."""
    parts: list[list[Receipt]] = []
    before = 0
    for each in group:
        mine = receipts[before : before + each.size]
        parts.append([_renumber(receipt, -before) for receipt in mine])
        before += each.size
    return parts


def _renumber(receipt: Receipt, by: int) -> Receipt:
    return msgspec.structs.replace(receipt, row=receipt.row + by) if by else receipt
