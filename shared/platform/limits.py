"""How much may be under way at once: every limit of the suite, as docs/operations.md lists them."""

from typing import Final

from shared.platform.gates import Limit

MIB: Final = 1024 * 1024

# At the gateway.
GRAPH_REQUESTS = Limit("requests to the graph", whole=1_024, tenant=256, key=192)
OPERATIONS = Limit("operations of the graph", whole=16, tenant=4, key=3)
"""Of those requests so many are carried out; the others wait for their turn."""
SUBSCRIPTIONS = Limit("subscriptions and long polls", whole=1_024, tenant=200, key=100)
SOCKETS = Limit("WebSockets", whole=1_024, tenant=200, key=100)
FORWARDED_BATCHES = Limit("batches", whole=64, tenant=24, key=16)

# At each service.
BATCHES = Limit("batches", whole=40, tenant=20, key=16)
BATCH_BYTES = Limit("bytes of batches", whole=128 * MIB, tenant=64 * MIB, key=48 * MIB)
"""At the gateway as well."""
LARGE_BODIES = Limit("large bodies", whole=2, tenant=1, key=1)
"""Read beside the loop; the others wait for their turn."""
TRANSACTIONS = Limit("transactions", whole=8, tenant=4, key=4)
"""On the connections to the database; the others wait for their turn."""
OWN_CONNECTIONS: Final = 3
"""Connections of a process that no caller gets: for its own loops."""

# Of whoever is unknown: how many at once, and for how many seconds.
HEADS: Final = (512, 5.0)
"""Connections whose request has not come whole, up to the body."""
STALLED: Final = (512, 30.0)
"""Connections that do not read what we answer."""
SOCKETS_BEFORE_INIT: Final = (128, 3.0)
KEYLESS_BODIES: Final = (64, 5.0)
"""Batches whose key is in the body."""
MAX_KEYLESS_BYTES: Final = MIB
UNKNOWN_KEYS = Limit("keys looked up for the first time", whole=2, tenant=2, key=2)
"""The others wait for their turn; a key that is in use does not wait behind them."""
