"""What usage does later."""

from typing import Final

from shared.process.work import WorkList

ANNOUNCE: Final = WorkList("announce", max_claims=500)
"""Accounts with news that is to be told."""

RELEASE: Final = WorkList("release", max_claims=50)
"""Tenants with events that waited and whose account is known by now: a bite of each in turn."""

FORGET: Final = WorkList("forget", max_claims=500, pace="slow")
"""Tenants with rejected rows that are past their time."""

MEASURE: Final = WorkList("measure", max_claims=200, pace="slow")
"""Accounts whose standing is noted once a week, so that others can be compared with it."""

DROP_RAW: Final = WorkList("drop_raw", max_claims=20, pace="slow")
"""Accounts with events past the tenant's days; the tenant's own key is the round of a day."""
