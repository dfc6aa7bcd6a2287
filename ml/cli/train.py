"""`tenure train`: fit a forecast to a tenant's history, judge it, publish it."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import click
from rich.console import Console
from rich.progress import Progress, TaskID

from ml.cli.bars import bars
from ml.cli.caller import calling, whose
from ml.cli.models import print_judgement
from ml.training.origins import DEFAULT
from ml.training.release import CandidateRefused, Released
from ml.training.train import Training
from shared.platform.auth import Principal
from shared.process.rpc import Rpc
from shared.vocabulary.errors import Refusal


@click.command()
@whose("ml")
@click.option("--seed", default=0, show_default=True, help="Decides the folds of the fit.")
@click.option(
    "--force",
    metavar="REASON",
    help="Let the model serve even if a rule does not hold, and say why; a key needs admin.",
)
@click.option(
    "--with-post-decision",
    is_flag=True,
    help="Learn from signals, too, that may follow the decision to leave (docs/signals.md).",
)
@click.option(
    "--origins",
    type=click.IntRange(0, 24),
    default=DEFAULT,
    show_default=True,
    help="Days that have passed at which the report tries the recipe, three months apart.",
)
def train(
    tenant: str | None,
    key: str | None,
    seed: int,
    force: str | None,
    with_post_decision: bool,
    origins: int,
) -> None:
    """Fit a forecast to a tenant's history, judge it on held-out accounts, publish it.

    It serves only if it is calibrated and no worse than the champion on the same accounts;
    otherwise it is kept as challenger, the comparison is shown, the exit code is 2 and the model
    that serves goes on serving. Everything must be running (`tenure up`).

    \b
    Examples:
      tenure train --tenant demo
      tenure train --tenant demo --force "new segments, compared by hand"
      tenure train --tenant demo --origins 8
      tenure models runs --tenant demo
    """
    console = Console()
    try:
        with bars(console) as progress:
            begin = partial(
                Training,
                now=datetime.now(UTC),
                step=Steps(progress),
                with_post_decision=with_post_decision,
                origins=origins,
            )
            released = asyncio.run(_train(tenant, key, seed, force, begin))
    except CandidateRefused as error:
        print_judgement(error.released.judgement, console)
        raise
    print_judgement(released.judgement, console)
    model = released.model
    console.print(
        f"{released.outcome.capitalize()} {model.version}: {model.accounts:,} accounts, "
        f"{model.events:,} of them lost, {model.data_from} to {model.data_to}; "
        f"on held-out accounts {_figures(model.metrics)}",
        highlight=False,
        soft_wrap=True,
    )


def _figures(metrics: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in metrics.items())


class Steps:
    """A bar for each thing that training does; what is done again may be more or less of it."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, name: str, done: int, total: int) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=total)
        self._progress.update(self._tasks[name], completed=done, total=total)


async def _train(
    tenant: str | None,
    key: str | None,
    seed: int,
    force: str | None,
    begin: Callable[[Rpc, Principal], Training],
) -> Released:
    async with calling(tenant, key, "ml" if force is None else "admin") as (rpc, principal):
        return await released(begin(rpc, principal), seed, None, force)


async def released(
    training: Training, seed: int, run_id: UUID | None, force: str | None
) -> Released:
    """Train; asked to end, say on record that it did."""
    task = asyncio.current_task()
    if task is not None:
        with contextlib.suppress(NotImplementedError):  # a loop that cannot hear signals
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await training.release(seed, run_id=run_id, force=force)
    except asyncio.CancelledError as error:
        raise Refusal("the training was ended before it was done") from error
