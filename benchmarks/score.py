"""Score a million accounts at five horizons, against a plain numpy product: -m benchmarks.score."""

import argparse
import sys
import time
import tracemalloc
from collections.abc import Callable
from datetime import date

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from ml.fitting import fit
from ml.frames.frame import Frame
from ml.scoring import document, portfolio
from ml.scoring.document import ForecastModel
from ml.scoring.features import design
from ml.scoring.hazards import ChurnModel, load
from ml.scoring.portfolio import Standing
from ml.scoring.renewal_clock import MONTH_DAYS, RENEWALS, strata_of

DAYS = (30.0, 60.0, 90.0, 180.0, 365.0)
COVARIATES = 20
PROMISED_TIMES = 3.0
PROMISED_MIB = 128.0
ROUNDS = 3

Floats = NDArray[np.float64]


def frame(rows: int, seed: int) -> Frame:
    """Accounts with annual contracts, twenty signals, and losses at their renewals."""
    rng = np.random.default_rng(seed)
    signals = rng.normal(size=(rows, COVARIATES))
    renewal = rng.integers(1, 366, rows).astype(np.float64)
    strata = strata_of([12.0] * rows, renewal.tolist())
    chance = 1 / (1 + np.exp(1.5 - signals[:, :3].sum(axis=1)))
    lost = rng.random(rows) < chance
    due = np.ceil(np.maximum(renewal - 3, 1) / MONTH_DAYS).astype(np.int64)
    columns: dict[str, NDArray[np.object_]] = {
        f"signal_{i}": signals[:, i].astype(object) for i in range(COVARIATES)
    }
    columns["contract_term_months"] = np.full(rows, 12.0, dtype=object)
    columns["days_to_renewal"] = renewal.astype(object)
    cause = np.where(lost, np.where(rng.random(rows) < 0.8, "voluntary", "involuntary"), "")
    return Frame(
        clock="landmark",
        columns=columns,
        duration=np.where(lost, due, 12),
        event=lost,
        cause=cause,
        stratum=strata,
        account=np.arange(rows),
        data_from=date(2024, 1, 1),
        data_to=date(2026, 1, 1),
    )


def plain(fitted: ChurnModel, matrix: Floats, place: Standing) -> Floats:
    """What anybody would write: exp(−Σ H·exp(Xβ)), each stratum's H read at the five horizons."""
    total = np.zeros((len(matrix), len(DAYS)))
    months = np.array(DAYS) / MONTH_DAYS
    for cause in fitted.causes:
        table = np.stack([np.interp(months, np.arange(len(h)), h) for h in cause.hazards.values()])
        total += table[place.stratum] * np.exp(matrix @ cause.coefficients)[:, None]
    return 1 - np.exp(-total)


def cpu_s(work: Callable[[], Floats]) -> float:
    """Processor seconds of the quickest of some rounds."""
    took: list[float] = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        took.append(time.process_time() - begun)
    return min(took)


def extra_mib(work: Callable[[], Floats]) -> float:
    """Peak of what is allocated on the way, beyond the answer itself."""
    tracemalloc.start()
    answer = work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return (peak - answer.nbytes) / 2**20


def main(rows: int) -> int:
    console = Console()
    known = fitted(frame(20_000, 1))
    strata = known.causes[0].strata
    console.print(f"{len(known.terms)} terms, {len(strata)} strata, {len(known.causes)} causes")
    ready = load(*document.encode(known))
    asked = frame(rows, 2)
    begun = time.process_time()
    matrix, _ = design(asked.columns, known.features, known.terms)
    designed = time.process_time() - begun
    renewal = asked.columns["days_to_renewal"].astype(np.float64)
    place = portfolio.standing(ready, asked.stratum.tolist(), renewal)
    ways = {
        "plain numpy product": lambda: plain(ready, matrix, place),
        "ml.scoring.portfolio.churn_within": lambda: portfolio.churn_within(
            ready, matrix, place, DAYS
        ),
    }
    cpu = {name: cpu_s(way) for name, way in ways.items()}
    mib = {name: extra_mib(way) for name, way in ways.items()}
    times = cpu["ml.scoring.portfolio.churn_within"] / cpu["plain numpy product"]
    table = Table("", "CPU s", "times", "extra MiB")
    for name in ways:
        ratio = cpu[name] / cpu["plain numpy product"]
        table.add_row(name, f"{cpu[name]:.2f}", f"{ratio:.2f}", f"{mib[name]:.0f}")
    table.add_row("the design before it, for both", f"{designed:.2f}", "", "")
    console.print(f"{rows:,} accounts × {len(DAYS)} horizons")
    console.print(table)
    kept = times <= PROMISED_TIMES and mib["ml.scoring.portfolio.churn_within"] <= PROMISED_MIB
    console.print(
        f"promised: at most {PROMISED_TIMES:g} × the product's CPU and {PROMISED_MIB:g} MiB: "
        + ("kept" if kept else "NOT KEPT")
    )
    return 0 if kept else 1


def fitted(training: Frame) -> ForecastModel:
    """A model of the kind that serves, with every stratum of the renewal clock."""
    found = fit.fit(training)
    if len(found.causes[0].strata) < len(RENEWALS):
        raise ValueError("a model with fewer strata would flatter the figure")
    return found


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("accounts", type=int, nargs="?", default=1_000_000)
    sys.exit(main(options.parse_args().accounts))
