"""A candidate on its way to serving: judged without some accounts, offered, on record."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from uuid import UUID

import msgspec

from ml.fitting.fit import MIN_EVENTS, fit
from ml.frames.frame import Frame, TrainingRefused, checked
from ml.judging import evidence, gate
from ml.scoring.document import ForecastModel
from ml.training.newcomers import with_newcomers
from shared.platform.auth import Principal
from shared.process.rpc import Call, Rpc, remote
from shared.vocabulary.errors import Conflict, NotPermitted, Refusal, ServiceUnavailable
from shared.vocabulary.evidence import Evidence
from shared.vocabulary.model_document import Judgement, ModelDocument, ServedModel

PULSE_S: Final = 20.0
TIMEOUT_S: Final = 60.0
HELD_OUT: Final = "a quarter of the accounts, held out of the fit"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Released:
    """What became of a training: `outcome` is PUBLISHED, FORCED or REFUSED."""

    run_id: UUID
    model: ModelDocument
    judgement: Judgement
    outcome: str


class CandidateRefused(TrainingRefused):
    """The gate did not let the candidate pass; it is kept as challenger."""

    code: ClassVar[str] = "CANDIDATE_REFUSED"

    def __init__(self, released: Released) -> None:
        self.released = released
        failed = ", ".join(released.judgement.failed)
        super().__init__(
            f"{released.model.version} is not let through: {failed} does not hold. It is kept as "
            "challenger, the model that serves goes on serving; `tenure models promote` or "
            "`tenure train --force REASON` lets it serve all the same"
        )


@dataclass(frozen=True, slots=True)
class ReleaseCandidate:
    """A recipe fitted without the held-out accounts, its figures on them, and the verdict."""

    model: ForecastModel
    figures: dict[str, float]
    judgement: Judgement
    evidence: Evidence


def judge(frame: Frame, champion: ServedModel | None, seed: int) -> ReleaseCandidate:
    """Fit to three quarters of the accounts, judge on the others, beside the champion.

    Raises
    ------
    TrainingRefused
        If the whole frame, or the part to fit to, cannot carry a model.
    """
    checked(frame, min_events=MIN_EVENTS)
    out = gate.held_out(frame.account)
    training, later = frame.take(~out), frame.take(out)
    if not len(later) or not len(training):
        raise TrainingRefused(
            f"{frame.accounts} accounts are too few to judge a forecast on some of them"
        )
    min_events = MIN_EVENTS // 2
    model = fit(training, seed=seed, min_events=min_events)
    model = with_newcomers(model, training, seed=seed, min_events=min_events)
    mine = gate.holdout(model, training, later)
    theirs = gate.champion_holdout(champion, training, later) if champion else None
    version = champion.version if champion else None
    performance = evidence.gathered(training, later, mine.survival, HELD_OUT)
    return ReleaseCandidate(
        model, performance.figures, gate.judge(mine, theirs, version, seed), performance
    )


class Run:
    """A training on record: shows that it is alive, and says how it ended."""

    def __init__(self, rpc: Rpc, principal: Principal, run_id: UUID) -> None:
        self._rpc, self._principal, self.run_id = rpc, principal, run_id

    @classmethod
    async def begin(cls, rpc: Rpc, principal: Principal, run_id: UUID | None) -> "Run":
        """Begin the training asked for, or a new one.

        Raises
        ------
        Conflict
            While another training of the tenant runs.
        """
        call = Call(remote("risk.release.start_run", _Begun), {"run_id": run_id})
        begun = await rpc.send(principal, call, timeout_s=TIMEOUT_S)
        return cls(rpc, principal, begun.run_id)

    @contextlib.asynccontextmanager
    async def recorded(self) -> AsyncGenerator[None]:
        """Whatever ends the training is written down, the end by a signal too."""
        pulse = asyncio.create_task(self._alive())
        try:
            yield
        except TrainingRefused as error:
            await self._end("risk.release.refuse_run", str(error))
            raise
        except asyncio.CancelledError:
            why = "it was ended before it was done"
            await asyncio.shield(self._end("risk.release.fail_run", why))
            raise
        except Exception as error:
            await self._end("risk.release.fail_run", f"{type(error).__name__}: {error}")
            raise
        finally:
            pulse.cancel()

    async def offer(self, model: ModelDocument, judgement: Judgement, force: str | None) -> str:
        """Hand the candidate over; PUBLISHED, FORCED or REFUSED."""
        arguments = {"model": model, "judgement": judgement, "force": force}
        return await self._send("risk.release.offer", str, arguments)

    async def _end(self, name: str, reason: str) -> None:
        try:
            await self._send(name, bool, {"reason": reason})
        except Refusal as error:  # the reason it ended for matters more
            log.warning("the end of training %s is not on record: %s", self.run_id, error)

    async def _alive(self) -> None:
        while True:
            await asyncio.sleep(PULSE_S)
            with contextlib.suppress(ServiceUnavailable, Conflict, NotPermitted):
                await self._send("risk.release.touch_run", bool, {})

    async def _send(self, name: str, returns: Any, arguments: dict[str, Any]) -> Any:
        call = Call(remote(name, returns), {"run_id": self.run_id, **arguments})
        return await self._rpc.send(self._principal, call, timeout_s=TIMEOUT_S)


class _Begun(msgspec.Struct):
    """What is needed of the training that began."""

    run_id: UUID
