"""What was planted into each account at a day, as far as it sways the next decision."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from ml.simulation.clock import Clock
from ml.simulation.companies import Companies
from ml.simulation.contracts import Chain, discount_ends, is_first
from ml.simulation.planted import RENEWAL, Floats
from ml.simulation.truth import current

PLANTED: Final = {
    "health": RENEWAL.health,
    "education": RENEWAL.education,
    "friction": RENEWAL.friction,
    "size": RENEWAL.size,
    "first renewal": RENEWAL.first,
    "discount ends": RENEWAL.discount_ends,
}
"""Drivers of not renewing, and their log-odds by unit of what `drivers` gives."""


def drivers(
    companies: Companies, chains: list[Chain], clock: Clock, day: int
) -> Iterator[tuple[int, Floats]]:
    """By place among the companies every account at risk, with one value a driver in their order.

    Health as it is on the day; whether the next renewal is a first one, and ends a discount.
    """
    week = int(clock.week(day))
    size = companies.size
    for chain in chains:
        if chain.start_day <= day < chain.end_day:
            account, contract = chain.account, current(chain, day)
            term = int(companies.term[account])
            ends = contract.discount > 0 and discount_ends(term, contract.number)
            yield (
                account,
                np.array(
                    [
                        companies.health[account, week],
                        companies.education[account],
                        companies.friction[account],
                        size[account],
                        float(is_first(term, contract.number)),
                        float(ends),
                    ]
                ),
            )
