"""Many accounts at once get the chances that each of them gets alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.fitting import fit
from ml.scoring import document, portfolio, score
from ml.scoring.features import columns_of, design
from ml.scoring.hazards import ChurnModel, load
from ml.scoring.renewal_clock import strata_of
from tests.ml.examples import annual, tied

DAYS = (0.0, 1.0, 30.0, 60.0, 90.0, 180.0, 365.0, 800.0)

ACCOUNTS = st.lists(
    st.tuples(
        st.sampled_from([1.0, 12.0, 24.0, None]),
        st.none() | st.integers(-40, 800).map(float),
        st.none() | st.floats(0, 500),
    ),
    min_size=1,
    max_size=30,
)


@pytest.fixture(scope="module")
def renewing() -> ChurnModel:
    return load(*document.encode(fit.fit(annual().frame())))


@given(ACCOUNTS)
def test_all_at_once_and_one_by_one_agree(renewing: ChurnModel, accounts):
    rows = [{"contract_term_months": term, "events_28d": used} for term, _, used in accounts]
    renewal = [days for _, days, _ in accounts]
    alone = score.score(renewing, rows, elapsed_days=[None] * len(rows), days_to_renewal=renewal)
    columns = columns_of(rows, {*renewing.features, "contract_term_months"})
    matrix, _ = design(columns, renewing.document.features, renewing.document.terms)
    day = np.array([np.nan if d is None else max(d, 0.0) for d in renewal])
    strata = strata_of(columns["contract_term_months"].tolist(), day.tolist()).tolist()
    together = portfolio.churn_within(
        renewing, matrix, portfolio.standing(renewing, strata, day), DAYS
    )
    for forecast, chances in zip(alone, together, strict=True):
        expected = [forecast.churn_probability(d) for d in DAYS]
        assert np.isnan(chances).tolist() == [e is None for e in expected]
        assert chances == pytest.approx(
            [np.nan if e is None else e.value for e in expected], abs=1e-9, nan_ok=True
        )


def test_a_model_that_runs_from_the_start_is_refused():
    starting = load(*document.encode(fit.fit(tied())))
    with pytest.raises(ValueError, match="landmark clock"):
        portfolio.churn_within(
            starting, np.empty((0, 1)), portfolio.standing(starting, [], np.empty(0)), [30]
        )
