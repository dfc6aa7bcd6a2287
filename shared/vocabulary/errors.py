"""The refusals a caller may expect; anything else is a bug and stays masked."""

import json
from typing import ClassVar

RETRY_AFTER_S = 1
"""When somebody who was refused for now may come again."""


class Refusal(Exception):
    """A refusal with a code that survives the way to the client."""

    code: ClassVar[str] = "INTERNAL"

    @property
    def extensions(self) -> dict[str, str]:
        """What GraphQL puts beside the message."""
        return {"code": self.code}


class NotFound(Refusal):
    """The thing asked for does not exist for this tenant."""

    code: ClassVar[str] = "NOT_FOUND"


class NotPermitted(Refusal):
    """The caller lacks the scope."""

    code: ClassVar[str] = "NOT_PERMITTED"


class NotSignedIn(NotPermitted):
    """Nobody we know asks: there is no key, or it is unknown or revoked."""


class Conflict(Refusal):
    """The deed contradicts what is already recorded."""

    code: ClassVar[str] = "CONFLICT"


class InvalidInput(Refusal):
    """A value that is not allowed: names the field, the value and what is allowed."""

    code: ClassVar[str] = "INVALID_INPUT"

    def __init__(self, field: str, value: object = None, allowed: str = "") -> None:
        self.field = field
        self.value = clip(value)
        self.allowed = allowed
        super().__init__(
            f"{field}: {self.value} is not allowed; allowed: {allowed}" if allowed else field
        )

    @property
    def extensions(self) -> dict[str, str]:
        """The code, and the field that it is about."""
        return super().extensions | {"field": self.field}


class ServiceUnavailable(Refusal):
    """A service did not answer in time or at all; asking again later may help."""

    code: ClassVar[str] = "SERVICE_UNAVAILABLE"


class OverShare(Refusal):
    """The caller has as much under way as one tenant or key may have; others are served."""

    code: ClassVar[str] = "TOO_MANY_REQUESTS"


BY_CODE: dict[str, type[Refusal]] = {
    kind.code: kind
    for kind in (NotFound, NotPermitted, Conflict, InvalidInput, ServiceUnavailable, OverShare)
}


def refusal(code: str, message: str, field: str = "") -> Refusal:
    """The refusal a remote service named by its code, as it was raised there."""
    kind = BY_CODE.get(code, Refusal)
    if kind is InvalidInput:
        error = InvalidInput(field or message)
        error.args = (message,)
        return error
    return kind(message)


def clip(value: object, length: int = 80) -> str:
    """A value as it may stand in a message: printable and short."""
    try:
        text = _written(value)
    except RecursionError:
        text = "a value that is nested too deep"
    except ValueError:
        text = "a number of very many digits"
    return text if len(text) <= length else text[: length - 1] + "…"


def _written(value: object) -> str:
    """Text between quotes, what JSON can say as JSON says it."""
    match value:
        case str():
            return ascii(value)
        case None | bool() | dict() | list():
            return json.dumps(value, default=str)
        case _:
            return str(value)
