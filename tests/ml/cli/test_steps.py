"""Progress as it is shown: never more done than there is."""

from rich.console import Console

from ml.cli.bars import bars
from ml.cli.train import Steps


def test_a_step_that_is_done_again_on_less_is_whole_when_it_is_done():
    with bars(Console(quiet=True)) as progress:
        steps = Steps(progress)
        for done in (0, 396):
            steps("signals of halves", done, 396)
        for done in (0, 332):
            steps("signals of halves", done, 332)
        steps("origins", 1, 2)
    halves, origins = progress.tasks
    assert (halves.completed, halves.total, halves.finished) == (332, 332, True)
    assert (origins.completed, origins.total, origins.finished) == (1, 2, False)
