"""What a model cannot be trusted with, said of this model in particular."""

from typing import Final

from ml.judging.evidence import MIN_LOST as MIN_LOST
from ml.reporting.wording import place
from ml.scoring.hazards import ChurnModel
from shared.vocabulary.evidence import Evidence

FEW_EVENTS_A_TERM: Final = 10
AGES: Final = 0.03
"""How much smaller the AUC may be on later time before it is named."""

NEWCOMERS: Final = "first 90 days: "
"""What a model's note on newcomers begins with."""

OFF: Final = 0.2
"""How far observed over expected may lie from 1 before it is named."""


def limits_of(model: ChurnModel, evidence: Evidence) -> list[str]:
    """Sentences for a reader of the report or the card, the particular ones first."""
    early = _early(model)
    return [*_thin(model), *_off(evidence), *early, *_missing(evidence), *ALWAYS]


def _thin(model: ChurnModel) -> list[str]:
    document = model.document
    sentences: list[str] = [f"{n[0].upper()}{n[1:]}." for n in document.notes if model.is_curves]
    share = document.events / max(len(document.terms), 1)
    if share < FEW_EVENTS_A_TERM and not model.is_curves:
        sentences.append(
            f"{document.events} lost accounts stand against {len(document.terms)} terms: fewer"
            f" than {FEW_EVENTS_A_TERM} a term. The ridge keeps effects small; none is sure."
        )
    borrowed = borrowed_strata(model)
    if borrowed:
        sentences.append(
            "Too few losses for baselines of their own, so they borrow along the renewal clock: "
            + ", ".join(f"“{name}”" for name in borrowed)
            + "."
        )
    sentences.append(
        f"It speaks {document.horizon_months} months ahead"
        + (
            f" and carries the last year's hazard {document.tail_months} further."
            if document.tail_months
            else "."
        )
        + " A renewal beyond that gets no probability."
    )
    return sentences


def _early(model: ChurnModel) -> list[str]:
    """What became of a part for newcomers, and what it means for a reader."""
    origins = [
        f"{note[0].upper()}{note[1:]}." for note in model.document.notes if _of_newcomers(note)
    ]
    if model.newcomers is not None:
        origins.append(
            "Another design and other signals speak of accounts in their first 90 days: hazard"
            " ratios and effects are of all others, unless it says so, and a chance may step as an"
            " account passes its ninetieth day."
        )
    return origins


def _of_newcomers(note: str) -> bool:
    return note.startswith(NEWCOMERS)


def _off(evidence: Evidence) -> list[str]:
    off = [
        f"{place(s.name)} ({s.observed / s.predicted:.2f})"
        for s in evidence.segments
        if s.lost >= MIN_LOST and s.predicted and abs(s.observed / s.predicted - 1) > OFF
    ]
    thin = [place(s.name) for s in evidence.segments if s.lost < MIN_LOST]
    sentences: list[str] = []
    if off:
        sentences.append(f"Seen over forecast is off by more than {OFF:.0%} for: {'; '.join(off)}.")
    if thin:
        sentences.append(f"Fewer than {MIN_LOST} losses to judge by: {'; '.join(thin)}.")
    return sentences


def _missing(evidence: Evidence) -> list[str]:
    if evidence.rolling:
        return _on_later_time(evidence)
    return [
        "Judged on other accounts of the same time, not on later time: how it holds up as prices,"
        " product and market change is not measured here."
    ]


def _on_later_time(evidence: Evidence) -> list[str]:
    """How much less the forecast knows of later time than of other accounts of the same time."""
    later = [
        origin.figures["auc_12m"] for origin in evidence.rolling if "auc_12m" in origin.figures
    ]
    here = evidence.figures.get("auc_12m")
    if here is None or not later:
        return []
    worst = min(later)
    if here - worst <= AGES:
        return []
    return [
        f"Of later time it knows less: AUC at 12 months {worst:.3f} at the worst origin, against"
        f" {here:.3f} on other accounts of the same time."
    ]


def borrowed_strata(model: ChurnModel) -> list[str]:
    """Strata whose baseline is not their own."""
    return [
        f"{place(name)} ({cause.name})" if len(model.causes) > 1 else place(name)
        for cause in model.causes
        for name, stratum in cause.document.strata.items()
        if stratum.borrowed
    ]


ALWAYS: Final = (
    "Drivers, hazard ratios and what-if are associations. None says what would follow from a deed.",
    "An account unlike any in training is read as the nearest it knows, and named unlikeTraining.",
    "Intervals leave out that the future may be unlike the past, and that the form may be wrong.",
    "Signals written by people (end reasons, notice given) may be recorded after the decision;"
    " whatever arrives late makes the past look more predictable than it was.",
)
