"""Time zones by their names in the IANA database."""

from functools import cache
from zoneinfo import available_timezones

from shared.vocabulary.errors import InvalidInput


@cache
def names() -> frozenset[str]:
    """Every name; reading them takes a while, and they do not change while we run."""
    return frozenset(available_timezones())


def check_time_zone(name: str, field: str = "timeZone") -> str:
    """The name, if there is such a zone; InvalidInput otherwise."""
    if name not in names():
        raise InvalidInput(field, name, "a name of the IANA database, as Europe/Berlin or UTC")
    return name
