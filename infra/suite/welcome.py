"""What a newcomer reads once everything is up: where, with which key, and what to try."""

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

FIRST_QUERY = Path(__file__).with_name("first_query.graphql")


def welcome(address: str, keys: Mapping[str, str]) -> Iterator[str]:
    """Line by line; `keys` are those not yet shown, by tenant."""
    yield f"  In the browser:   {address}/"
    yield f"  For applications: {address}/graphql"
    for tenant, key in keys.items():
        yield f"  Key of the tenant '{tenant}', shown this once: {key}"
    if not keys:
        yield "  Your key works as before; `tenure keys create` makes another."
    yield "\nA first query, the contracts most at risk:\n"
    yield first_query(address, next(iter(keys.values()), "$TENURE_KEY"))
    tenant = next(iter(keys), "demo")
    yield "\nThree things to try next, in another terminal:\n"
    yield f"  tenure report --tenant {tenant}    how good the forecast is, as a page to look at"
    yield f"  tenure keys create --tenant {tenant} --scope ingest    a key that can only send rows;"
    yield "      docs/api-ingest.md shows which, and the next score follows within seconds"
    yield "  tenure fit data/telco.csv --help    the same forecast from a table of your own"
    yield "\n`tenure status` shows what is up, `tenure logs NAME` what a process wrote."
    yield "Ctrl-C stops everything; the data stay."


def first_query(address: str, key: str) -> str:
    """A command that asks the first question, ready to be pasted into a shell."""
    query = " ".join(FIRST_QUERY.read_text().split())
    body = json.dumps({"query": query})
    return (
        f'curl -s {address}/graphql -H "Authorization: Bearer {key}" '
        f"-H 'Content-Type: application/json' -d {shlex.quote(body)}"
    )
