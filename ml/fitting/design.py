"""Learn from training rows how each signal is read: knots, levels, scales, and what is dropped."""

import re
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml.frames.frame import Frame
from ml.scoring.document import Feature, Term
from ml.scoring.features import UNKNOWN, Floats, design, level_of, numbers, term_values

KNOT_QUANTILES: Final = (0.05, 0.35, 0.65, 0.95)
"""Four knots as Harrell (2015), Regression Modeling Strategies, table 2.3, places them."""

MIN_DISTINCT: Final = 10
FEW_VALUES: Final = 4
MAX_SKEW: Final = 2.0
MAX_LEVELS: Final = 20
MIN_ROWS: Final = 10
MAX_PRODUCTS: Final = 80
COLLINEAR: Final = 1e-2
"""Below this share of its spread left unexplained by earlier terms, a term says nothing new."""

FOLLOWS_DURATION: Final = 0.8
"""Rank correlation with the duration from which a signal is taken to be the answer itself."""

NEVER: Final = frozenset({"days_to_renewal", "totalcharges", "total_charges"})
"""The renewal clock is a stratum; totals charged are price times duration."""

AGES: Final = frozenset({"account_age_days", "spell_age_days"})
"""The duration itself when time runs from the spell's start."""


@dataclass(frozen=True, slots=True)
class Design:
    """Features and the terms made of them, with notes on what was left out and why."""

    features: tuple[Feature, ...]
    terms: tuple[Term, ...]
    notes: tuple[str, ...]

    def matrix(self, frame: Frame) -> Floats:
        """The design matrix of a frame, shape (rows, terms), standardised as in training."""
        return design(frame.columns, self.features, self.terms)[0]


def learn(frame: Frame, *, logarithms: bool = True) -> Design:
    """Read every signal of the frame: main effects only, splines where values are many enough.

    Skewed numbers are read on a log scale, unless `logarithms` is off.
    """
    notes = [f"{name}: left out, {why}" for name, why in sorted(frame.left_out.items())]
    features: list[Feature] = []
    for name in sorted(frame.columns):
        reason = _barred(frame, name)
        feature = None if reason else _feature(frame, name, logarithms)
        if isinstance(feature, Feature):
            features.append(feature)
        else:
            notes.append(f"{name}: left out, {reason or feature}")
    terms, remarks = _independent(frame, features)
    used = {term.feature for term in terms}
    return Design(tuple(f for f in features if f.name in used), terms, (*notes, *remarks))


def _barred(frame: Frame, name: str) -> str | None:
    bare = name.removeprefix("trait_").lower()
    if bare in NEVER:
        return "it restates the duration or the renewal clock"
    if frame.clock == "start" and (bare in AGES or _follows_duration(frame, name)):
        return "it follows the duration itself"
    return None


def _follows_duration(frame: Frame, name: str) -> bool:
    values = frame.columns[name]
    if not _is_numeric(values):
        return False
    x = numbers(values)
    present = ~np.isnan(x)
    if len(np.unique(x[present])) <= MIN_DISTINCT:
        return False
    ranks = np.corrcoef(_ranks(x[present]), _ranks(frame.duration[present].astype(np.float64)))
    return bool(abs(ranks[0, 1]) >= FOLLOWS_DURATION)


def _ranks(values: Floats) -> Floats:
    _, at, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (counts.cumsum() - (counts - 1) / 2)[at]


def _is_numeric(values: NDArray[Any]) -> bool:
    present = [value for value in values.tolist() if value is not None]
    return bool(present) and all(
        isinstance(v, int | float) and not isinstance(v, bool) for v in present
    )


def _feature(frame: Frame, name: str, logarithms: bool) -> Feature | str:
    values = frame.columns[name]
    shown = frame.labels.get(name) or label(name)
    base = Feature(name, shown, frame.sources.get(name, "accounts"), "number")
    if _is_numeric(values):
        x = numbers(values)
        present = x[~np.isnan(x)]
        distinct = len(np.unique(present))
        if distinct > FEW_VALUES:
            skewed = logarithms and float(present.min()) >= 0 and _skew(present) > MAX_SKEW
            return _number(base, x, present, distinct, logarithmic=skewed)
        if not distinct:
            return "it is never known"
    return _levels(base, values)


def _number(
    base: Feature, x: Floats, present: Floats, distinct: int, *, logarithmic: bool
) -> Feature:
    low, high = float(present.min()), float(present.max())
    scaled = np.log1p(present) if logarithmic else present
    knots = (
        np.unique(np.quantile(scaled, KNOT_QUANTILES)) if distinct >= MIN_DISTINCT else np.empty(0)
    )
    return Feature(
        name=base.name,
        label=base.label,
        source=base.source,
        kind="number",
        low=low,
        high=high,
        fill=float(scaled.mean()),
        logarithmic=logarithmic,
        may_be_missing=len(present) < len(x),
        knots=tuple(knots.tolist()) if len(knots) >= 3 else (),
    )


def _skew(x: Floats) -> float:
    spread = float(x.std())
    away: Floats = x - float(x.mean())
    return float(np.mean(away**3)) / spread**3 if spread > 0 else 0.0


def _levels(base: Feature, values: NDArray[Any]) -> Feature | str:
    counts = Counter(level_of(value) for value in values.tolist())
    if len(counts) == 1:
        return "it is never known" if UNKNOWN in counts else "it is the same for everybody"
    if len(counts) > MAX_LEVELS:
        return f"its {len(counts)} different values are too many to learn from"
    ordered = sorted(counts, key=lambda level: (-counts[level], str(level)))
    levels = tuple(level for level in ordered[1:] if counts[level] >= MIN_ROWS)
    if not levels:
        return f"all but {MIN_ROWS - 1} rows or fewer have one value"
    return Feature(base.name, base.label, base.source, "level", levels=levels, reference=ordered[0])


def _raw_terms(feature: Feature) -> list[Term]:
    if feature.kind == "level":
        return [Term("level", feature.name, level=level) for level in feature.levels]
    terms = [Term("linear", feature.name)]
    terms += [Term("spline", feature.name, knot=j) for j in range(max(0, len(feature.knots) - 2))]
    return [*terms, Term("missing", feature.name)] if feature.may_be_missing else terms


def _independent(frame: Frame, features: Sequence[Feature]) -> tuple[tuple[Term, ...], list[str]]:
    """Standardised terms that earlier ones do not explain; linear parts and levels come first."""
    raw = {f.name: _raw_terms(f) for f in features}
    values = {f.name: term_values(frame.columns[f.name], f, raw[f.name])[0] for f in features}
    pairs = [
        (term, values[name][:, j]) for name, terms in raw.items() for j, term in enumerate(terms)
    ]
    pairs.sort(key=lambda pair: pair[0].kind in ("spline", "missing"))
    return _without_collinear(pairs)


def _without_collinear(pairs: Sequence[tuple[Term, Floats]]) -> tuple[tuple[Term, ...], list[str]]:
    basis = np.empty((len(pairs[0][1]) if pairs else 0, 0))
    terms: list[Term] = []
    notes: list[str] = []
    for term, values in pairs:
        mean, scale = float(values.mean()), float(values.std())
        if scale <= 1e-9 * max(1.0, abs(mean)):
            notes.append(f"{term_name(term)}: left out, it does not vary")
            continue
        unit = (values - mean) / (scale * np.sqrt(len(values)))
        rest = unit - basis @ (basis.T @ unit)
        rest -= basis @ (basis.T @ rest)
        length = float(np.linalg.norm(rest))
        if length < COLLINEAR:
            notes.append(f"{term_name(term)}: left out, other signals say the same")
            continue
        basis = np.column_stack([basis, rest / length])
        terms.append(_scaled(term, mean, scale))
    return tuple(terms), notes


def _scaled(term: Term, mean: float, scale: float) -> Term:
    return Term(term.kind, term.feature, term.level, term.knot, term.left, term.right, mean, scale)


def with_products(
    base: Design, frame: Frame, moderator: str, among: Container[str] | None = None
) -> Design | None:
    """Let one signal moderate all others, or those named: products of its terms with theirs.

    Returns
    -------
    The design with products of standardised terms added; None if that is too many or none.
    """
    pairs = [
        (i, j)
        for i, first in enumerate(base.terms)
        for j, second in enumerate(base.terms)
        if first.feature == moderator != second.feature
        and first.kind in ("linear", "level")
        and second.kind in ("linear", "level")
        and (among is None or second.feature in among)
    ]
    if not pairs or len(pairs) > MAX_PRODUCTS:
        return None
    matrix = base.matrix(frame)
    mains = [(term, matrix[:, i]) for i, term in enumerate(base.terms)]
    products = [
        (Term("product", moderator, left=i, right=j), matrix[:, i] * matrix[:, j]) for i, j in pairs
    ]
    independent, _ = _without_collinear([*mains, *products])
    added = tuple(term for term in independent if term.kind == "product")
    return Design(base.features, (*base.terms, *added), base.notes) if added else None


def term_name(term: Term) -> str:
    """A term as a reader may know it."""
    if term.kind == "level":
        return f"{term.feature} = {term.level}"
    return {
        "spline": f"bend {term.knot + 1} of {term.feature}",
        "missing": f"{term.feature} unknown",
    }.get(term.kind, term.feature)


UNITS: Final = (
    (re.compile(r"_(\d+)d$"), r" (\1 days)"),
    (re.compile(r"_(\d+)w$"), r" (\1 weeks)"),
    (re.compile(r"_(days|months|cents)$"), r" (\1)"),
    (re.compile(r"_label$"), ""),
)


def label(name: str) -> str:
    """A readable name: `active_days_28d` becomes `Active days (28 days)`."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removeprefix("trait_"))
    for pattern, replacement in UNITS:
        text = pattern.sub(replacement, text)
    text = text.replace("_", " ").strip()
    return text[:1].upper() + text[1:]
