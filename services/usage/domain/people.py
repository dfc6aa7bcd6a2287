"""Who is who: names of one person, and the group the person belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.vocabulary.errors import InvalidInput

MAX_NAMES = 1_000
"""So many a person may have who becomes a name of another: each is written anew."""


@dataclass(frozen=True, slots=True)
class PersonName:
    """A name as it is known: whose it is, and of that person the group, the first of its groups,
    whether events wait for one, and the number of names."""

    name: str
    person: str
    group: str | None
    first_group: str | None
    waits: bool
    names: int


class People:
    """The people whom some messages name, as the messages change them one after the other.

    A name belongs to the first person who takes it: a device that several share does not make one
    person of them. A person with all its names may become a name of another.
    """

    def __init__(self, names: Sequence[PersonName]) -> None:
        self._before = {name.person: name for name in names}
        self._owner = {name.name: name.person for name in names}
        self._group = {key: name.group for key, name in self._before.items() if name.group}
        self._first_group = {
            key: name.first_group for key, name in self._before.items() if name.first_group
        }
        self._aliases: list[str] = []

    def person(self, name: str) -> str:
        """Whose name it is: its own, unless another took it."""
        while (owner := self._owner.get(name, name)) != name:
            self._owner[name] = self._owner.get(owner, owner)  # shorter for the next who asks
            name = owner
        return name

    def group_of(self, name: str) -> str | None:
        """Where the person belongs now."""
        return self._group.get(self.person(name))

    def first_group_of(self, name: str) -> str | None:
        """Where what waited for the person belongs: the first group it is known to have joined."""
        return self._first_group.get(self.person(name))

    def join(self, name: str, other: str, field: str) -> None:
        """From now on `other` is a name of the same person, unless it is somebody else's."""
        person = self.person(name)
        if other == person or self.person(other) != other:
            return
        before = self._before.get(other)
        if before is not None and before.names > MAX_NAMES:
            raise InvalidInput(field, other, f"a person of at most {MAX_NAMES} names")
        self._owner[other] = person
        self._aliases.append(other)
        for groups in (self._group, self._first_group):
            if other in groups:
                groups.setdefault(person, groups.pop(other))

    def move(self, name: str, group: str) -> None:
        """From now on the person belongs to this group."""
        person = self.person(name)
        self._group[person] = group
        self._first_group.setdefault(person, group)

    @property
    def aliases(self) -> dict[str, str]:
        """Who became a name of another person, and of whom."""
        return {name: self.person(name) for name in self._aliases}

    @property
    def new_groups(self) -> list[tuple[str, str]]:
        """People whose group became another, and the first group of those who had none."""
        before = {key: name.group for key, name in self._before.items()}
        return [
            (who, step)
            for who, group in self._group.items()
            if before.get(who) != group
            for step in dict.fromkeys(
                [group] if before.get(who) else [self._first_group[who], group]
            )
        ]

    @property
    def members_of_groups(self) -> list[str]:
        """People whose group is known: what waits for them can go on."""
        return list(self._first_group)

    @property
    def is_changed(self) -> bool:
        """Whether something is to be written: a name, a group, or where waiting events belong."""
        waiting = {key for key, name in self._before.items() if name.waits}
        return bool(self._aliases or self.new_groups or waiting & self._first_group.keys())
