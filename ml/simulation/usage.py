"""What members did in the product, hour by hour."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ml.simulation import catalogue, rows
from ml.simulation.clock import Clock, moment, moments, random_ids
from ml.simulation.companies import Companies
from ml.simulation.contracts import Chain
from ml.simulation.people import Person
from ml.simulation.planted import COLLAPSE_DAYS, COLLAPSE_FLOOR, Floats, Ints

_EVENTS_A_WEEK = 0.7
_USES_AN_HOUR = 20.0
"""Uses that one event stands for, less one, in an account of middling health."""

_WEEKDAYS = np.array([0.2, 0.215, 0.21, 0.195, 0.15, 0.018, 0.012])
_ROLE_PACE = {"admin": 1.5, "manager": 0.8, "analyst": 1.3, "user": 1.0}
_DEPTH = {"basic": 0.0, "intermediate": 0.8, "advanced": 1.4}
_CHUNK = 20_000


@dataclass(frozen=True, slots=True)
class _Stints:
    """One entry per member: from when to when they could use the product, in which spell."""

    account: Ints
    chain: Ints
    start: Floats
    end: Floats
    pace: Floats
    level: Ints


@dataclass(frozen=True, slots=True)
class Happened:
    """Events as columns; `person` points into the list of members."""

    person: Ints
    occurred: Floats
    recorded: Floats
    feature: Ints
    quantity: Ints

    def __len__(self) -> int:
        return len(self.person)

    def take(self, rows: NDArray[np.bool_]) -> "Happened":
        return Happened(
            self.person[rows],
            self.occurred[rows],
            self.recorded[rows],
            self.feature[rows],
            self.quantity[rows],
        )


def used(people: list[Person], chains: list[Chain], companies: Companies, clock: Clock) -> Happened:
    """Events of all members: more when healthy, on weekdays, after ramping up; few once leaving."""
    rng = clock.rng(8)
    stints = _stints(people, clock, rng)
    person, day = _days(stints, companies, clock, rng)
    keep = (day >= stints.start[person]) & (day < stints.end[person])
    refused = np.array([chain.refused_day for chain in chains])[stints.chain[person]]
    keep &= rng.random(len(day)) < remaining(day - refused)
    person, day = person[keep], day[keep]
    order = np.lexsort((day, stints.account[person]))
    person, day = person[order], day[order]
    account = stints.account[person]
    health = companies.health[account, clock.week(day)]
    feature = _features(companies.plan[account], stints.level[person], health, rng)
    quantity = 1 + rng.poisson(_USES_AN_HOUR * np.exp(0.65 * np.clip(health, -3, 3)))
    recorded = day + _lag(len(day), rng)
    in_time = recorded < clock.until
    return Happened(
        person[in_time], day[in_time], recorded[in_time], feature[in_time], quantity[in_time]
    )


def remaining(days_since_refusal: Floats) -> Floats:
    """Share of the usual use left so many days after deciding to leave; 1 before."""
    since = np.maximum(days_since_refusal, 0.0)
    return COLLAPSE_FLOOR + (1 - COLLAPSE_FLOOR) * np.exp(-since / COLLAPSE_DAYS)


def _stints(people: list[Person], clock: Clock, rng: np.random.Generator) -> _Stints:
    pace = np.array([_ROLE_PACE[person.role] for person in people])
    return _Stints(
        account=np.array([person.account for person in people]),
        chain=np.array([person.chain for person in people]),
        start=np.array([person.start for person in people]),
        end=np.minimum(np.array([person.end for person in people]), clock.until),
        pace=pace * rng.gamma(8.0, 1 / 8.0, len(people)),
        level=np.array([person.level for person in people]),
    )


def _days(
    stints: _Stints, companies: Companies, clock: Clock, rng: np.random.Generator
) -> tuple[Ints, Floats]:
    """Who and when, week by week: the number by pace and health, then weekday and hour."""
    first, last = clock.week(stints.start), clock.week(stints.end)
    weeks = np.maximum(last - first + 1, 0)
    person = np.repeat(np.arange(len(weeks)), weeks)
    week = np.arange(len(person)) - np.repeat(np.cumsum(weeks) - weeks - first, weeks)
    health = np.clip(companies.health[stints.account[person], week], -4, 4)
    age = np.maximum((clock.since + 7 * week) - stints.start[person], 0.0)
    ramp = 1.0 - 0.5 * np.exp(-age / 21.0)
    count = rng.poisson(_EVENTS_A_WEEK * stints.pace[person] * ramp * np.exp(0.6 * health))
    person, week = np.repeat(person, count), np.repeat(week, count)
    weekday = rng.choice(7, len(person), p=_WEEKDAYS / _WEEKDAYS.sum())
    offset = (weekday - (clock.since + 3)) % 7  # 1970 began on a Thursday
    around = np.where(rng.random(len(person)) < 0.5, 10.0, 14.5)
    hour = np.clip(around + rng.normal(0, 1.6, len(person)), 5, 22)
    return person, clock.since + 7.0 * week + offset + hour / 24.0


def _features(plan: Ints, level: Ints, health: Floats, rng: np.random.Generator) -> Ints:
    """Deeper features on larger plans, by trained members, in healthy accounts."""
    depth = np.array([_DEPTH[feature.tier] for feature in catalogue.FEATURES])
    weight = np.array([feature.weight for feature in catalogue.FEATURES])
    entitled = np.array(
        [[feature.tier in plan.tiers for feature in catalogue.FEATURES] for plan in catalogue.PLANS]
    )
    drive = 0.55 * level + 0.4 * np.clip(health, -3, 3) - 0.6
    chances = np.cumsum(entitled[plan] * weight * np.exp(np.outer(drive, depth)), axis=1)
    threshold = rng.random(len(plan)) * chances[:, -1]
    return (threshold[:, None] > chances[:, :-1]).sum(axis=1)


def _lag(count: int, rng: np.random.Generator) -> Floats:
    """Days until an event was recorded: minutes, for one in fifty days."""
    usual = np.exp(rng.normal(np.log(8.0 / 1440), 1.0, count))
    return np.where(rng.random(count) < 0.02, rng.uniform(1.0, 6.0, count), usual)


def event_rows(
    happened: Happened, people: list[Person], companies: Companies, clock: Clock
) -> Iterator[rows.Event]:
    ids = random_ids(clock.rng(9), len(happened))
    names = [feature.name for feature in catalogue.FEATURES]
    for at in range(0, len(happened), _CHUNK):
        part = slice(at, at + _CHUNK)
        columns: Iterable[tuple[int, datetime, datetime, int, int]] = zip(
            happened.person[part].tolist(),
            moments(happened.occurred[part]),
            moments(happened.recorded[part]),
            happened.feature[part].tolist(),
            happened.quantity[part].tolist(),
            strict=True,
        )
        for person, occurred, recorded, feature, quantity in columns:
            member = people[person]
            yield rows.Event(
                id=next(ids),
                account_id=companies.ids[member.account],
                member_id=member.id,
                feature=names[feature],
                occurred_at=occurred,
                recorded_at=recorded,
                quantity=quantity,
            )


def feature_rows(clock: Clock) -> list[rows.Feature]:
    """What the vendor says of its features, known before anybody used one."""
    return [
        rows.Feature(
            recorded_at=moment(clock.since),
            key=feature.name,
            title=feature.name.replace("_", " ").capitalize(),
            tier=feature.tier,
            sticky=feature.sticky,
            core=feature.weight >= catalogue.CORE_WEIGHT,
            plans=[plan.name for plan in catalogue.PLANS if feature.tier in plan.tiers],
        )
        for feature in catalogue.FEATURES
    ]
