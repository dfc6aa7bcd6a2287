"""A request's context at the gateway: also knows how places in the log are sealed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graph.cursor import Cursors
from shared.graphql.context import Context
from shared.platform.db import Database


@dataclass(kw_only=True)
class GraphContext(Context):
    """What resolvers of the gateway itself need besides."""

    cursors: Cursors
    access: Database
    """Tenants and API keys: the only tables that the gateway itself reads."""
    connection_params: Mapping[str, Any] | None = None
    """The payload of connection_init, on a WebSocket."""
    authorization: str | None = None
    """The header that came with the request; a WebSocket may sign in without one."""
