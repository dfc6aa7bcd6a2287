"""The same rows and seed give the same bytes in another process, whatever it hashes with."""

import os
import subprocess
import sys

from tests.architecture.tree import ROOT

PROGRAM = """
from hashlib import sha256
from ml.fitting.fit import fit
from ml.scoring import document
from ml.training import newcomers
from ml.training.release import judge
from tests.ml.examples import annual
frame = annual(400).frame()
judged = judge(frame, None, 5)
whole = newcomers.like(judged.model, fit(frame, seed=5, metrics=judged.figures), frame, seed=5)
print(document.encode(whole)[1], sha256(document.encode(judged.model)[0]).hexdigest())
"""


def test_training_again_gives_the_very_same_document():
    trainings = {_trained(hash_seed) for hash_seed in ("0", "4711")}
    assert len(trainings) == 1
    (checksums,) = trainings
    assert len(checksums.split()) == 2


def _trained(hash_seed: str) -> str:
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={**os.environ, **one_thread, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
