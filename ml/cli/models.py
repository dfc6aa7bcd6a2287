"""`tenure models`: which model serves, why, and how to change that."""

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

import click
import msgspec
from rich.console import Console
from rich.table import Table

from ml.cli.caller import calling, whose
from shared.platform.auth import Principal
from shared.platform.config import Settings
from shared.process.rpc import Call, Rpc, remote
from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.model_document import Judgement

T = TypeVar("T")
AnyDict = dict[str, Any]


class Ask(Protocol):
    """Calls a function of risk for the tenant."""

    def __call__(self, name: str, /, **arguments: Any) -> Awaitable[Any]:
        """The answer as plain values."""
        ...


class _Paged(msgspec.Struct):
    items: list[AnyDict]


@click.group()
def models() -> None:
    """Which model serves, how it was judged, and how to let another one serve.

    The champion scores; the challenger is what the gate last refused. Workers follow within a
    second, without a restart, and score every account anew. Everything must be running
    (`tenure up`).
    """


@models.command("list")
@whose("ml")
def list_(tenant: str | None, key: str | None) -> None:
    """List the newest 25 models: roles, data, figures on held-out accounts.

    \b
    Example:
      tenure models list --tenant demo
    """
    versions = _answer(tenant, key, lambda ask: ask("risk.models.models")).items
    for model in versions:
        roles = ",".join(model["aliases"]) or "-"
        figures = "  ".join(f"{k} {v:.3f}" for k, v in sorted(model["metrics"].items()))
        click.echo(
            f"{model['version']}  {roles:<10}  trained {_day(model['trained_at'])}  "
            f"{model['accounts']:,} accounts, {model['events']:,} lost  {figures}"
        )
    if not versions:
        click.echo("There is no model yet; `tenure train` makes one.")


@models.command()
@click.argument("version")
@whose("ml")
def show(version: str, tenant: str | None, key: str | None) -> None:
    """Show one model: where it comes from, what the gate said, who let it serve when.

    \b
    Example:
      tenure models show 2026-11-22-0a1b2c3d4e5f --tenant demo
    """

    async def answers(ask: Ask) -> tuple[Any, Any, Any]:
        return (
            (await ask("risk.models.model_versions", versions=[version])).get(version),
            (await ask("risk.release.judgements", versions=[version])).get(version),
            (await ask("risk.release.alias_changes", first=100)).items,
        )

    model, judgement, changes = _answer(tenant, key, answers)
    if model is None:
        raise InvalidInput("VERSION", version, "a version that `tenure models list` shows")
    for name in ("version", "aliases", "checksum", "trained_at", "data_from", "data_to"):
        click.echo(f"{name:<12} {model[name]}")
    click.echo(f"{'features':<12} {', '.join(model['features'])}")
    for change in changes:
        if change["version"] == version:
            click.echo(f"{_day(change['set_at'])}  {_deed(change)}")
    if judgement is None:
        click.echo("The gate never judged it.")
    else:
        print_judgement(msgspec.convert(judgement, Judgement), Console())


@models.command()
@click.argument("version")
@click.option("--reason", help="Why; kept in the history.")
@whose("ml")
def promote(version: str, reason: str | None, tenant: str | None, key: str | None) -> None:
    """Let this version serve from now on, even if the gate refused it.

    \b
    Example:
      tenure models promote 2026-11-22-0a1b2c3d4e5f --tenant demo --reason "calibrated by hand"
    """
    model = _answer(
        tenant,
        key,
        lambda ask: ask("risk.models.promote", version=version, reason=reason),
    )
    click.echo(f"{model['version']} serves; every account is scored anew.")


@models.command()
@click.option("--reason", help="Why; kept in the history.")
@whose("ml")
def rollback(reason: str | None, tenant: str | None, key: str | None) -> None:
    """Let the champion before the present one serve again; twice goes two back.

    \b
    Example:
      tenure models rollback --tenant demo --reason "sales report odd scores"
    """
    model = _answer(tenant, key, lambda ask: ask("risk.release.rollback", reason=reason))
    click.echo(f"{model['version']} serves again; every account is scored anew.")


@models.command()
@whose("ml")
def history(tenant: str | None, key: str | None) -> None:
    """Show who was champion and challenger since when, by whose deed and why.

    \b
    Example:
      tenure models history --tenant demo
    """
    changes = _answer(tenant, key, lambda ask: ask("risk.release.alias_changes", first=100))
    for change in changes.items:
        version = change["version"] or "nobody"
        click.echo(f"{_day(change['set_at'])}  {change['alias']:<10}  {version}  {_deed(change)}")


@models.command()
@whose("ml")
def runs(tenant: str | None, key: str | None) -> None:
    """Show the newest trainings and how they ended.

    \b
    Example:
      tenure models runs --tenant demo
    """
    training_runs = _answer(tenant, key, lambda ask: ask("risk.release.training_runs")).items
    for run in training_runs:
        outcome = run["outcome"] or ("RUNNING" if run["started_at"] else "WAITING")
        took = _took(run)
        because = f"  {run['reason']}" if run["reason"] else ""
        click.echo(
            f"{_day(run['asked_at'])}  {run['cause']:<9}  {outcome:<9}  {took:>7}  "
            f"{run['version'] or '-'}{because}"
        )
    if not training_runs:
        click.echo("Nothing was trained yet; `tenure train` does it.")


@models.command()
@click.option("--every", "every_days", type=click.IntRange(1, 365), help="Days between trainings.")
@click.option("--off", is_flag=True, help="Never train by itself.")
@whose("ml")
def schedule(every_days: int | None, off: bool, tenant: str | None, key: str | None) -> None:
    """Set how often the worker trains anew; without options, show it.

    A model trained by itself serves only if it passes the gate.

    \b
    Examples:
      tenure models schedule --tenant demo
      tenure models schedule --tenant demo --every 7
      tenure models schedule --tenant demo --off
    """
    if off and every_days is not None:
        raise InvalidInput("--off", "with --every", "one of the two")
    if off or every_days is not None:
        days = _answer(
            tenant,
            key,
            lambda ask: ask("risk.release.set_schedule", every_days=every_days),
        )
    else:
        days = _answer(tenant, key, lambda ask: ask("risk.release.every_days"))
    click.echo(f"Trained anew every {days} days." if days else "Never trained by itself.")


@models.command()
@whose("ml")
def sync(tenant: str | None, key: str | None) -> None:
    """Bring MLflow up to date: trainings, versions, aliases. The worker does so by itself.

    MLflow's database lies in `<data folder>/mlflow`, or where TENURE_MLFLOW_URL says.

    \b
    Example:
      tenure models sync --tenant demo
    """
    mirror = importlib.import_module("ml.cli.mirror").mirror  # slow to load, so only here

    async def run() -> int:
        async with calling(tenant, key, "ml") as (rpc, principal):
            return await mirror(rpc, principal, Settings.from_env())

    click.echo(f"{asyncio.run(run())} trainings written down; the aliases agree.")


def _answer(tenant: str | None, key: str | None, of: Callable[[Ask], Awaitable[T]]) -> T:
    """What risk answers for the tenant."""

    async def run() -> T:
        async with calling(tenant, key, "ml") as (rpc, principal):
            return await of(_asker(rpc, principal))

    return asyncio.run(run())


def _asker(rpc: Rpc, principal: Principal) -> Ask:
    def ask(name: str, /, **arguments: Any) -> Awaitable[Any]:
        returns = _Paged if name.endswith(("models", "changes", "runs")) else Any
        return rpc.send(principal, Call(remote(name, returns), arguments))

    return ask


def print_judgement(judgement: Judgement, console: Console) -> None:
    """The comparison, one row a rule."""
    against = judgement.champion or "no champion yet"
    title = f"{judgement.accounts:,} held-out accounts, {judgement.lost:,} lost; against {against}"
    grid = Table("rule", "demands", "candidate", "champion", "", title=title)
    for rule in judgement.rules:
        verdict = "pass" if rule.passed else "FAIL"
        grid.add_row(
            rule.name, rule.demands, _figure(rule.candidate), _figure(rule.champion), verdict
        )
    console.print(grid)
    for note in judgement.notes:
        console.print(note)


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _deed(change: AnyDict) -> str:
    because = f": {change['reason']}" if change["reason"] else ""
    return f"{change['deed'].lower().replace('_', ' ')} by {change['done_by']}{because}"


def _day(moment: object) -> str:
    return str(moment)[:16].replace("T", " ")


def _took(run: AnyDict) -> str:
    if not (run["started_at"] and run["ended_at"]):
        return "-"
    return f"{(run['ended_at'] - run['started_at']).total_seconds():.0f} s"
