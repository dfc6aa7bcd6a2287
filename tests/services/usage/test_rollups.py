"""Roll-ups against a recount from scratch: any order, late, doubled, any zone, any moment asked."""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.usage.domain.summary import slope
from services.usage.store import landmarks
from shared.platform.auth import SCOPES, Principal
from shared.platform.db import Conn, Database
from shared.vocabulary.landmark import FeatureRow, Landmark
from tests.services.usage.examples import event, named, send, summary

ZONES = ["UTC", "Etc/GMT+12", "Pacific/Kiritimati", "America/Havana", "Australia/Lord_Howe"]
AUTUMN = datetime(2025, 11, 2, 4, tzinfo=UTC)
"""Clocks in Havana go back to midnight an hour later."""
EXAMPLES = settings(max_examples=25)


@dataclass(frozen=True)
class Use:
    """An event as the recount sees it."""

    id: str
    member: str | None
    feature: str
    occurred: datetime
    recorded: datetime
    quantity: float

    def row(self, account: UUID) -> dict[str, Any]:
        return event(
            account, id=self.id, feature=self.feature, occurredAt=self.occurred,
            recordedAt=self.recorded, quantity=self.quantity,
            **({"memberId": self.member} if self.member else {}),
        )  # fmt: skip


@st.composite
def uses(draw: st.DrawFn) -> list[Use]:
    """A few months of use around the change of clocks, most known at once, some weeks later."""
    random = Random(draw(st.integers(0, 10_000)))  # noqa: S311
    drawn_uses: list[Use] = []
    for number in range(draw(st.integers(0, 60))):
        back = timedelta(days=random.expovariate(1 / 25)) if random.random() < 0.7 else timedelta(hours=random.uniform(-30, 30))  # noqa: E501 # fmt: skip
        occurred = AUTUMN + timedelta(days=20) * (random.random() < 0.3) - back
        lag = random.choice([-250, 0, 1, 3_600, 40_000, 20 * 86_400])
        drawn_uses.append(
            Use(
                str(number),
                random.choice([None, "ann", "bob", "cy"]),
                random.choice(["reports", "export"]),
                occurred,
                occurred + timedelta(seconds=lag),
                random.choice([1.0, 0.1, 7.25]),
            )
        )
    return drawn_uses


MOMENTS = st.one_of(
    st.just(AUTUMN),
    st.just(AUTUMN + timedelta(hours=1)),
    st.datetimes(datetime(2025, 8, 1), datetime(2025, 12, 20)).map(lambda m: m.replace(tzinfo=UTC)),  # noqa: DTZ001
)


def recounted(used: list[Use], as_of: datetime, zone: ZoneInfo) -> FeatureRow:
    """The features by their definitions, from the events alone."""
    past = [use for use in used if use.recorded < as_of and use.occurred < as_of]
    day_of = {use.id: use.occurred.astimezone(zone).date() for use in past}
    today = as_of.astimezone(zone).date()
    last = (as_of.astimezone(UTC) - timedelta(microseconds=1)).astimezone(zone).date()
    month = [use for use in past if (last - day_of[use.id]).days < 28]
    previous = [use for use in past if 28 <= (last - day_of[use.id]).days < 56]
    weeks = weekly([day_of[use.id] for use in past], today)[-12:]
    newest = max((use.occurred for use in past), default=None)
    return {
        "events_28d": len(month),
        "events_prev_28d": len(previous),
        "active_members_28d": len({use.member for use in month} - {None}),
        "active_per_member_28d": None,
        "active_days_28d": len({day_of[use.id] for use in month}),
        "features_used_28d": len({use.feature for use in month}),
        "weeks_since_last_event": (as_of - newest).total_seconds() / 604_800 if newest else None,
        "events_trend_12w": slope([math.log1p(events) for events in weeks]),
        **over_whole_days(past, today, zone),
    }


def over_whole_days(recorded: list[Use], today: date, zone: ZoneInfo) -> FeatureRow:
    """The long windows: whole days before the landmark's own, as known by its midnight."""
    row: FeatureRow = {"completions_per_member": None}
    settled = [use for use in recorded if use.recorded.astimezone(zone).date() < today]
    for days in (91, 364):
        ages = [(use, (today - use.occurred.astimezone(zone).date()).days) for use in settled]
        part = [use.quantity for use, age in ages if 1 <= age <= days]
        mean = math.fsum(part) / len(part) if len(part) >= 10 else None
        row[f"quantity_per_event_{days}d"] = mean
        row |= {f"events_per_member_week_{days}d": None, f"depth_{days}d": None}
    newest = [use.quantity for use, age in ages if 1 <= age <= 28]
    row["quantity_per_event_28d"] = mean and (math.fsum(newest) + mean) / (len(newest) + 1)
    days_of = {use.id: use.occurred.astimezone(zone).date() for use in settled}
    past = [use for use in settled if days_of[use.id] < today]
    first = min((days_of[use.id] for use in past), default=today)
    early = {use.feature for use in past if (days_of[use.id] - first).days < 90}
    return {**row, "onboarding_features_90d": len(early)}


def weekly(days: list[date], today: date) -> list[int]:
    """Events of the full weeks before today since the first day, oldest first, at most 30."""
    if not days:
        return []
    by_week = Counter((today - timedelta(days=1) - day).days // 7 for day in days if day < today)
    full = min((today - min(days)).days // 7, 30)
    return [by_week[week] for week in reversed(range(full))]


async def loaded(db: Database, zone: str, used: list[Use], seed: int) -> tuple[UUID, UUID]:
    """A new tenant and account, its events sent shuffled, in batches, many of them twice."""
    tenant, account, random = uuid4(), uuid4(), Random(seed)  # noqa: S311
    caller = Principal(tenant, "loader", SCOPES, zone)
    await named(db, tenant, account)
    await send(db, caller, [event(await named(db, tenant, uuid4()))])  # fixes whose days count
    rows = [use.row(account) for use in [*used, *random.sample(used, len(used) // 2)]]
    random.shuffle(rows)
    for at in range(0, len(rows), 17):
        await send(db, caller, rows[at : at + 17])
    return tenant, account


async def features(db: Database, tenant: UUID, account: UUID, *moments: datetime) -> Any:
    async with db.read(tenant) as conn:
        return await landmarks.features(conn, [Landmark(account, moment) for moment in moments])


@EXAMPLES
@given(used=uses(), zone=st.sampled_from(ZONES), seed=st.integers(0, 999))
async def test_rollups_equal_a_recount_under_shuffled_late_and_doubled_events(
    db: Database, owner: Conn, used: list[Use], zone: str, seed: int
) -> None:
    tenant, account = await loaded(db, zone, used, seed)

    quantities: dict[tuple[date, str, str], list[float]] = defaultdict(list)
    for use in used:
        day = use.occurred.astimezone(ZoneInfo(zone)).date()
        quantities[day, use.member or "", use.feature].append(use.quantity)
    rows = await owner.fetch(
        "SELECT day, member, feature, sum(events) AS events, sum(quantity)::float8 AS quantity"
        " FROM usage.daily WHERE tenant_id = $1 AND account_id = $2 GROUP BY 1, 2, 3",
        tenant,
        account,
    )
    counted = {(r["day"], r["member"], r["feature"]): (r["events"], r["quantity"]) for r in rows}
    assert counted == {
        key: (len(amounts), pytest.approx(math.fsum(amounts), rel=1e-12))
        for key, amounts in quantities.items()
    }


@EXAMPLES
@given(
    used=uses(),
    zone=st.sampled_from(ZONES),
    seed=st.integers(0, 999),
    moments=st.lists(MOMENTS, min_size=1, max_size=8),
)
async def test_features_equal_a_recount_of_what_was_known_before_the_landmark(
    db: Database, used: list[Use], zone: str, seed: int, moments: list[datetime]
) -> None:
    tenant, account = await loaded(db, zone, used, seed)

    for row, moment in zip(await features(db, tenant, account, *moments), moments, strict=True):
        assert row == {
            name: pytest.approx(value, abs=1e-9) if value is not None else None
            for name, value in recounted(used, moment, ZoneInfo(zone)).items()
        }


@EXAMPLES
@given(used=uses(), zone=st.sampled_from(ZONES), moment=MOMENTS)
async def test_what_is_recorded_later_never_changes_an_old_answer(
    db: Database, used: list[Use], zone: str, moment: datetime
) -> None:
    early = [use for use in used if use.recorded <= moment]
    before = await summary(db, *await loaded(db, zone, early, 1), moment)
    after = await summary(db, *await loaded(db, zone, used, 2), moment)

    for name in (
        "events_28", "active_members_28", "regular_members_28", "features_used_28", "dau_mau",
        "weekly_trend", "last_event_at", "weeks",
    ):  # fmt: skip
        assert getattr(before, name) == getattr(after, name)


@EXAMPLES
@given(used=uses(), zone=st.sampled_from(ZONES))
async def test_now_and_now_as_a_moment_agree(db: Database, used: list[Use], zone: str) -> None:
    shift = datetime.now(UTC) - AUTUMN - timedelta(days=55)
    recent = [
        Use(use.id, use.member, use.feature, use.occurred + shift, use.recorded + shift, 1.0)
        for use in used
    ]
    tenant, account = await loaded(db, zone, recent, 3)

    now = await summary(db, tenant, account)
    assert await summary(db, tenant, account, now.as_of) == now
