"""The gateway's places: how much of everything one tenant, one key and the unknown may take."""

from shared.platform.gates import Gate, Room
from shared.platform.limits import (
    GRAPH_REQUESTS,
    KEYLESS_BODIES,
    OPERATIONS,
    SOCKETS,
    SOCKETS_BEFORE_INIT,
    SUBSCRIPTIONS,
)


class Gates:
    """What all ways into the gateway share."""

    def __init__(self) -> None:
        self.requests = Gate(GRAPH_REQUESTS)
        self.operations = Gate(OPERATIONS)
        self.subscriptions = Gate(SUBSCRIPTIONS)
        self.sockets = Gate(SOCKETS)
        self.before_init = Room(*SOCKETS_BEFORE_INIT)
        self.keyless = Room(*KEYLESS_BODIES)
