"""Held-out accounts, the same ones that scikit-learn's `train_test_split` would hold out."""

import math

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

Places = NDArray[np.int64]


def stratified(kind: NDArray[np.bool_], share: float, seed: int) -> tuple[Places, Places]:
    """Places to keep and places to hold out, with as many of either kind in proportion.

    The draw is that of scikit-learn, on whose splits the figures of others rest; importing it for
    this would cost each training some seconds.

    Parameters
    ----------
    share
        Part to hold out, between 0 and 1.
    """
    random = RandomState(seed)  # numpy's old generator: the one those splits were drawn with
    test_count = math.ceil(share * len(kind))
    members = [np.flatnonzero(~kind), np.flatnonzero(kind)]
    members = [places for places in members if len(places)]
    counts = np.array([len(places) for places in members])
    kept_counts = _shares(counts, len(kind) - test_count, random)
    held_counts = _shares(counts - kept_counts, test_count, random)
    chosen: list[int] = []
    out: list[int] = []
    for places, keep, hold in zip(members, kept_counts, held_counts, strict=True):
        shuffled = places[random.permutation(len(places))].tolist()
        chosen += shuffled[:keep]
        out += shuffled[keep : keep + hold]
    return random.permutation(np.array(chosen)), random.permutation(np.array(out))


def _shares(counts: Places, size: int, random: RandomState) -> Places:
    """The likeliest numbers of each kind among so many drawn; ties are broken at random."""
    exact = counts / counts.sum() * size
    whole = np.floor(exact)
    missing = int(size - whole.sum())
    rest = exact - whole
    for value in np.unique(rest)[::-1]:
        if not missing:
            break
        alike = np.flatnonzero(rest == value)
        chosen = random.choice(alike, size=min(len(alike), missing), replace=False)
        whole[chosen] += 1
        missing -= len(chosen)
    return whole.astype(np.int64)
