"""How long to wait before starting again what died: longer each time, never quite the same."""

from collections.abc import Callable
from dataclasses import dataclass
from secrets import SystemRandom

_random = SystemRandom()


@dataclass(slots=True)
class Backoff:
    """Doubles from `first_s` to `max_s`; begins anew after a life of `stable_s`."""

    first_s: float = 0.2
    max_s: float = 30.0
    stable_s: float = 30.0
    random: Callable[[], float] = _random.random
    failures: int = 0

    def after(self, lived_s: float) -> float:
        """Seconds to wait after a life of `lived_s`: between half and all of the current step."""
        if lived_s >= self.stable_s:
            self.failures = 0
        step_s = min(self.max_s, self.first_s * 2 ** min(self.failures, 16))
        self.failures += 1
        return step_s * (0.5 + 0.5 * self.random())
