"""The feature catalogue: described in versions, seen in events, never dropped."""

from typing import Any
from uuid import UUID

import pytest

from services.usage.actions.catalogue import feature_upsert
from services.usage.domain.catalogue import Feature
from services.usage.store import catalogue
from shared.platform.auth import Principal
from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.paging import Page
from tests.services.usage.examples import DAY, LONG_AGO, NOON, World


async def listed(world: World, **options: Any) -> Page[Feature]:
    async with world.db.read(world.tenant) as conn:
        return await catalogue.feature_list(conn, **options)


async def test_features_that_were_only_seen_are_listed_with_those_described(world: World) -> None:
    await world.used({("ann", "wild"): [1], ("ann", "known"): [1]})
    await world.features(
        {"key": "known", "title": "Known", "tier": "advanced", "sticky": True, "core": True,
         "plans": ["team", "pro", "team"], "milestone": "live", "persona": "admin"},
        {"key": "unused"},
    )  # fmt: skip

    described, unused, wild = (await listed(world)).items
    assert (described.title, described.tier, described.plans) == (
        "Known",
        "advanced",
        ["pro", "team"],
    )
    assert (described.sticky, described.core, described.milestone, described.persona) == (
        True, True, "live", "admin",
    )  # fmt: skip
    assert described.first_seen_at == NOON.replace(hour=11, minute=1) - DAY
    assert (unused.catalogued, unused.title, unused.first_seen_at) == (True, "unused", None)
    assert (wild.catalogued, wild.tier, wild.title) == (False, None, "wild")


async def test_a_description_is_a_version_and_the_old_one_stays(world: World) -> None:
    first = await world.features({"key": "a", "tier": "basic"})
    again = await world.features({"key": "a", "tier": "basic", "recordedAt": NOON - DAY})
    other = await world.features({"key": "a", "tier": "advanced", "recordedAt": NOON})
    assert [receipts[0].status for receipts in (first, again, other)] == [
        "accepted", "duplicate", "accepted",
    ]  # fmt: skip

    assert [each.tier for each in (await listed(world)).items] == ["advanced"]
    assert [each.tier for each in (await listed(world, as_of=NOON - DAY)).items] == ["basic"]
    assert (await listed(world, as_of=LONG_AGO - DAY)).items == []


async def test_bad_descriptions_get_receipts_that_name_the_field(world: World) -> None:
    receipts = await world.features(
        {"key": "a", "tier": "gold"}, {"key": ""}, {"title": "x"}, {"key": "b", "core": "yes"},
        {"key": "c", "colour": "red"}, {"key": "fine"},
    )  # fmt: skip
    assert [receipt.status for receipt in receipts] == ["rejected"] * 5 + ["accepted"]
    assert [receipt.field for receipt in receipts[:4]] == ["tier", "key", "key", "core"]


async def test_features_come_page_by_page(world: World) -> None:
    await world.features(*({"key": f"f{n}"} for n in range(5)))
    page = await listed(world, first=2)
    assert ([each.key for each in page.items], page.has_next) == (["f0", "f1"], True)
    rest = await listed(world, after=page.cursors[-1])
    assert [each.key for each in rest.items] == ["f2", "f3", "f4"]
    with pytest.raises(InvalidInput):
        await listed(world, as_of=NOON.replace(tzinfo=None))


async def test_one_feature_is_taken_as_the_bulk_route_takes_it(
    world: World, principal: Principal
) -> None:
    async with world.db.write(world.tenant) as conn:
        feature = await feature_upsert(conn, {"key": "a", "tier": "advanced"}, principal)
        assert (feature.key, feature.tier, feature.catalogued) == ("a", "advanced", True)
        with pytest.raises(InvalidInput, match="tier"):
            await feature_upsert(conn, {"key": "a", "tier": "gold"}, principal)


async def test_another_tenants_features_are_never_seen(world: World, other_tenant: UUID) -> None:
    await world.features({"key": "mine"})
    theirs = World(world.db, other_tenant, world.account)
    assert (await listed(theirs)).items == []
    await theirs.features({"key": "mine", "tier": "advanced"})
    assert [each.tier for each in (await listed(world)).items] == ["basic"]
