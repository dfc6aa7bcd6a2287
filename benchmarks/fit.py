"""Fitting a large frame: no more than 1.1 times the CPU of bare lifelines on the same rows.

`python -m benchmarks.fit [ROWS]` (a million): 20 covariates, months 1 to 24, 14 strata. Each side
runs in a process of its own, so that the peak of memory is its own; both get the same matrix and
penalty. What is timed of ours is what training does: a start by Newton's steps in numpy, lifelines'
own fit from there, and discrete baselines of every stratum.
"""

import json
import resource
import subprocess
import sys
import time
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter

from ml.fitting.cox import cox
from ml.fitting.strata import baselines
from ml.frames.frame import Frame
from ml.scoring.features import Floats

ROWS = 1_000_000
COVARIATES = 20
STRATA = ("monthly", *(f"r{month:02}" for month in range(1, 13)), "none")
MONTHS = 12
PENALTY = 0.001
PROMISED = 1.1


def sample(rows: int) -> tuple[Frame, Floats]:
    """Rows whose hazards are known, and their design."""
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(rows, COVARIATES))
    beta = rng.normal(0, 0.2, COVARIATES)
    stratum = rng.integers(0, len(STRATA), rows)
    hazard = 0.03 * (1 + stratum / len(STRATA)) * np.exp(matrix @ beta)
    left = np.ceil(rng.exponential(1 / hazard))
    followed = rng.integers(1, MONTHS + 1, rows)
    frame = Frame(
        clock="landmark",
        columns={},
        duration=np.minimum(left, followed).astype(np.int64),
        event=left <= followed,
        stratum=np.array(STRATA)[stratum],
        account=np.arange(rows),
        data_from=date(2025, 1, 1),
        data_to=date(2026, 1, 1),
    )
    return frame, matrix


def ours(frame: Frame, matrix: Floats) -> list[float]:
    """Coefficients as training finds them, baselines included."""
    cox_fit = cox(frame, matrix, np.full(COVARIATES, PENALTY))
    baselines(frame, matrix @ cox_fit.coefficients, "kalbfleisch-prentice")
    return cox_fit.coefficients.tolist()


def bare(frame: Frame, matrix: Floats) -> list[float]:
    """Coefficients as lifelines finds them by itself."""
    table = pd.DataFrame(matrix, columns=[f"x{i}" for i in range(COVARIATES)])
    table["duration"], table["event"] = frame.duration, frame.event.astype(np.int64)
    table["stratum"] = frame.stratum
    model: Any = CoxPHFitter(penalizer=PENALTY)
    return model.fit(table, "duration", "event", strata=["stratum"]).params_.to_numpy().tolist()


SIDES = {"ours": ours, "bare lifelines": bare}


def measure(side: str, rows: int) -> None:
    """Fit on one side; print CPU seconds, peak memory and coefficients."""
    frame, matrix = sample(rows)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    coefficients = SIDES[side](frame, matrix)
    cpu = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"cpu": cpu, "peak": peak, "extra": peak - before, "found": coefficients}))


def main(rows: int) -> int:
    """Both sides, each in a process of its own; 1 if the promise is broken."""
    answers: dict[str, dict] = {}
    for side in SIDES:
        command = [sys.executable, "-m", "benchmarks.fit", "--side", side, str(rows)]
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
        answers[side] = json.loads(answer)
        cpu, peak, extra = (answers[side][key] for key in ("cpu", "peak", "extra"))
        print(
            f"{side}: {rows:,} rows × {COVARIATES} covariates, {len(STRATA)} strata: "
            f"{cpu:.1f} s CPU, peak {peak / 1024:.0f} MiB ({extra / 1024:.0f} MiB for the fit)"
        )
    away = np.abs(np.subtract(answers["ours"]["found"], answers["bare lifelines"]["found"])).max()
    ratio = answers["ours"]["cpu"] / answers["bare lifelines"]["cpu"]
    print(f"ours over bare: {ratio:.2f} (promised: at most {PROMISED}); apart by {away:.0e}")
    return int(ratio > PROMISED)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--side"]:
        measure(sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS))
