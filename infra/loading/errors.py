"""Why rows cannot be loaded, as one sentence for whoever typed the command."""


class LoadError(Exception):
    """The load stops: what is wrong, where, and what to do about it."""
