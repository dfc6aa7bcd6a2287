"""Migration 0011: seats that were kept beside the terms are read from them, and none is lost."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from shared.platform.config import Settings
from shared.platform.db import Conn
from shared.platform.migrate import migrations

SEATS = "SELECT contract_id, seats, end_on FROM usage.purchased ORDER BY seats"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def texts(settings: Settings) -> dict[str, str]:
    return {each.name: each.text for each in migrations(settings.project_dir, "usage")}


async def test_an_older_data_folder_keeps_its_seats(
    owner: Conn, tenant: UUID, texts: dict[str, str]
) -> None:
    table = texts["0001_usage.sql"].split("CREATE TABLE purchased")[1].split("CALL")[0]
    older, both, none = uuid4(), uuid4(), uuid4()
    transaction = owner.transaction()
    await transaction.start()
    try:
        await owner.execute("SET LOCAL search_path = usage; DROP VIEW purchased")
        await owner.execute(f"CREATE TABLE purchased {table}; CALL protect('purchased')")
        await owner.execute("SELECT set_config('tenure.tenant', $1, true)", str(tenant))
        await owner.executemany(
            "INSERT INTO purchased VALUES ($1, $2, $3, $4::timestamptz, $5,"
            " $4::timestamptz::date, $4::timestamptz::date + 365)",
            [(tenant, uuid4(), older, NOON, 3), (tenant, UUID(int=1), both, NOON, 5)],
        )
        await owner.executemany(
            "INSERT INTO term VALUES ($1, $2, $3, $4::timestamptz, $4::timestamptz::date, NULL,"
            " $4::timestamptz::date + 365, 12, $5, $6)",
            [(tenant, UUID(int=1), both, NOON, 5, "lost"), (tenant, uuid4(), none, NOON, None, "")],
        )
        before = await owner.fetch(SEATS)
        await owner.execute("SELECT set_config('tenure.tenant', '', true)")
        await owner.execute(texts["0011_one_term.sql"])

        await owner.execute("SELECT set_config('tenure.tenant', $1, true)", str(tenant))
        assert await owner.fetch(SEATS) == before
        assert [row["contract_id"] for row in before] == [older, both]
        rows = await owner.fetch("SELECT contract_id, outcome FROM term")
        assert {row["contract_id"]: row["outcome"] for row in rows} == {
            older: "pending", both: "lost", none: "",
        }  # fmt: skip
    finally:
        await transaction.rollback()
