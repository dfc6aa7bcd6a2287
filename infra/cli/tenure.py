"""The command `tenure`; each part is loaded only when it is asked for."""

import importlib
import sys
from typing import Any

import click

from infra.supervising.errors import StartError
from shared.vocabulary.errors import Refusal

# name → where the command is, and the line shown by `tenure --help`
COMMANDS = {
    "up": ("infra.cli.up:up", "Start everything, with demo data and a forecast."),
    "status": ("infra.cli.status:status", "Show what is up, and the memory it takes."),
    "logs": ("infra.cli.logs:logs", "Show what the processes wrote."),
    "migrate": ("infra.cli.migrate:migrate", "Bring the database up to date."),
    "backup": ("infra.cli.backup:backup", "Write everything that is kept into one file."),
    "restore": ("infra.cli.backup:restore", "Make an installation from a backup."),
    "keys": ("infra.cli.keys:keys", "Make, list and revoke API keys."),
    "work": ("infra.cli.work:work", "Show what was given up, and try it again."),
    "import": ("infra.cli.importing:importing", "Load data of your own, or the Telco sample."),
    "export": ("ml.cli.export:export", "Write events to Parquet files, day by day."),
    "simulate": ("infra.cli.simulate:simulate", "Load a simulated company with known truth."),
    "replay": ("infra.cli.replay:replay", "Make served scores again, byte for byte."),
    "train": ("ml.cli.train:train", "Fit, judge and publish a forecast."),
    "report": ("ml.cli.report:report", "Write the report of a model, or its card."),
    "promote": ("ml.cli.models:promote", "Let another version of the forecast serve."),
    "models": ("ml.cli.models:models", "Which model serves: list, promote, roll back."),
    "fit": ("ml.cli.fit:fit", "Fit the forecast to a table of your own."),
    "score": ("ml.cli.score:score", "Score new rows with a model fitted to a table."),
    "backtest": ("ml.cli.backtest:backtest", "Judge past forecasts by what happened."),
    "evaluate": ("infra.cli.trial:evaluate", "Judge the forecast on data it has never seen."),
}


class Lazy(click.Group):
    """Knows its commands by name and imports them when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """What a person can put right is one sentence and code 2, never a traceback."""
        try:
            return super().invoke(ctx)
        except (StartError, Refusal) as error:
            click.echo(f"tenure: {error}", err=True)
            sys.exit(2)


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tenure", message="tenure %(version)s")
def main() -> None:
    """Which contracts will not renew, why, and early enough to act.

    \b
    tenure up                       start everything
    tenure status                   what is up (in another terminal)
    tenure logs NAME                what a process wrote
    tenure keys create --tenant demo --scope read
    tenure COMMAND --help           what a command does, with examples
    """
