"""The trial on known truth as a table for docs/forecast.md."""

from collections.abc import Mapping, Sequence
from typing import Final

from ml.backtesting.backtest import FIGURES, Backtest, Figures
from ml.simulation.drivers import PLANTED
from ml.trial import recovery
from ml.trial.leaky import Watch
from ml.trial.trial import (
    BOOSTED,
    FORECAST,
    KAPLAN_MEIER,
    SIGNALS,
    TRUTH,
    Promise,
    Trial,
    calibration_against_truth,
)

ORDER: Final = (FORECAST, BOOSTED, KAPLAN_MEIER, SIGNALS, TRUTH)


def page(promises: Sequence[Promise], trial: Trial, seeds: Mapping[int, Trial]) -> str:
    judgement = trial.backtest
    return "\n".join(
        [
            f"{len(judgement.rows):,} accounts at their origins, "
            f"{int(judgement.rows.event.sum()):,} of them lost within twelve months.",
            "",
            *_promised(promises),
            "",
            *_models(judgement),
            "",
            *_by_seed(seeds),
            "",
            *_against_truth(trial),
            "",
            *_drivers(trial),
            "",
            *_leaks(seeds),
            "",
            *_segments(judgement),
        ]
    )


def _promised(promises: Sequence[Promise]) -> list[str]:
    rows = [
        f"| {each.name} | {each.target} | {each.reached:.4f} | {_yes(each.is_kept)} |"
        for each in promises
    ]
    return ["| promise | asked | reached | kept |", "|---|---|---|---|", *rows]


def _yes(is_kept: bool) -> str:
    return "yes" if is_kept else "**no**"


def _models(judgement: Backtest) -> list[str]:
    head = "| figure | " + " | ".join(ORDER) + " | standard error |"
    rows = [head, "|---" * (len(ORDER) + 2) + "|"]
    for key, name in FIGURES.items():
        values = " | ".join(f"{judgement.figures[model][key]:.4f}" for model in ORDER)
        error = judgement.errors[FORECAST].get(key)
        rows.append(f"| {name} | {values} | {'' if error is None else f'{error:.4f}'} |")
    for model, figures in judgement.own.items():
        gap = figures["within_12m"] - judgement.figures[model]["within_12m"]
        rows.append(
            f"| own rows minus later ones, same place: {model} | {gap:.4f} |" + " |" * len(ORDER)
        )
    return rows


def _by_seed(seeds: Mapping[int, Trial]) -> list[str]:
    head = [
        "seed",
        "losses",
        "AUC12",
        "behind truth",
        "IBS / truth's",
        "O/E",
        "ICI12",
        "covered",
        "alike",
    ]
    rows = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for seed, trial in seeds.items():
        ours, best = (trial.backtest.figures[name] for name in (FORECAST, TRUTH))
        values = [
            f"{ours['auc_12m']:.4f}",
            f"{best['auc_12m'] - ours['auc_12m']:.4f}",
            f"{ours['ibs'] / best['ibs']:.3f}",
            f"{ours['oe_12m']:.3f}",
            f"{ours['ici_12m']:.4f}",
            f"{trial.covered:.3f}",
            f"{trial.covered_alike:.3f}",
        ]
        losses = int(trial.backtest.rows.event.sum())
        rows.append(f"| {seed} | {losses} | " + " | ".join(values) + " |")
    return rows


def _against_truth(trial: Trial) -> list[str]:
    rows = [
        "| against the truth itself | ICI by tenths | true mean / predicted mean |",
        "|---|---|---|",
    ]
    for model in ORDER[:-2]:
        away = calibration_against_truth(trial.backtest.rows, model)
        rows.append(f"| {model} | {away['ici']:.4f} | {away['ratio']:.3f} |")
    noise = calibration_against_truth(trial.backtest.rows, FORECAST)["ici_truth_outcomes"]
    rows.append(f"| the truth's own ICI from outcomes (noise) | {noise:.4f} | |")
    return rows


def _drivers(trial: Trial) -> list[str]:
    """Planted effects beside what the served parts of the signals meant for them give back."""
    head = "| driver, by sd | planted | effect | part of its signals | correlation |"
    drivers = recovery.recovered(trial.accounts, PLANTED)
    return [head, "|---" * 5 + "|", *(_driver(driver) for driver in drivers)]


def _driver(driver: recovery.Driver) -> str:
    effect = f"{driver.effect:+.3f} | {driver.part:+.3f} | {driver.correlation:+.2f}"
    return f"| {driver.name} | {driver.planted:+.3f} | {effect} |"


def _leaks(seeds: Mapping[int, Trial]) -> list[str]:
    head = "| seed | own rows minus later ones: fed two months too late | alarm | honest | alarm |"
    watches = [(seed, watch) for seed, trial in seeds.items() for watch in trial.watches]
    return [head, "|---" * 5 + "|", *(_watch(seed, watch) for seed, watch in watches)]


def _watch(seed: int, watch: Watch) -> str:
    fed, honest = (f"{gap:.3f}" for gap in watch.gaps)
    rang, cried = ("rang" if is_alarm else "silent" for is_alarm in (watch.rang, watch.cried_wolf))
    return f"| {seed} | {fed} | {rang} | {honest} | {cried} |"


def _segments(judgement: Backtest) -> list[str]:
    head = ["part", "rows", "losses", "AUC12", "truth's", "O/E", "ICI12"]
    rows = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for name, parts in judgement.by_segment.items():
        for part, models in parts.items():
            rows.append(f"| {name} {part} | " + " | ".join(_cells(models)) + " |")
    return rows


def _cells(models: Mapping[str, Figures]) -> list[str]:
    ours, best = models[FORECAST], models[TRUTH]
    return [
        f"{ours['rows']:.0f}",
        f"{ours['losses']:.0f}",
        f"{ours['auc_12m']:.3f}",
        f"{best['auc_12m']:.3f}",
        f"{ours['oe_12m']:.3f}",
        f"{ours['ici_12m']:.4f}",
    ]
