"""Training of a tenant: signals and outcomes over rpc, fit, judgement, publication."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from uuid import UUID

from msgspec import structs

from ml.fitting.fit import fit
from ml.frames import landmarks
from ml.frames.admission import admitted
from ml.frames.frame import Frame, TooFewLosses
from ml.frames.tenant import CHUNK, Services, Step
from ml.judging import gate
from ml.reporting import caveats
from ml.reporting.model_card import card
from ml.reporting.report import report
from ml.scoring import document
from ml.scoring.document import Clock, ForecastModel
from ml.scoring.score import load
from ml.training import fallback, newcomers
from ml.training import origins as origins_training
from ml.training.origins import rolling
from ml.training.reference import references, while_growing
from ml.training.release import CandidateRefused, ReleaseCandidate, Released, Run, judge
from shared.platform.auth import Principal
from shared.process.rpc import Rpc
from shared.vocabulary.evidence import Evidence
from shared.vocabulary.landmark import Landmark, Spell
from shared.vocabulary.model_document import Judgement, ModelDocument, ModelReport, ServedModel


@dataclass(frozen=True, slots=True)
class Training:
    """A tenant's services as training asks them, at the moment `now`; later rows do not exist.

    `with_post_decision`: learn from signals, too, that may follow the decision to leave.
    `origins`: at how many days that have passed the report tries the recipe.
    """

    rpc: Rpc
    principal: Principal
    now: datetime
    step: Step
    with_post_decision: bool = False
    origins: int = origins_training.DEFAULT

    async def run(self, seed: int = 0) -> ModelDocument:
        """Train and hand over; the model published.

        Raises
        ------
        TrainingRefused
            If the data cannot carry a model, or the gate does not let it pass; what is served stays
            as it is. Where nothing serves yet and five accounts at least were lost, curves by
            stratum are published instead.
        """
        return (await self.release(seed)).model

    async def release(
        self, seed: int = 0, *, run_id: UUID | None = None, force: str | None = None
    ) -> Released:
        """Train, judge beside the champion, hand over, all on record.

        Parameters
        ----------
        run_id
            The training that was asked for; None for a new one.
        force
            Why the model shall serve even against the rules of the gate.

        Raises
        ------
        TrainingRefused
            If the data cannot carry a model; what is served stays as it is.
        CandidateRefused
            If a rule of the gate does not hold; the candidate is kept as challenger.
        """
        run = await Run.begin(self.rpc, self.principal, run_id)
        async with run.recorded():
            frame = await self.frame()
            champion = await self._services.ask("risk.release.served_model", ServedModel | None, {})
            tried = partial(self._document, frame, seed, champion, by_force=force is not None)
            model, judgement = await asyncio.to_thread(tried)
            self.step("publish", 0, 1)
            outcome = await run.offer(model, judgement, force)
            self.step("publish", 1, 1)
        released = Released(run.run_id, model, judgement, outcome)
        if outcome == "REFUSED":
            raise CandidateRefused(released)
        return released

    async def frame(self) -> Frame:
        """The tenant's training frame, on the clock that its signals call for.

        Raises
        ------
        TrainingRefused
            If there is nothing to train on, or some of it is not allowed; `ml.frames.admission`.
        """
        until = self.now.date()
        spells = await self._services.spells(self.now)
        clock = await self._clock(spells, until)
        labelled = landmarks.labels(spells, clock, until)
        signals = await self._services.collected([label.landmark for label in labelled])
        frame = landmarks.frame(labelled, signals, clock, until)
        late = self.with_post_decision
        frame = admitted(frame, signals.dictionary, with_post_decision=late)
        return await self._services.with_halves(frame, labelled)

    async def _clock(self, spells: Sequence[Spell], until: date) -> Clock:
        """`landmark` where usage was ever seen, at each spell's last day; `start` otherwise."""
        last = [Landmark(s.account_id, landmarks.moment(s.ended_on or until)) for s in spells]
        for at in range(0, len(last), CHUNK):
            if landmarks.moves(await self._services.features("usage", last[at : at + CHUNK])):
                return "landmark"
        return "start"

    @property
    def _services(self) -> Services:
        return Services(self.rpc, self.principal, self.step)

    def _document(
        self, frame: Frame, seed: int, champion: ServedModel | None, *, by_force: bool
    ) -> tuple[ModelDocument, Judgement]:
        try:
            model, candidate = self._model(frame, seed, champion, by_force=by_force)
        except TooFewLosses:
            if not fallback.may_serve(champion):
                raise
            self.step("curves by stratum", 0, 1)
            model, candidate = fallback.curves(frame, champion, seed)
            self.step("curves by stratum", 1, 1)
        whole = packed(model, self.now)
        return replace(
            whole,
            judged_document=document.encode(candidate.model)[0],
            reference=references(frame, model.signals),
            report=reported(whole, self._evidence(candidate.evidence, model, frame)),
        ), candidate.judgement

    def _evidence(self, evidence: Evidence, model: ForecastModel, frame: Frame) -> Evidence:
        """What is shown besides held-out accounts: later time, and what moved meanwhile."""
        self.step("report", 0, 1)
        later = rolling(model, frame, self.origins)
        drift = while_growing(frame, model.signals)
        self.step("report", 1, 1)
        return structs.replace(evidence, rolling=later, drift=drift)

    def _model(
        self, frame: Frame, seed: int, champion: ServedModel | None, *, by_force: bool
    ) -> tuple[ForecastModel, ReleaseCandidate]:
        """The model to serve; TooFewLosses also where too few were lost to judge a first one by."""
        self.step("judge on held-out accounts", 0, 1)
        candidate = judge(frame, champion, seed)
        self.step("judge on held-out accounts", 1, 1)
        if (
            gate.LOST in candidate.judgement.failed
            and fallback.may_serve(champion)
            and not by_force
        ):
            raise TooFewLosses("too few of the held-out accounts were lost to judge a model by")
        self.step("fit", 0, 1)
        model = fit(frame, seed=seed, metrics=candidate.figures)
        model = newcomers.like(candidate.model, model, frame, seed=seed)
        self.step("fit", 1, 1)
        return model, candidate


def reported(model: ModelDocument, evidence: Evidence) -> ModelReport:
    """What is said of a model for people to read."""
    ready = load(model.document, model.checksum)
    page = report(
        ready, evidence, version=model.version, checksum=model.checksum, made_at=model.trained_at
    )
    words = card(ready, evidence, version=model.version, made_at=model.trained_at)
    return ModelReport(page.encode(), words, caveats.limits_of(ready, evidence), evidence)


def packed(model: ForecastModel, trained_at: datetime) -> ModelDocument:
    """The document to publish; its version is named by its contents, so equal models are one."""
    content, checksum = document.encode(model)
    return ModelDocument(
        version=f"{model.data_to}-{checksum[:12]}",
        document=content,
        checksum=checksum,
        trained_at=trained_at,
        data_from=date.fromisoformat(model.data_from),
        data_to=date.fromisoformat(model.data_to),
        accounts=model.accounts,
        events=model.events,
        metrics=model.metrics,
    )
