"""A request's context at the gateway: also knows how places in the log are sealed."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from graph.cursor import Cursors
from graph.gates import Gates
from shared.graphql.context import Context
from shared.platform.db import Database


@dataclass(kw_only=True)
class GraphContext(Context):
    """What resolvers of the gateway itself need besides."""

    cursors: Cursors
    gates: Gates = field(default_factory=Gates)
    socket: ExitStack = field(default_factory=ExitStack)
    """What a WebSocket holds until it closes."""
    access: Database
    """Tenants and API keys: the only tables that the gateway itself reads."""
    connection_params: Mapping[str, Any] | None = None
    """The payload of connection_init, on a WebSocket."""
    authorization: str | None = None
    """The header that came with the request; a WebSocket may sign in without one."""
