"""A made-up table whose hazards are known: large customers on plan `pro` stay longer."""

import numpy as np
import pandas as pd

from ml.table.question import Question

QUESTION = Question("months", "churned", subject="customer_id")


def customers(rows: int = 400, seed: int = 0) -> pd.DataFrame:
    """One row a customer, durations continuous in months."""
    rng = np.random.default_rng(seed)
    seats = rng.gamma(2.0, 20.0, rows).round()
    plan = rng.choice(["basic", "plus", "pro"], rows)
    hazard = 0.06 * np.exp(-0.02 * (seats - 40) + 0.8 * (plan == "basic"))
    left, followed = rng.exponential(1 / hazard), rng.uniform(1, 24, rows)
    return pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(rows)],
            "seats": seats,
            "plan": plan,
            "auto_renew": rng.random(rows) < 0.5,
            "signed": pd.date_range("2024-01-01", periods=rows).strftime("%Y-%m-%d"),
            "months": np.minimum(left, followed),
            "churned": np.where(left <= followed, "yes", "no"),
        }
    )
