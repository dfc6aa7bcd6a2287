"""Segment's messages, and the usage events they are."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias
from uuid import uuid4

import msgspec

from services.usage.domain.events import (
    Address,
    Event,
    EventRow,
    ExternalId,
    event,
    fingerprint,
)
from services.usage.domain.people import People
from shared.intake import rows
from shared.intake.json_text import NotJson, items, members
from shared.intake.reader import Reader
from shared.intake.rows import NumberedRow, Receipt, rejection
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
        names = [str(each) for each in (self.user_id, self.anonymous_id) if each not in (None, "")]
        if not names:
            raise InvalidInput("userId", None, "userId or anonymousId")
        return names

    @property
    def group(self) -> str | None:
        """The group the message itself names."""
        group_id = self.group_id or (self.context and self.context.group_id)
        return str(group_id) if group_id not in (None, "") else None

    @property
    def feature(self) -> str:
        """What was used: the event tracked, or `page:` and the page's name or path."""
        if self.type == "track":
            if not self.event:
                raise InvalidInput("event", self.event, "the name of what was done")
            return self.event
        properties = self.properties or {}
        names = (self.name, properties.get("name"), properties.get("path"))
        name = next((each for each in names if isinstance(each, str) and each), "")
        return f"{self.type}:{name}"[:200] if name else f"{self.type}"

    def happened_at(self, received_at: datetime) -> datetime:
        """When it happened by our clock; the sender's may be wrong, but timed the sending too."""
        if self.timestamp is None:
            return received_at
        if self.sent_at is None:
            return _zoned(self.timestamp)
        return _zoned(self.timestamp) + (received_at - _zoned(self.sent_at))


class Shared(msgspec.Struct, rename="camel"):
    """What the body of /v1/batch says for all of its messages."""

    context: Context | None = None
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SegmentRequest:
    """What a request holds: the messages that can be read, and receipts for the others."""

    messages: list[NumberedRow[Message]]
    rejections: list[Receipt]


SHARED = Reader(Shared, zone=UTC, objects=("context",))
MESSAGE = Reader(Message, zone=UTC, objects=("context", "properties"))


def reader(kind: str) -> Callable[[bytes], SegmentRequest]:
    """How the body of `/v1/<kind>` is read; InvalidInput when it cannot be."""

    def read_one(body: bytes) -> SegmentRequest:
        message = MESSAGE.read(body)
        message.type = kind
        return SegmentRequest([NumberedRow(0, _with_id(message, body))], [])

    return read_batch if kind == "batch" else read_one


def read_batch(body: bytes) -> SegmentRequest:
    """Messages of many kinds; one that cannot be read does not stop its neighbours."""
    rows.check_size(body)
    try:
        fields = members(body)
        raws = items(fields.get("batch", b""))
    except NotJson as error:
        raise InvalidInput("body", str(error), "a Segment batch") from error
    if len(raws) > rows.MAX_ROWS:
        raise InvalidInput("body", f"{len(raws)} messages", f"{rows.MAX_ROWS} at most")
    request = SegmentRequest([], [])
    shared = _shared(fields, request)
    for number, raw in enumerate(raws):
        try:
            message = MESSAGE.read(raw)
            message.sent_at = message.sent_at or shared.sent_at
            message.context = message.context or shared.context
            if message.type not in KINDS:
                raise InvalidInput("type", message.type, ", ".join(KINDS))
            request.messages.append(NumberedRow(number, _with_id(message, raw)))
        except InvalidInput as error:
            request.rejections.append(rejection(number, error, rows.id_of(raw, "messageId")))
    return request


def _shared(fields: Mapping[str, bytes], request: SegmentRequest) -> Shared:
    """What holds for all messages; what of it cannot be read is listed and left out."""
    shared = Shared()
    for name in ("context", "sentAt"):
        try:
            read = SHARED.read(b'{"%s":%s}' % (name.encode(), fields.get(name, b"null")))
        except InvalidInput as error:
            error.field = name if error.field == "row" else error.field
            request.rejections.append(rejection(len(request.rejections), error))
            continue
        shared.context = shared.context or read.context
        shared.sent_at = shared.sent_at or read.sent_at
    return shared


def _with_id(message: Message, raw: bytes) -> Message:
    """A message without an id is known by its bytes if they tell its time, so that it counts once
    when sent again; without either it is a new one each time."""
    if not message.message_id:
        is_dated = message.timestamp is not None
        message.message_id = hashlib.sha256(raw).hexdigest() if is_dated else uuid4().hex
    return message


def usage(message: Message, received_at: datetime) -> Event:
    """A track, page or screen as a usage event of its user; InvalidInput names what is wrong.

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
        external_id=ExternalId(USER, member),
        properties=message.properties,
    )
    said_at = _zoned(message.timestamp) if message.timestamp else UNTIMED
    plain = event(row)
    return msgspec.structs.replace(plain, body=fingerprint(row, said_at, plain.properties))


def with_group(event: Event, group: str | None) -> Event:
    """The event with the account it names: its person's group; it waits for one until then."""
    if group is None:
        return event
    return msgspec.structs.replace(event, address=Address(external=ExternalId(GROUP, group)))


def waits(event: Event) -> bool:
    """Whether the event's person is in no group."""
    return event.address.external is not None and event.address.external.source == USER


def _zoned(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def learn(message: Message, people: People) -> None:
    """Names that a message says together are of one person; a group call says where it belongs."""
    name, *others = message.members
    if message.type == "group" and message.group is None:
        raise InvalidInput("groupId", None, "the group's id")
    for other in others:
        people.join(name, other, "anonymousId")
    if message.type == "alias" and message.previous_id not in (None, ""):
        people.join(name, str(message.previous_id), "previousId")
    if message.type == "group" and message.group is not None:
        people.move(name, message.group)


def names(messages: list[NumberedRow[Message]]) -> list[str]:
    """Everyone whom the messages name."""
    return sorted(
        {
            str(name)
            for message in (each.row for each in messages)
            for name in (message.user_id, message.anonymous_id, message.previous_id)
            if name not in (None, "")
        }
    )
