"""Every query on training runs, aliases and their history, and broken documents."""

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from services.risk.domain.release import (
    ALIVE_S,
    MAX_STARTS,
    AliasChange,
    Cause,
    ChampionDocument,
    Deed,
    Fault,
    Outcome,
    TrainingRun,
)
from shared.platform.db import Conn, to
from shared.process.work import WorkList
from shared.vocabulary import paging
from shared.vocabulary.errors import Conflict
from shared.vocabulary.model_document import Judgement, ModelDocument, ServedModel
from shared.vocabulary.paging import Page


async def training_runs(
    conn: Conn, first: int | None = None, after: str | None = None
) -> Page[TrainingRun]:
    """Trainings, newest first."""
    window = paging.window(first, after, datetime, UUID)
    rows = await conn.fetch(
        "SELECT * FROM risk.training_run"
        " WHERE $1::timestamptz IS NULL OR (asked_at, run_id) < ($1, $2::uuid)"
        " ORDER BY asked_at DESC, run_id DESC LIMIT $3",
        *window.bounds,
    )
    runs = [to(TrainingRun, row) for row in rows]
    return window.page(runs, lambda run: (run.asked_at, run.run_id))


async def training_runs_by_id(conn: Conn, run_ids: list[UUID]) -> dict[UUID, TrainingRun]:
    rows = await conn.fetch("SELECT * FROM risk.training_run WHERE run_id = ANY ($1)", run_ids)
    return {row["run_id"]: to(TrainingRun, row) for row in rows}


async def judgements(conn: Conn, versions: list[str]) -> dict[str, Judgement]:
    """The gate's last judgement of each version; versions it never saw are absent."""
    rows = await conn.fetch(
        "SELECT DISTINCT ON (version) * FROM risk.training_run"
        " WHERE version = ANY ($1) AND judgement IS NOT NULL ORDER BY version, asked_at DESC",
        versions,
    )
    runs = [to(TrainingRun, row) for row in rows]
    return {run.version: run.judgement for run in runs if run.version and run.judgement}


async def open_run(conn: Conn) -> TrainingRun | None:
    """The tenant's training that is asked for or running; there is one at most."""
    row = await conn.fetchrow("SELECT * FROM risk.training_run WHERE ended_at IS NULL FOR UPDATE")
    return to(TrainingRun, row) if row else None


async def expire_runs(conn: Conn) -> None:
    """Trainings that gave no sign of life for too long wait for the worker again, or end.

    Whoever trains by a command can give it again; what breaks off each time is given up.
    """
    await conn.execute(
        "UPDATE risk.training_run SET started_at = NULL, alive_until = NULL"
        " WHERE ended_at IS NULL AND alive_until < clock_timestamp()"
        " AND cause <> $1 AND starts < $2",
        Cause.COMMAND,
        MAX_STARTS,
    )
    await conn.execute(
        "UPDATE risk.training_run SET ended_at = clock_timestamp(), outcome = 'FAILED',"
        " reason = 'it gave no more sign of life'"
        " WHERE ended_at IS NULL AND alive_until < clock_timestamp()"
    )


async def add_run(conn: Conn, cause: Cause, asked_by: str) -> TrainingRun:
    """Ask for a training; Conflict while another one is open."""
    try:
        rows = await conn.fetch(
            "INSERT INTO risk.training_run (cause, asked_by) VALUES ($1, $2) RETURNING *",
            cause,
            asked_by,
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict("another training of this tenant has just begun") from error
    return to(TrainingRun, rows[0])


async def begin_run(conn: Conn, run_id: UUID) -> TrainingRun:
    rows = await conn.fetch(
        "UPDATE risk.training_run SET started_at = clock_timestamp(), starts = starts + 1,"
        " alive_until = clock_timestamp() + $2 WHERE run_id = $1 AND ended_at IS NULL RETURNING *",
        run_id,
        timedelta(seconds=ALIVE_S),
    )
    return to(TrainingRun, rows[0])


async def touch_run(conn: Conn, run_id: UUID) -> bool:
    """A sign of life; False if the training was ended by somebody else."""
    alive = await conn.fetchval(
        "UPDATE risk.training_run SET alive_until = clock_timestamp() + $2"
        " WHERE run_id = $1 AND ended_at IS NULL RETURNING true",
        run_id,
        timedelta(seconds=ALIVE_S),
    )
    return bool(alive)


async def end_run(
    conn: Conn,
    run_id: UUID,
    outcome: Outcome,
    reason: str | None,
    model: ModelDocument | None = None,
    judgement: Judgement | None = None,
) -> bool:
    """Record how a training ended, once; False if it had ended before."""
    is_open = await conn.fetchval(
        "UPDATE risk.training_run SET ended_at = clock_timestamp(),"
        " started_at = coalesce(started_at, clock_timestamp()), outcome = $2,"
        " reason = $3, version = $4, judgement = $5, figures = $6"
        " WHERE run_id = $1 AND ended_at IS NULL RETURNING true",
        run_id,
        outcome,
        reason,
        model.version if model else None,
        judgement,
        model.metrics if model else {},
    )
    return bool(is_open)


async def set_alias(
    conn: Conn, alias: str, version: str | None, deed: Deed, done_by: str, reason: str | None
) -> None:
    """From now on the alias means this version, or nobody."""
    await conn.execute(
        "INSERT INTO risk.model_alias (alias, version, deed, done_by, reason)"
        " VALUES ($1, $2, $3, $4, $5)",
        alias,
        version,
        deed,
        done_by,
        reason,
    )


async def alias_changes(
    conn: Conn, first: int | None = None, after: str | None = None
) -> Page[AliasChange]:
    """Which model had which role since when and why, newest first."""
    window = paging.window(first, after, datetime, str)
    rows = await conn.fetch(
        "SELECT * FROM risk.model_alias"
        " WHERE $1::timestamptz IS NULL OR (set_at, alias) < ($1, $2::text)"
        " ORDER BY set_at DESC, alias DESC LIMIT $3",
        *window.bounds,
    )
    changes = [to(AliasChange, row) for row in rows]
    return window.page(changes, lambda change: (change.set_at, change.alias))


async def champion_history(conn: Conn) -> list[AliasChange]:
    """Every champion, oldest first."""
    rows = await conn.fetch(
        "SELECT * FROM risk.model_alias WHERE alias = 'champion' ORDER BY set_at"
    )
    return [to(AliasChange, row) for row in rows]


async def alias(conn: Conn, name: str) -> str | None:
    """The version that holds an alias; None if nobody does."""
    version: str | None = await conn.fetchval(
        "SELECT version FROM risk.model_alias WHERE alias = $1 ORDER BY set_at DESC LIMIT 1", name
    )
    return version


async def served_model(conn: Conn) -> ServedModel | None:
    """The champion with its documents as they are stored; None before the first."""
    row = await conn.fetchrow(
        "SELECT version, document, checksum, judged_document FROM risk.model WHERE version = ("
        " SELECT version FROM risk.model_alias WHERE alias = 'champion'"
        " ORDER BY set_at DESC LIMIT 1)"
    )
    return to(ServedModel, row) if row else None


async def model_document(conn: Conn, version: str) -> ModelDocument | None:
    """A model whole, as it was handed over."""
    row = await conn.fetchrow("SELECT * FROM risk.model WHERE version = $1", version)
    return to(ModelDocument, row) if row else None


async def every_days(conn: Conn) -> int | None:
    """Every how many days the tenant's model is trained anew; None: never by itself."""
    row = await conn.fetchrow("SELECT every_days FROM risk.training_schedule")
    return row["every_days"] if row else None


async def schedule(conn: Conn, days: int | None, *, first_time: bool = False) -> bool:
    """Set how often the model is trained anew; with `first_time` only where nothing is set yet."""
    is_new = await conn.fetchval(
        "INSERT INTO risk.training_schedule AS s (every_days) VALUES ($1)"
        " ON CONFLICT (tenant_id) DO UPDATE SET every_days = $1 WHERE NOT $2 RETURNING true",
        days,
        first_time,
    )
    return bool(is_new)


async def put_off(conn: Conn, work_list: WorkList, key: UUID, days: int | None) -> None:
    """Make work due in so many days, unless somebody is at it; None: not before it is asked for."""
    await conn.execute(
        "UPDATE risk.work SET next_at = coalesce(now() + make_interval(days => $3), 'infinity'),"
        " last_error = NULL"
        " WHERE list = $1 AND key = $2 AND lease IS NULL",
        work_list.name,
        key,
        days,
    )


async def served_tenants(conn: Conn) -> list[UUID]:
    """Tenants that have a champion."""
    return [row["tenant_id"] for row in await conn.fetch("SELECT * FROM risk.served_tenants()")]


async def faults(conn: Conn) -> list[Fault]:
    """Models of every tenant that are meant to serve and cannot."""
    rows = await conn.fetch("SELECT * FROM risk.open_faults() ORDER BY tenant_id, noticed_at")
    return [to(Fault, row) for row in rows]


async def champion_document(conn: Conn) -> ChampionDocument | None:
    """The champion with the checksum of its document now; None before the first."""
    row = await conn.fetchrow(
        "SELECT m.version, m.model_id, m.checksum, encode(sha256(m.document), 'hex') AS actual"
        " FROM risk.model AS m WHERE m.version = ("
        " SELECT version FROM risk.model_alias WHERE alias = 'champion'"
        " ORDER BY set_at DESC LIMIT 1)"
    )
    return to(ChampionDocument, row) if row else None


async def in_fault(conn: Conn) -> set[str]:
    """Versions noticed as broken and not mended since."""
    rows = await conn.fetch("SELECT version FROM risk.model_fault WHERE mended_at IS NULL")
    return {row["version"] for row in rows}


async def add_fault(conn: Conn, version: str, at: datetime, why: str, serving: str | None) -> bool:
    """Record that a model cannot be read; False if that was known."""
    is_new = await conn.fetchval(
        "INSERT INTO risk.model_fault (version, noticed_at, why, serving) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (tenant_id, version) WHERE mended_at IS NULL DO NOTHING RETURNING true",
        version,
        at,
        why,
        serving,
    )
    return bool(is_new)


async def mend_faults(conn: Conn, at: datetime, but: str | None = None) -> list[str]:
    """End every fault except that of `but`; answers the versions that were broken until now."""
    rows = await conn.fetch(
        "UPDATE risk.model_fault SET mended_at = $1"
        " WHERE mended_at IS NULL AND version IS DISTINCT FROM $2 RETURNING version",
        at,
        but,
    )
    return [row["version"] for row in rows]
