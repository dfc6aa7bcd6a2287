"""Tickets: more of them and graver ones where the product rubs; first replies and ends."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import numpy as np

from ml.simulation import rows
from ml.simulation.clock import Clock, moment, random_ids
from ml.simulation.companies import Companies
from ml.simulation.contracts import Chain
from ml.simulation.planted import Floats, Ints, sigmoid

_TICKETS_A_WEEK = 0.21
_CLASSES = ("login", "how_to_basic", "how_to_advanced", "bug", "billing")
_NEW = np.array([0.3, 0.4, 0.08, 0.14, 0.08])
_SEASONED = np.array([0.1, 0.15, 0.35, 0.28, 0.12])
_SEVERITIES = ("low", "normal", "high", "urgent")
_CHANNELS = ("email", "chat", "phone")


@dataclass(frozen=True, slots=True)
class _Times:
    """Days from 1970, one entry per ticket; infinite where nobody answered or solved it."""

    opened: Floats
    replied: Floats
    resolved: Floats


def ticket_rows(chains: list[Chain], companies: Companies, clock: Clock) -> Iterator[rows.Ticket]:
    """Each ticket as opened and, once answered, with its reply and resolution."""
    rng = clock.rng(10)
    account, opened = _opened(chains, companies, clock, rng)
    times = _handled(opened, companies.friction[account], rng)
    severity = _severity(companies.friction[account], rng)
    topic = _topic(opened - companies.first_day[account], rng)
    channel = rng.choice(len(_CHANNELS), len(account), p=[0.6, 0.3, 0.1])
    for i, ticket_id in enumerate(random_ids(rng, len(account))):
        ticket = rows.Ticket(
            id=ticket_id,
            account_id=companies.ids[int(account[i])],
            opened_at=moment(opened[i]),
            severity=_SEVERITIES[int(severity[i])],
            ticket_class=_CLASSES[int(topic[i])],
            channel=_CHANNELS[int(channel[i])],
            recorded_at=moment(opened[i] + 0.004),
        )
        yield ticket
        yield from _later(ticket, float(times.replied[i]), float(times.resolved[i]))


def _later(ticket: rows.Ticket, replied: float, resolved: float) -> Iterator[rows.Ticket]:
    if not np.isfinite(replied):
        return
    done = moment(resolved) if np.isfinite(resolved) else None
    recorded = moment((resolved if done else replied) + 0.01)
    yield msgspec.structs.replace(
        ticket, first_reply_at=moment(replied), resolved_at=done, recorded_at=recorded
    )


def _opened(
    chains: list[Chain], companies: Companies, clock: Clock, rng: np.random.Generator
) -> tuple[Ints, Floats]:
    """Which account opened one when; Poisson by week while under contract."""
    of = np.array([chain.account for chain in chains])
    start = np.array([chain.start_day for chain in chains])
    end = np.minimum(np.array([chain.end_day for chain in chains]), clock.until)
    size = np.sqrt(companies.seats / 8.0)
    pace = _TICKETS_A_WEEK * size * np.exp(0.7 * companies.friction)
    rate = pace[:, None] * np.exp(-0.2 * np.clip(companies.health, -3, 3))
    count = rng.poisson(rate[of])
    chain, week = np.nonzero(count)
    repeats = count[chain, week]
    chain, week = np.repeat(chain, repeats), np.repeat(week, repeats)
    day = (
        clock.since + 7.0 * week + rng.integers(0, 7, len(week)) + rng.uniform(0.3, 0.75, len(week))
    )
    inside = (day > start[chain]) & (day < end[chain])
    return of[chain[inside]], day[inside]


def _handled(opened: Floats, friction: Floats, rng: np.random.Generator) -> _Times:
    count = len(opened)
    replied = opened + np.exp(rng.normal(np.log(5.0 / 24), 0.6, count) + friction)
    replied = np.where(rng.random(count) < sigmoid(-3.4 + 0.6 * friction), np.inf, replied)
    resolved = replied + np.exp(rng.normal(np.log(0.8), 0.7, count) + friction)
    stuck = rng.random(count) < sigmoid(-3.0 + 0.7 * friction)
    return _Times(opened, replied, np.where(stuck, np.inf, resolved))


def _severity(friction: Floats, rng: np.random.Generator) -> Ints:
    grave = sigmoid(-1.5 + 1.2 * friction)
    return np.where(rng.random(len(friction)) < grave, 2, 0) + (rng.random(len(friction)) < 0.45)


def _topic(age_days: Floats, rng: np.random.Generator) -> Ints:
    """New customers ask how to begin, seasoned ones how to go further."""
    share = np.exp(-np.maximum(age_days, 0.0) / 90.0)[:, None]
    chances = np.cumsum(share * _NEW + (1 - share) * _SEASONED, axis=1)
    return (rng.random((len(age_days), 1)) > chances[:, :-1]).sum(axis=1)
