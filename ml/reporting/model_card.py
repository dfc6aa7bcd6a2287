"""A model card: what a forecast is for, what it rests on, how well it does, what it cannot do."""

from datetime import datetime
from typing import Final

from ml.judging.evaluate import FIGURES
from ml.reporting import caveats
from ml.reporting.wording import in_words, named
from ml.scoring import effects
from ml.scoring.hazards import ChurnModel
from shared.vocabulary.evidence import Evidence

MAX_RATIOS: Final = 10


def card(model: ChurnModel, evidence: Evidence, *, version: str, made_at: datetime) -> str:
    """The card in Markdown; everything in it is of this version."""
    document = model.document
    figures = "\n".join(f"| {FIGURES.get(k, k)} | {v:.4f} |" for k, v in evidence.figures.items())
    ratios = effects.ratios(model)[:MAX_RATIOS]
    drivers = "\n".join(
        f"| {named(ratio.label, ratio.feature)} | {ratio.cause}"
        f" | {in_words(ratio.start)} → {in_words(ratio.end)}"
        f" | {ratio.ratio:.2f} | {ratio.low:.2f}–{ratio.high:.2f} |"
        for ratio in ratios
    )
    limits = "\n".join(f"- {limit}" for limit in caveats.limits_of(model, evidence))
    if model.is_curves:
        drivers = f"| none: {document.notes[0]} | | | | |"
    when = "its own renewal date" if document.clock == "landmark" else "any day ahead"
    return f"""# Forecast {version}

Trained {made_at:%Y-%m-%d} on {document.accounts:,} accounts, {document.events:,} of them lost,
{document.data_from} to {document.data_to}; {len(document.features)} signals, seed {document.seed}.

## For what

The chance that an open contract is renewed by {when}, to decide whom to look after first. Not for
decisions about people, prices or credit, and not for saying what a deed would change.

## How well it does

Measured on {evidence.origin}: {evidence.accounts:,} accounts, {evidence.lost:,} of them lost.

| figure | value |
|---|---|
{figures}

## What goes with losses

Hazard ratios, those farthest from 1 first. Associations, not causes.

| signal | cause | from → to | ratio | 90 % interval |
|---|---|---|---|---|
{drivers}

## Known limits

{limits}
"""
