"""What learning does later."""

from typing import Final

from shared.process.work import WorkList

RECOMMEND: Final = WorkList("recommend", max_claims=500)
"""Members who are due to be told what to learn next."""
