"""What learning does later."""

from typing import Final

from shared.process.work import WorkList

RECOMMEND: Final = WorkList("recommend", max_claims=500)
"""Members whose path is due to be recommended."""
