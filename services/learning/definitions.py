"""What every number of learning means: docs/metrics.md is made from here."""

from functools import partial
from typing import Final

from shared.vocabulary.definition import Definition, by_id

share_definition = partial(Definition, version=1, unit="share", direction="higher is better")
PROGRESS: Final = "progress in courses; MemberAdded and MemberChanged of accounts"

EDUCATION_ADOPTION: Final = share_definition(
    id="L1",
    title="Education adoption",
    formula="members with at least one course completed / members at asOf",
    window="180 days before asOf",
    source=PROGRESS,
)
CERTIFIED: Final = share_definition(
    id="L1.certified",
    title="Certified share",
    formula="members who ever passed an assessment with 0.7 or better / members at asOf",
    window="all that happened before asOf",
    source=PROGRESS,
)
COMPLETION_RATE: Final = share_definition(
    id="L4",
    title="Completion rate",
    formula="enrolments of a member in a course that were completed / enrolments 30 days old",
    window="enrolled 30 days before asOf or earlier, completed until asOf",
    source="progress in courses",
)

DEFINITIONS: Final = by_id(EDUCATION_ADOPTION, CERTIFIED, COMPLETION_RATE)
