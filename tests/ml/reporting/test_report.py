"""The report stands alone, says what was measured, and cannot be made to say anything else."""

import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser

import msgspec
import pytest

from ml.fitting import fit
from ml.frames.frame import Frame
from ml.judging import evidence, gate
from ml.judging.evaluate import ready, survival_by_month
from ml.judging.evidence import gathered
from ml.reporting import wording
from ml.reporting.charts import Axis
from ml.reporting.model_card import card
from ml.reporting.report import report
from ml.scoring import document
from ml.scoring.hazards import ChurnModel
from ml.scoring.renewal_clock import MONTHLY, NO_RENEWAL, RENEWALS
from shared.vocabulary.evidence import Evidence, Origin
from tests.ml.examples import annual, tied

AT = datetime(2026, 11, 21, tzinfo=UTC)
ORIGIN = Origin(date(2026, 1, 1), 9, 1_234, 56, {"auc_12m": 0.8765})


@pytest.fixture(scope="module")
def frame() -> Frame:
    return annual(400).frame()


@pytest.fixture(scope="module")
def evidence_of_model(frame: Frame) -> tuple[ChurnModel, Evidence]:
    out = gate.held_out(frame.account)
    training, rest = frame.take(~out), frame.take(out)
    model = ready(fit.fit(training, min_events=10))
    return model, gathered(training, rest, survival_by_month(model, rest), "held-out accounts")


class Page(HTMLParser):
    """Tags opened and closed, and every attribute."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [str(value) for name, value in attrs if name in ("src", "href", "action")]
        if tag not in ("meta", "path", "circle", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("path", "circle"):
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)


def test_the_page_is_whole_and_asks_for_nothing(evidence_of_model: tuple[ChurnModel, Evidence]):
    page = report(*evidence_of_model, version="v1", checksum="0" * 64, made_at=AT)
    read = Page(page)
    assert read.open == []
    assert read.links == []
    assert not read.tags & {"script", "link", "iframe", "img", "object", "form"}
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"url\(|@import|>(nan|inf|None)\b", page)
    for heading in ("Calibration", "Rolling origin", "Drivers", "drift", "Known limits", "Curves"):
        assert heading in page
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page


def test_names_that_customers_chose_are_words_not_markup(
    evidence_of_model: tuple[ChurnModel, Evidence],
):
    churn_model, evidence = evidence_of_model
    segment = msgspec.structs.replace(evidence.segments[0], name="<script>alert(1)</script>")
    features = [
        msgspec.structs.replace(feature, label="<img src=x>")
        for feature in churn_model.document.features
    ]
    nasty = msgspec.structs.replace(
        churn_model.document,
        features=tuple(features),
        schema_hash=document.schema_hash(tuple(features), churn_model.document.terms),
    )
    page = report(
        ready(nasty),
        msgspec.structs.replace(evidence, segments=[segment]),
        version="<b>",
        checksum="",
        made_at=AT,
    )
    assert not Page(page).tags & {"script", "img"}
    assert "<script" not in page
    assert "<img" not in page


def test_it_says_what_was_measured_on_whom(evidence_of_model: tuple[ChurnModel, Evidence]):
    _, evidence = evidence_of_model
    page = report(*evidence_of_model, version="v1", checksum="", made_at=AT)
    words = card(*evidence_of_model, version="v1", made_at=AT)
    for name, value in evidence.figures.items():
        assert f"{value:.4f}" in page, name
        assert f"{value:.4f}" in words, name
    assert "held-out accounts" in page
    assert "Not made for this version" in page
    rolled = msgspec.structs.replace(evidence, rolling=[ORIGIN])
    page = report(evidence_of_model[0], rolled, version="v1", checksum="", made_at=AT)
    assert "Not made for this version" not in page
    assert "2026-01-01, 9 months on: 1,234 accounts, 56 lost" in page
    assert "0.8765" in page


def test_bins_and_segments_hold_every_row_once(evidence_of_model: tuple[ChurnModel, Evidence]):
    _, evidence = evidence_of_model
    assert [each.month for each in evidence.calibration] == [1, 2, 3, 6, 12]
    for curve in evidence.calibration:
        assert sum(each.rows for each in curve.bins) == evidence.rows
        assert [each.predicted for each in curve.bins] == sorted(
            each.predicted for each in curve.bins
        )
        mean = sum(each.predicted * each.rows for each in curve.bins) / evidence.rows
        assert curve.predicted == pytest.approx(mean)
        assert curve.lost == sum(segment.losses[curve.month] for segment in evidence.segments)
    assert sum(segment.rows for segment in evidence.segments) == evidence.rows


def test_calibration_is_told_by_horizon_and_by_segment(
    evidence_of_model: tuple[ChurnModel, Evidence],
):
    _, evidence = evidence_of_model
    page = report(*evidence_of_model, version="v1", checksum="", made_at=AT)
    for each in evidence.calibration:
        assert f"within {each.month} month" in page
    busiest = max(evidence.segments, key=lambda each: each.lost)
    assert busiest.lost >= 10
    assert f"{busiest.seen[12] / busiest.expected[12]:.2f}" in page
    assert "ratio 6 m" in page


def test_where_nothing_changes_with_time_no_backtest_is_promised():
    others = tied()
    model = ready(fit.fit(others))
    evidence = gathered(others, others, survival_by_month(model, others), "other accounts")
    page = report(model, evidence, version="v1", checksum="", made_at=AT)
    assert "no earlier day" in page
    assert "tenure backtest" not in page


def test_numbers_that_are_the_same_do_not_hide_one_another():
    table = tied()
    model = ready(fit.fit(table))
    assert model.document.accounts == model.document.rows
    evidence = gathered(table, table, survival_by_month(model, table), "other accounts")
    page = report(model, evidence, version="v1", checksum="", made_at=AT)
    for meaning in ("accounts", "of them lost", "rows", "signals read"):
        assert f"</b><span>{meaning}</span>" in page


@pytest.mark.parametrize(
    ("value", "words"),
    [(152_000.0, "152,000"), (0.33333, "0.3333"), (5.0, "5"), ("1.0", "1"), ("team", "team")],
)
def test_values_are_told_without_exponents(value: float | str, words: str):
    assert wording.in_words(value) == words


def test_signals_are_told_with_their_unit_and_places_in_words():
    assert wording.named("MRR", "mrr_cents") == "MRR, cents"
    assert wording.named("Days overdue", "invoice_overdue_days") == "Days overdue"
    assert wording.named("Seats", "seats") == "Seats"
    assert [wording.place(name) for name in ("monthly", "none", "r03", "Contract: One year")] == [
        "renews every month",
        "no renewal within a year",
        "renewal in month 3",
        "Contract: One year",
    ]


@pytest.mark.parametrize(("low", "high"), [(0.3, 9.0), (0.8, 1.7), (0.55, 1.05), (0.05, 20)])
def test_a_logarithmic_axis_has_at_least_three_ticks(low: float, high: float):
    ticks = Axis(low, high, "hazard ratio", logarithmic=True).ticks()
    assert 3 <= len(ticks) <= 10
    assert 1 in [round(tick, 9) for tick in ticks]
    assert ticks == sorted(ticks)
    assert all(low <= tick <= high for tick in ticks)


def test_every_place_on_the_renewal_clock_is_judged():
    assert len({*RENEWALS.values(), MONTHLY, NO_RENEWAL}) <= evidence.MAX_SEGMENTS


def test_evidence_travels_whole(evidence_of_model: tuple[ChurnModel, Evidence]):
    _, evidence = evidence_of_model
    assert msgspec.json.decode(msgspec.json.encode(evidence), type=Evidence) == evidence
