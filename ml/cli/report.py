"""`tenure report`: a model's report, or its card, as it was made at training."""

import asyncio
from pathlib import Path
from typing import Any

import click

from ml.cli.caller import calling, whose
from ml.cli.paths import FILE
from shared.process.rpc import Call, remote
from shared.vocabulary.errors import NotFound


@click.command()
@click.argument("version", required=False)
@whose("read")
@click.option("--card", is_flag=True, help="The model card in Markdown, on the terminal.")
@click.option("--out", type=FILE, help="Where to write the page; VERSION.html if not given.")
def report(
    version: str | None, tenant: str | None, key: str | None, card: bool, out: Path | None
) -> None:
    """Write the report of a model, by default of the champion, as one page of HTML.

    \b
    Examples:
      tenure report --tenant demo
      tenure report 2026-11-21-3f2a… --tenant demo --out report.html
      tenure report --tenant demo --card
    """
    name, page, words = asyncio.run(_documents(version, tenant, key))
    if card:
        click.echo(words)
        return
    path = out or Path(f"{name}.html")
    path.write_bytes(page)
    click.echo(f"Wrote {path}")


async def _documents(
    version: str | None, tenant: str | None, key: str | None
) -> tuple[str, bytes, str]:
    async with calling(tenant, key, "read") as (rpc, principal):

        async def ask(name: str, returns: Any, **arguments: Any) -> Any:
            return await rpc.send(principal, Call(remote(name, returns), arguments))

        if version is None:
            champion = await ask("risk.models.champion", dict[str, Any] | None)
            if champion is None:
                raise NotFound("there is no champion yet; `tenure train` makes one")
            version = str(champion["version"])
        page = await ask("risk.report.report_page", bytes | None, version=version)
        if page is None:
            raise NotFound(f"there is no report of model {version}")
        cards = await ask("risk.report.cards", dict[str, dict[str, Any]], versions=[version])
    return version, page, str(cards[version]["card"])
