"""Segment's messages, and the usage events they are."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias
from uuid import uuid4

import msgspec

from services.usage.domain.events import Event, EventRow, ExternalId, event, fingerprint
from shared.intake import rows
from shared.intake.rows import Numbered, Receipt, rejected
from shared.vocabulary.errors import InvalidInput

KINDS = ("track", "identify", "group", "page", "screen", "alias")
ROUTES = (*KINDS, "batch")
GROUP = "segment"
"""The source of the external ids by which groups are accounts."""
USER = "segment:user"
"""The source under which events wait whose user is in no group yet."""
UNTIMED = datetime(1970, 1, 1, tzinfo=UTC)

Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=200)]
Id: TypeAlias = Text | Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class Context(msgspec.Struct, rename="camel"):
    """Of all that Segment says about the circumstances, what we use."""

    group_id: Id | None = None


class Message(msgspec.Struct, rename="camel"):
    """One call of an analytics library; what is not named here is not used."""

    type: str | None = None
    message_id: Text | None = None
    user_id: Id | None = None
    anonymous_id: Id | None = None
    previous_id: Id | None = None
    group_id: Id | None = None
    event: Text | None = None
    name: Text | None = None
    properties: dict[str, Any] | None = None
    context: Context | None = None
    timestamp: datetime | None = None
    sent_at: datetime | None = None

    @property
    def members(self) -> list[str]:
        """Who acted: the user before the anonymous visitor; InvalidInput when neither is named."""
        given = [str(each) for each in (self.user_id, self.anonymous_id) if each not in (None, "")]
        if not given:
            raise InvalidInput("userId", None, "userId or anonymousId")
        return given

    @property
    def group(self) -> str | None:
        """The group the message itself names."""
        given = self.group_id or (self.context and self.context.group_id)
        return str(given) if given not in (None, "") else None

    @property
    def feature(self) -> str:
        """What was used: the event tracked, or `page:` and the page's name or path."""
        if self.type == "track":
            if not self.event:
                raise InvalidInput("event", self.event, "the name of what was done")
            return self.event
        told = self.properties or {}
        names = (self.name, told.get("name"), told.get("path"))
        name = next((each for each in names if isinstance(each, str) and each), "")
        return f"{self.type}:{name}"[:200] if name else f"{self.type}"

    def happened_at(self, received_at: datetime) -> datetime:
        """When it happened by our clock; the sender's may be wrong, but timed the sending too."""
        if self.timestamp is None:
            return received_at
        if self.sent_at is None:
            return _zoned(self.timestamp)
        try:
            return _zoned(self.timestamp) + (received_at - _zoned(self.sent_at))
        except OverflowError as error:
            raise InvalidInput(
                "timestamp", self.timestamp.isoformat(), "a likely moment"
            ) from error


class Envelope(msgspec.Struct, rename="camel"):
    """The body of /v1/batch."""

    batch: list[msgspec.Raw]
    context: Context | None = None
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What a request holds: the messages that can be read, and receipts for the others."""

    messages: list[Numbered[Message]]
    refused: list[Receipt]


ENVELOPE = msgspec.json.Decoder(Envelope)
MESSAGE = msgspec.json.Decoder(Message)


def reader(kind: str) -> Callable[[bytes], Sent]:
    """How the body of `/v1/<kind>` is read; InvalidInput when it cannot be."""

    def read_one(body: bytes) -> Sent:
        message = rows.decoded(body, MESSAGE)
        message.type = kind
        return Sent([Numbered(0, _named(message, body))], [])

    return read_batch if kind == "batch" else read_one


def read_batch(body: bytes) -> Sent:
    """Messages of many kinds; one that cannot be read does not stop its neighbours."""
    rows.bounded(body)
    try:
        envelope = ENVELOPE.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput("body", f"{len(body)} bytes", f"a Segment batch ({error})") from error
    if len(envelope.batch) > rows.ROWS_MOST:
        raise InvalidInput("body", f"{len(envelope.batch)} messages", f"{rows.ROWS_MOST} at most")
    sent = Sent([], [])
    for number, raw in enumerate(envelope.batch):
        try:
            message = rows.decoded(bytes(raw), MESSAGE)
            message.sent_at = message.sent_at or envelope.sent_at
            message.context = message.context or envelope.context
            if message.type not in KINDS:
                raise InvalidInput("type", message.type, ", ".join(KINDS))
            sent.messages.append(Numbered(number, _named(message, bytes(raw))))
        except InvalidInput as error:
            sent.refused.append(rejected(number, error, rows.id_of(bytes(raw), "messageId")))
    return sent


def _named(message: Message, raw: bytes) -> Message:
    """A message without an id is known by its bytes if they tell its time, so that it counts once
    when sent again; without either it is a new one each time."""
    if not message.message_id:
        known = message.timestamp is not None
        message.message_id = hashlib.sha256(raw).hexdigest() if known else uuid4().hex
    return message


def usage(message: Message, group: str | None, received_at: datetime) -> Event:
    """A track, page or screen as a usage event; InvalidInput names what is wrong.

    Sent again it comes with another clock correction, so the sender's own time tells whether it is
    the same.
    """
    member = message.members[0]
    row = EventRow(
        id=message.message_id or "",
        source="segment",
        feature=message.feature,
        member_id=member,
        occurred_at=message.happened_at(received_at),
        recorded_at=received_at,
        external_id=ExternalId(GROUP, group) if group else ExternalId(USER, member),
        properties=message.properties,
    )
    said_at = _zoned(message.timestamp) if message.timestamp else UNTIMED
    made = event(row)
    return msgspec.structs.replace(made, body=fingerprint(row, said_at, made.properties))


def _zoned(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Groups:
    """Who belongs to which group, as messages change it one after the other."""

    def __init__(self, known: dict[str, str]) -> None:
        self._known = known
        self._now = dict(known)

    @property
    def changed(self) -> dict[str, str]:
        """Users whose group became another."""
        return {who: group for who, group in self._now.items() if self._known.get(who) != group}

    def group_of(self, message: Message) -> str | None:
        """The account's name for a message: what it says itself, else its user's group."""
        found = [self._now[each] for each in message.members if each in self._now]
        return message.group or (found[0] if found else None)

    def learn(self, message: Message) -> None:
        """A group call says where its users belong; identify and alias join two names of one."""
        if message.type == "group":
            if message.group is None:
                raise InvalidInput("groupId", None, "the group's id")
            self._now.update(dict.fromkeys(message.members, message.group))
        elif message.type in ("identify", "alias"):
            names = message.members + _former(message)
            found = [self._now[name] for name in names if name in self._now]
            for name in names if found else []:
                self._now.setdefault(name, found[0])


def _former(message: Message) -> list[str]:
    return [str(message.previous_id)] if message.previous_id not in (None, "") else []


def names(messages: list[Numbered[Message]]) -> list[str]:
    """Everyone whom the messages name."""
    found: set[str] = set()
    for each in messages:
        given = (each.row.user_id, each.row.anonymous_id, each.row.previous_id)
        found |= {str(name) for name in given if name not in (None, "")}
    return sorted(found)
