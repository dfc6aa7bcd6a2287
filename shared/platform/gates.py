"""Places in what is shared and bounded: for each tenant and key a share, for the unknown a room."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Callable, Generator, Hashable
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from shared.vocabulary.errors import RETRY_AFTER_S, OverShare, ServiceUnavailable

Names: TypeAlias = tuple[tuple[Hashable, ...], ...]
"""Nobody in particular, the tenant, the tenant with its key: each has its own count."""
WHOSE = ("of all callers", "of your tenant", "of this key")


@dataclass(frozen=True, slots=True)
class Limit:
    """How much of something may be under way: of all, of one tenant, and of one key."""

    what: str
    whole: int
    tenant: int
    key: int

    @property
    def shares(self) -> tuple[int, int, int]:
        """The sizes, in the order in which places are counted."""
        return self.whole, self.tenant, self.key


class Busy(ServiceUnavailable):
    """Enough is under way; the same request will be welcome in a moment."""


class Gate:
    """Places, of which no tenant and no key can take more than its share."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._counts: Counter[tuple[Hashable, ...]] = Counter()
        self._waiting: dict[Names, deque[asyncio.Future[None]]] = {}

    def count(self, *who: Hashable) -> int:
        """How many places a tenant has, or one of its keys; of nobody in particular: all."""
        return self._counts[who]

    @contextmanager
    def enter(self, *who: Hashable) -> Generator[None]:
        """A place at once: for a tenant, or a tenant and its key; a refusal where none is left."""
        self.take(1, *who)
        try:
            yield
        finally:
            self.give_back(1, *who)

    @asynccontextmanager
    async def turn(self, *who: Hashable) -> AsyncGenerator[None]:
        """A place as soon as it is one's turn: the next is who has the fewest."""
        names = _names(who)
        if self._full(names, 1) is None:
            self._counts.update(names)
        else:
            await self._granted(names)
        try:
            yield
        finally:
            self.give_back(1, *who)

    def take(self, size: int, *who: Hashable) -> None:
        """So many places at once, or a refusal that says which limit it is."""
        self.check(size, *who)
        for name in _names(who):
            self._counts[name] += size

    def check(self, size: int, *who: Hashable) -> None:
        """A refusal where there are not so many places."""
        names = _names(who)
        full = self._full(names, size)
        if full is not None:
            number, share = self._counts[names[full]], self._limit.shares[full]
            kind = OverShare if full else Busy
            raise kind(
                f"{number} {self._limit.what} {WHOSE[full]} are under way, of at most {share};"
                f" send this one again in {RETRY_AFTER_S} s"
            )

    def give_back(self, size: int, *who: Hashable) -> None:
        """Give places back, to whoever waits for them."""
        for name in _names(who):
            self._counts[name] -= size
            if not self._counts[name]:
                del self._counts[name]
        while ready := [names for names in self._waiting if self._full(names, 1) is None]:
            self._grant(min(ready, key=self._burden))

    def _full(self, names: Names, size: int) -> int | None:
        """Which count leaves no room for so much more; the whole comes first."""
        for number, (name, share) in enumerate(zip(names, self._limit.shares, strict=False)):
            if self._counts[name] + size > share:
                return number
        return None

    def _burden(self, names: Names) -> list[int]:
        return [self._counts[name] for name in names]

    def _grant(self, names: Names) -> None:
        queue = self._waiting.pop(names)
        place = queue.popleft()
        if queue:
            self._waiting[names] = queue  # behind the others
        if not place.done():  # else the caller left
            self._counts.update(names)
            place.set_result(None)

    async def _granted(self, names: Names) -> None:
        place = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(names, deque()).append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():  # granted at the same instant
                self.give_back(1, *names[-1])
            raise


def _names(who: tuple[Hashable, ...]) -> Names:
    return tuple(who[:length] for length in range(len(who) + 1))


class Room:
    """Where the unknown stay for seconds: who enters a full room sends its oldest guest away."""

    def __init__(self, places: int, within_s: float) -> None:
        self._places = places
        self.within_s = within_s
        self._guests: dict[object, tuple[Callable[[], None], asyncio.TimerHandle]] = {}

    def enter(self, send_away: Callable[[], None]) -> object:
        """A guest, who is sent away when the time is up."""
        if len(self._guests) >= self._places:
            self._send_away(next(iter(self._guests)))
        guest = object()
        clock = asyncio.get_running_loop().call_later(self.within_s, self._send_away, guest)
        self._guests[guest] = send_away, clock
        return guest

    def leave(self, guest: object) -> None:
        """Whoever is known now, or gone."""
        _, clock = self._guests.pop(guest, (None, None))
        if clock is not None:
            clock.cancel()

    @asynccontextmanager
    async def stay(self) -> AsyncGenerator[None]:
        """The block has a place; TimeoutError when it is sent away."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(None) as time:
            guest = self.enter(lambda: time.reschedule(loop.time()))
            try:
                yield
            finally:
                self.leave(guest)

    def _send_away(self, guest: object) -> None:
        send_away, clock = self._guests.pop(guest)
        clock.cancel()
        send_away()
