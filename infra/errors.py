"""Why Tenure cannot start, as one sentence for whoever typed the command."""


class CannotStart(Exception):
    """One clear sentence: what is wrong, where, and which setting changes it."""
