"""What the model is told: nothing recorded after a landmark, and spells as they were."""

import math
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest

from services.accounts.store import landmarks
from shared.platform.auth import Principal
from shared.platform.db import Database
from shared.vocabulary.landmark import FeatureRow, Half, Landmark, Spell
from tests.examples import number
from tests.services.accounts.examples import a_contract, a_member, a_ticket, an_account

JUNE = datetime(2024, 6, 1, tzinfo=UTC)


async def features_at(
    db: Database,
    who: Principal,
    account_id: UUID,
    as_of: datetime = JUNE,
    half: Half | None = None,
) -> FeatureRow:
    async with db.read(who.tenant_id) as conn:
        (row,) = await landmarks.features(conn, [Landmark(account_id, as_of)], half)
    return row


async def a_known_account(db: Database, who: Principal) -> UUID:
    recorded = {"recordedAt": "2024-01-10T00:00:00Z"}
    account_id = await an_account(
        db,
        who,
        createdAt="2024-01-02T00:00:00Z",
        traits={"region": "north", "vip": True, "stores": 3},
        industry="retail",
        intendedUsers=40,
        **recorded,
    )
    await a_contract(
        db, who, account_id, startOn="2024-01-05", endOn="2025-01-05", seats=25, **recorded
    )
    await a_member(db, who, account_id, startedAt="2024-01-06T00:00:00Z", level=2, **recorded)
    left = {"startedAt": "2024-01-06T00:00:00Z", "endedAt": "2024-05-01T00:00:00Z", "role": "admin"}
    await a_member(db, who, account_id, **left, recordedAt="2024-05-01T00:00:00Z")
    for day, severity in (("01-10", "urgent"), ("05-10", "high"), ("05-20", "low")):
        opened = f"2024-{day}T00:00:00Z"
        await a_ticket(db, who, account_id, openedAt=opened, severity=severity, recordedAt=opened)
    return account_id


async def test_the_golden_row(db: Database, principal: Principal):
    account_id = await a_known_account(db, principal)
    assert await features_at(db, principal, account_id) == {
        "trait_region": "north",
        "trait_vip": True,
        "trait_stores": 3,
        "trait_industry": "retail",
        "account_age_days": 151,
        "spell_age_days": 148,
        "returned": False,
        "intended_users": 40,
        "contract_term_months": 12,
        "days_to_renewal": 218,
        "renewal_nearness": pytest.approx(math.exp(-218 / 274)),
        "auto_renew": False,
        "auto_renew_off": False,
        "notice_given": False,
        "notice_days": None,
        "seats": 25,
        "seats_per_intended_user": 0.625,
        "renewals": 0,
        "members": 1,
        "members_per_seat": 0.04,
        "member_level": 2.0,
        "members_left_182d": 1,
        "admins_left_182d": 1,
        "admins_left_364d": 1,
        "admin_left_lately": pytest.approx(math.exp(-31 / 182)),
        "onboarding_days_to_join": pytest.approx((10 * 2 * 2) ** (1 / 3)),
        "tickets_90d": 2,
        "tickets_high_90d": 1,
        "tickets_open": 3,
        "ticket_first_reply_hours_182d": None,
        "tickets_per_year_and_root_seat": pytest.approx(5 / (1 + 5 * 148 / 365.25)),
        "tickets_high_share": pytest.approx(3 / 7),
        "ticket_first_reply_hours": pytest.approx(8.0),
        "ticket_resolution_hours": pytest.approx(24.0),
    }


async def test_halves_of_members_and_tickets_are_together_the_whole(
    db: Database, principal: Principal
):
    account_id = await a_known_account(db, principal)
    times = {"startedAt": "2024-01-06T00:00:00Z", "recordedAt": "2024-01-10T00:00:00Z"}
    for level in (0, 1, 3, 3, 3):
        await a_member(db, principal, account_id, level=level, **times)
    for day in range(1, 9):
        opened = f"2024-04-0{day}T00:00:00Z"
        await a_ticket(db, principal, account_id, openedAt=opened, recordedAt=opened)
    whole = await features_at(db, principal, account_id)
    halves = [await features_at(db, principal, account_id, half=half) for half in (0, 1)]

    for name in ("tickets_90d", "tickets_high_90d", "members_left_182d", "admins_left_182d"):
        assert sum(number(half, name) for half in halves) == number(whole, name) > 0
    levels = [number(half, "member_level") for half in halves if half["member_level"] is not None]
    assert min(levels) <= number(whole, "member_level") <= max(levels)
    same = {name for name in whole if not name.startswith(("tickets", "member_l", "admin"))}
    same -= {"members_left_182d", "onboarding_days_to_join"}
    days = [number(half, "onboarding_days_to_join") for half in halves]
    assert 2.0 < number(whole, "onboarding_days_to_join") < min(days)
    assert all(half[name] == whole[name] for half in halves for name in same)
    assert {"members", "members_per_seat", "seats"} < same


async def test_a_row_recorded_after_the_landmark_is_not_yet_known(
    db: Database, principal: Principal
):
    account_id = await a_known_account(db, principal)
    expected = await features_at(db, principal, account_id)

    late = {"recordedAt": "2024-06-01T00:00:00Z"}
    long_ago = "2024-02-01T00:00:00Z"
    await an_account(db, principal, id=str(account_id), name="New", intendedUsers=1, **late)
    await a_contract(db, principal, account_id, startOn="2023-02-01", seats=1, **late)
    await a_contract(db, principal, account_id, startOn="2024-02-01", autoRenew=True, **late)
    await a_member(db, principal, account_id, startedAt=long_ago, **late)
    await a_ticket(db, principal, account_id, openedAt="2024-05-30T00:00:00Z", **late)

    assert await features_at(db, principal, account_id) == expected
    assert await features_at(db, principal, account_id, JUNE.replace(hour=1)) != expected


async def test_people_who_left_fade_from_the_windows_and_others_than_admins_are_told_apart(
    db: Database, principal: Principal
):
    account_id = await a_known_account(db, principal)  # an admin left on 1 May
    user = {"startedAt": "2024-02-01T00:00:00Z", "endedAt": "2024-09-01T00:00:00Z", "role": "user"}
    await a_member(db, principal, account_id, **user, recordedAt="2024-09-01T00:00:00Z")

    rows = [
        await features_at(db, principal, account_id, moment)
        for moment in (
            datetime(2024, 5, 1, tzinfo=UTC),
            datetime(2024, 10, 1, tzinfo=UTC),
            datetime(2024, 12, 1, tzinfo=UTC),
            datetime(2025, 6, 1, tzinfo=UTC),
        )
    ]
    assert [row["members_left_182d"] for row in rows] == [0, 2, 1, 0]
    assert [row["admins_left_182d"] for row in rows] == [0, 1, 0, 0]
    assert [row["admins_left_364d"] for row in rows] == [0, 1, 1, 0]
    fading = [0, *(math.exp(-days / 182) for days in (153, 214, 396))]
    assert [row["admin_left_lately"] for row in rows] == pytest.approx(fading)


async def test_tickets_are_rated_against_time_and_size(db: Database, principal: Principal):
    rates: list[float] = []
    for seats, tickets in ((4, 0), (4, 6), (64, 6), (64, 24)):
        account_id = await an_account(db, principal, recordedAt="2022-06-01T00:00:00Z")
        recorded = {"recordedAt": "2022-06-01T00:00:00Z"}
        await a_contract(db, principal, account_id, startOn="2022-06-01", seats=seats, **recorded)
        for _ in range(tickets):
            at = {"openedAt": "2023-01-01T00:00:00Z", "recordedAt": "2023-01-01T00:00:00Z"}
            await a_ticket(db, principal, account_id, **at)
        row = await features_at(db, principal, account_id)
        rates.append(float(row["tickets_per_year_and_root_seat"] or 0))
    none, few, few_of_many, many = rates
    assert none < few_of_many < few < 2.0
    assert many == pytest.approx(26 / (1 + 8 * 731 / 365.25))


async def test_tickets_are_open_until_resolved_and_wait_for_their_first_reply(
    db: Database, principal: Principal
):
    account_id = await an_account(db, principal, recordedAt="2022-06-01T00:00:00Z")
    for opened, reply, resolved in (
        ("2023-01-01T00:00:00Z", "2023-01-09T00:00:00Z", "2023-01-10T00:00:00Z"),
        ("2024-05-01T00:00:00Z", "2024-05-01T02:00:00Z", "2024-05-03T00:00:00Z"),
        ("2024-05-02T00:00:00Z", "2024-05-02T06:00:00Z", "2024-06-01T00:00:00Z"),
        ("2024-05-31T00:00:00Z", "2024-06-02T00:00:00Z", None),
    ):
        times = {"openedAt": opened, "firstReplyAt": reply, "resolvedAt": resolved}
        await a_ticket(db, principal, account_id, **times, recordedAt=opened)
    row = await features_at(db, principal, account_id)
    assert (row["tickets_open"], row["ticket_first_reply_hours_182d"]) == (2, 4.0)
    waited = (row["ticket_first_reply_hours"], row["ticket_resolution_hours"])
    assert waited == (
        pytest.approx((8 * 192 * 2 * 6) ** (1 / 4)),
        pytest.approx((24 * 216 * 48) ** (1 / 3)),
    )


async def test_onboarding_counts_the_days_until_members_of_the_spell_join(
    db: Database, principal: Principal
):
    recorded = {"recordedAt": "2024-01-05T00:00:00Z"}
    account_id = await an_account(db, principal, createdAt="2023-12-02T00:00:00Z", **recorded)
    await a_contract(db, principal, account_id, startOn="2024-01-05", **recorded)
    assert (await features_at(db, principal, account_id))["onboarding_days_to_join"] == (
        pytest.approx(10.0)
    )
    for start in ("2024-01-03", "2024-01-05", "2024-01-08", "2024-05-25", "2024-06-01"):
        await a_member(db, principal, account_id, startedAt=f"{start}T00:00:00Z", **recorded)
    row = await features_at(db, principal, account_id)
    assert row["onboarding_days_to_join"] == pytest.approx((10 * 1 * 4) ** (1 / 3))


async def test_a_renewal_switched_off_and_a_notice_show_beside_what_was_agreed(
    db: Database, principal: Principal
):
    account_id = await an_account(db, principal, recordedAt="2023-06-01T00:00:00Z")
    contract = {"startOn": "2023-06-15", "externalId": "C-1", "noticeDays": 30}
    answers: list[tuple[object, ...]] = []
    for terms, day in (
        ({"autoRenew": True}, "2023-06-15"),
        ({"autoRenew": False, "endOn": "2024-06-15"}, "2024-04-10"),
        ({"autoRenew": False, "endOn": "2024-06-15", "outcome": "lost"}, "2024-05-10"),
    ):
        at = f"{day}T00:00:00Z"
        await a_contract(db, principal, account_id, **contract, **terms, recordedAt=at)
        row = await features_at(
            db, principal, account_id, datetime.fromisoformat(at).replace(hour=1)
        )
        signals = ("auto_renew", "auto_renew_off", "notice_given", "notice_days")
        answers.append(tuple(row[name] for name in signals))
    assert answers == [
        (True, False, False, 30),
        (True, True, False, 30),
        (True, True, True, 30),
    ]


async def test_a_contract_replaced_before_its_end_is_no_notice(db: Database, principal: Principal):
    account_id = await an_account(db, principal, recordedAt="2023-06-01T00:00:00Z")
    old = {"startOn": "2023-06-15", "endOn": "2024-06-15", "endedOn": "2024-06-10"}
    recorded = {"recordedAt": "2024-05-30T00:00:00Z"}
    await a_contract(db, principal, account_id, **old, outcome="expanded", **recorded)
    assert (await features_at(db, principal, account_id))["notice_given"] is False


async def test_unknown_accounts_have_rows_too_and_the_order_is_kept(
    db: Database, principal: Principal
):
    account_id = await an_account(db, principal, recordedAt="2024-01-10T00:00:00Z")
    moments = [Landmark(uuid4(), JUNE), Landmark(account_id, JUNE)] * 2
    async with db.read(principal.tenant_id) as conn:
        rows = await landmarks.features(conn, moments)
    assert [row["members"] for row in rows] == [None, 0, None, 0]
    assert set(rows[0].values()) == {None}


async def test_once_renewed_the_next_contract_speaks(db: Database, principal: Principal):
    account_id = await an_account(db, principal, recordedAt="2023-06-01T00:00:00Z")
    old = {"startOn": "2023-06-15", "endOn": "2024-06-15", "externalId": "C-1"}
    await a_contract(db, principal, account_id, **old, recordedAt="2023-06-15T00:00:00Z")
    before = await features_at(db, principal, account_id)
    signed = {"recordedAt": "2024-05-30T00:00:00Z"}
    await a_contract(db, principal, account_id, **old, outcome="renewed", **signed)
    await a_contract(db, principal, account_id, startOn="2024-06-15", endOn="2025-06-15", **signed)
    after = await features_at(db, principal, account_id)
    assert (before["days_to_renewal"], after["days_to_renewal"]) == (14, 379)
    assert (before["renewals"], after["renewals"]) == (0, 1)


async def test_an_overdue_contract_has_negative_days(db: Database, principal: Principal):
    account_id = await an_account(db, principal)
    terms = {"endOn": "2024-05-20", "recordedAt": "2023-06-15T00:00:00Z"}
    await a_contract(db, principal, account_id, startOn="2023-05-20", **terms)
    row = await features_at(db, principal, account_id)
    assert row["days_to_renewal"] == -12


async def test_spells_join_contracts_and_end_with_a_loss(db: Database, principal: Principal):
    async def signed(account_id: UUID, *terms: tuple[str, str | None, str]) -> UUID:
        for start_on, end_on, outcome in terms:
            row = {"startOn": start_on, "outcome": outcome, "autoRenew": end_on is None}
            recorded_at = f"{start_on}T00:00:00Z"
            await a_contract(db, principal, account_id, endOn=end_on, **row, recordedAt=recorded_at)
        return account_id

    a, b, c, d, e, f = sorted([await an_account(db, principal) for _ in range(6)])
    await signed(a, ("2021-01-01", "2022-01-01", "renewed"), ("2022-01-01", "2023-01-01", "lost"))
    await signed(b, ("2021-01-01", "2022-01-01", "lost"), ("2022-01-31", "2023-01-01", "pending"))
    await signed(c, ("2021-01-01", "2022-01-01", "lost"), ("2022-02-01", None, "pending"))
    await signed(d, ("2021-01-01", "2022-01-01", "renewed"))
    await signed(e, ("2023-11-15", "2024-05-15", "pending"))
    await signed(f, ("2023-12-01", "2024-12-01", "lost"), ("2024-06-02", None, "pending"))

    async with db.read(principal.tenant_id) as conn:
        spells = await landmarks.spells(conn, JUNE)
        early = await landmarks.spells(conn, datetime(2021, 1, 1, tzinfo=UTC))
    assert spells == [
        Spell(a, date(2021, 1, 1), date(2023, 1, 1), "voluntary"),
        Spell(b, date(2021, 1, 1), date(2023, 1, 1), "voluntary"),
        Spell(c, date(2021, 1, 1), date(2022, 1, 1), "voluntary"),
        Spell(c, date(2022, 2, 1), None),
        Spell(d, date(2021, 1, 1), None),
        Spell(e, date(2023, 11, 15), None),
        Spell(f, date(2023, 12, 1), None),
    ]
    assert early == []


async def test_a_return_starts_the_clock_again_and_says_so(db: Database, principal: Principal):
    account_id = await an_account(db, principal)
    lost = {"endOn": "2022-01-01", "outcome": "lost", "recordedAt": "2022-01-02T00:00:00Z"}
    await a_contract(db, principal, account_id, startOn="2021-01-01", **lost)
    again = {"endOn": "2024-12-01", "recordedAt": "2023-12-01T00:00:00Z"}
    away = await features_at(db, principal, account_id, datetime(2022, 6, 1, tzinfo=UTC))
    await a_contract(db, principal, account_id, startOn="2023-12-01", **again)
    back = await features_at(db, principal, account_id)
    assert (away["spell_age_days"], away["returned"]) == (516, False)
    assert (back["spell_age_days"], back["returned"]) == (183, True)


async def test_a_loss_keeps_the_reason_given_for_it(db: Database, principal: Principal):
    account_id = await an_account(db, principal)
    terms = {"startOn": "2021-01-01", "recordedAt": "2021-06-02T00:00:00Z", "outcome": "lost"}
    unpaid = {"endedOn": "2021-06-01", "endOn": "2022-01-01", "endReason": "involuntary"}
    await a_contract(db, principal, account_id, **terms, **unpaid)
    async with db.read(principal.tenant_id) as conn:
        (spell,) = await landmarks.spells(conn, JUNE)
    lasted = (date(2021, 1, 1), date(2021, 6, 1))
    assert spell == Spell(account_id, *lasted, "involuntary", known_on=date(2021, 6, 2))


async def brought_over(db: Database, who: Principal, on: str) -> UUID:
    """Under contract since 2021, on record since that day."""
    recorded = {"recordedAt": f"{on}T00:00:00Z"}
    account_id = await an_account(db, who, createdAt="2021-01-02T00:00:00Z", **recorded)
    terms = {"startOn": "2021-01-05", "endOn": "2025-01-05", "seats": 16}
    await a_contract(db, who, account_id, **terms, **recorded)
    await a_member(db, who, account_id, startedAt="2021-01-06T00:00:00Z", **recorded)
    return account_id


COUNTED = (
    "members_left_182d",
    "admins_left_182d",
    "admins_left_364d",
    "tickets_90d",
    "tickets_high_90d",
)


async def counted(db: Database, who: Principal, account_id: UUID) -> list[object]:
    row = await features_at(db, who, account_id)
    return [row[name] for name in COUNTED]


async def test_counts_over_windows_that_reach_behind_the_records_are_unknown(
    db: Database, principal: Principal
):
    late = await brought_over(db, principal, "2024-04-01")
    assert await counted(db, principal, late) == [None] * 5
    early = await brought_over(db, principal, "2023-11-01")
    assert await counted(db, principal, early) == [0, 0, None, 0, 0]

    left = {"startedAt": "2022-01-06T00:00:00Z", "endedAt": "2024-05-01T00:00:00Z", "role": "admin"}
    await a_member(db, principal, late, **left, recordedAt="2024-05-01T00:00:00Z")
    old = {"openedAt": "2024-02-01T00:00:00Z", "recordedAt": "2024-04-01T00:00:00Z"}
    await a_ticket(db, principal, late, **old)
    assert await counted(db, principal, late) == [1, 1, 1, 0, 0]


async def test_tickets_are_rated_against_the_time_that_is_on_record(
    db: Database, principal: Principal
):
    account_id = await brought_over(db, principal, "2024-02-01")
    days = 121
    for day in (10, 20):
        at = {"openedAt": f"2024-05-{day}T00:00:00Z", "recordedAt": f"2024-05-{day}T00:00:00Z"}
        await a_ticket(db, principal, account_id, **at)
    row = await features_at(db, principal, account_id)
    expected = (2 + 2) / (1 + 4 * days / 365.25)
    assert row["tickets_per_year_and_root_seat"] == pytest.approx(expected)
    assert row["account_age_days"] == 1246


async def test_a_spell_says_since_when_it_was_known_if_not_from_its_start(
    db: Database, principal: Principal
):
    old = await brought_over(db, principal, "2024-04-01")
    async with db.read(principal.tenant_id) as conn:
        spells = await landmarks.spells(conn, JUNE)
    assert spells == [Spell(old, date(2021, 1, 5), None, known_on=date(2024, 4, 1))]
    assert spells[0].seen_from == date(2024, 4, 1)
