"""One person's story: told in any order, in any batches and twice, it leads to the same counts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from services.usage.actions.segment import take_segment
from services.usage.domain import segment
from shared.platform.auth import SCOPES, Principal
from shared.platform.db import Conn, Database
from tests.services.usage.examples import World, named, summary

BATCH = segment.reader("batch")
AT_ONCE, PARTS, IN_A_PART = 40, 20, 500


@dataclass(frozen=True)
class Story:
    """What is said of one person, as it happens to arrive."""

    messages: list[dict[str, Any]]
    names: list[str]
    uses: int

    def batches(self, random: Random) -> Iterator[list[dict[str, Any]]]:
        """In another order, some of it twice, in some batches."""
        messages = [*self.messages, *random.sample(self.messages, 2)]
        random.shuffle(messages)
        while messages:
            size = random.randint(1, len(messages))
            yield messages[:size]
            messages = messages[size:]


def a_story(random: Random) -> Story:
    """A person of up to five names: each but the last becomes a name of a later one, somehow."""
    names = [f"name {n}" for n in range(random.randint(1, 5))]
    links = [
        a_link(random, name, random.choice(names[place + 1 :]))
        for place, name in enumerate(names[:-1])
    ]
    uses = [a_use(random, random.choice(names)) for _ in range(random.randint(1, 4))]
    group = {"type": "group", **called(random, random.choice(names)), "groupId": "g1"}
    messages = [
        {"messageId": f"{n}", **message} for n, message in enumerate([*links, *uses, group])
    ]
    return Story(messages, names, sum(each["type"] in ("track", "page") for each in messages))


def a_link(random: Random, name: str, person: str) -> dict[str, Any]:
    return random.choice([
        {"type": "alias", "previousId": name, "userId": person},
        {"type": "identify", "anonymousId": name, "userId": person},
        {"type": "track", "anonymousId": name, "userId": person, "event": "Signed In"},
    ])  # fmt: skip


def a_use(random: Random, name: str) -> dict[str, Any]:
    return {"type": random.choice(["track", "page"]), "event": "Visit", **called(random, name)}


def called(random: Random, name: str) -> dict[str, Any]:
    return {random.choice(["userId", "anonymousId"]): name}


async def take(db: Database, tenant: UUID, batch: list[dict[str, Any]]) -> None:
    caller = Principal(tenant, "app", SCOPES)
    async with db.write(tenant) as conn:
        request = BATCH(msgspec.json.encode({"batch": batch}))
        await take_segment(conn, caller, datetime.now(UTC), request)


async def counts(
    db: Database, tenant: UUID, account: UUID, as_of: datetime | None = None
) -> tuple[float | None, float | None]:
    """Events and active people of 28 days."""
    usage = await summary(db, tenant, account, as_of)
    return usage.events_28.value, usage.active_members_28.value


async def check(db: Database, random: Random) -> None:
    """The account and a member by one of the names appear in the midst of it, or at its end."""
    world, story = World(db, uuid4(), uuid4()), a_story(random)
    batches = list(story.batches(random))
    account_at, member_at, asked_at = (random.randint(0, len(batches)) for _ in range(3))
    answers = []
    for place, batch in enumerate([*batches, []]):
        if place == account_at:
            await named(db, world.tenant, world.account, ("segment", "g1"))
        if place == member_at:
            await world.members(random.choice(story.names), recorded=datetime.now(UTC))
        if batch:
            await take(db, world.tenant, batch)
        if place == asked_at:
            moment = datetime.now(UTC)
            answers.append((moment, await counts(db, world.tenant, world.account, moment)))

    assert await counts(db, world.tenant, world.account) == (story.uses, 1), batches
    for moment, answer in answers:
        assert await counts(db, world.tenant, world.account, moment) == answer, batches


async def test_a_story_leads_to_the_same_counts_and_earlier_answers_stay(
    db: Database, owner: Conn
) -> None:
    random = Random(8)  # noqa: S311 - no secret
    for _ in range(AT_ONCE):
        await check(db, random)
    assert await owner.fetchval("SELECT count(*) FROM usage.pending_event") == 0


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
async def test_ten_thousand_stories(db: Database, owner: Conn, part: int) -> None:
    random = Random(1_000 + part)  # noqa: S311 - no secret
    for _ in range(IN_A_PART):
        await check(db, random)
    assert await owner.fetchval("SELECT count(*) FROM usage.pending_event") == 0
