"""The work lists of risk."""

from typing import Final

from shared.process.work import WorkList

DAY_S: Final = 86_400.0
TRAIN_MAX_S: Final = 3_600.0
MIRROR_MAX_S: Final = 600.0

RESCORE: Final = WorkList("rescore", max_claims=500)
"""Accounts that need a new score."""

WATCH: Final = WorkList("watch", max_claims=1, pace="slow")
"""Tenants whose model is checked for drift."""

TRAIN: Final = WorkList("train", max_claims=1, pace="slow", max_round_s=TRAIN_MAX_S + 300)
"""Tenants whose model is trained anew."""

MIRROR: Final = WorkList("mirror", max_claims=1, pace="slow", max_round_s=MIRROR_MAX_S + 300)
"""Tenants whose releases are copied to MLflow."""
