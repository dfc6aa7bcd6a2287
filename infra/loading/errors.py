"""Why rows cannot be loaded, as one sentence for whoever typed the command."""

from infra.supervising.errors import StartError


class LoadError(StartError):
    """The load stops: what is wrong, where, and what to do about it."""
