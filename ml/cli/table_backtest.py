"""`tenure backtest --data`: rolling origin on a table of one's own."""

import json
from pathlib import Path

from rich.console import Console

from ml.cli.bars import bars
from ml.cli.evaluate import OURS, tell
from ml.cli.figures import grid, plain
from ml.table import rivals
from ml.table.judge import ours
from ml.table.rolling import backtest
from ml.table.table import Table


def table_backtest(table: Table, origins: int, seed: int, out: Path | None) -> None:
    """Judge ours and a plain Cox model at each origin; show the means, write every figure."""
    console = Console()
    models = {OURS: ours, **rivals.PLAIN}
    with bars(console) as progress:
        task = progress.add_task("origins", total=origins * len(models))
        judgement = backtest(
            table,
            models,
            origins,
            seed=seed,
            progress=lambda text: progress.update(task, description=text[:28], advance=1),
        )
        progress.update(task, completed=origins * len(models))
    reached = len(next(iter(judgement[OURS].values())))
    console.print(
        grid(f"{table.name}, {reached} origins, fitted to what was known by each", judgement)
    )
    tell(console, table)
    if out is not None:
        out.write_text(json.dumps(plain(table, judgement), indent=1) + "\n", encoding="utf-8")
        console.print(f"wrote {out}", highlight=False)
