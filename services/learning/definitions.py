"""What every number of learning means: docs/metrics.md is made from here."""

from typing import Final

from shared.vocabulary.definition import Definition, by_id

PROGRESS: Final = "progress in courses; MemberAdded and MemberChanged of accounts"

EDUCATION_ADOPTION: Final = Definition(
    id="L1",
    version=1,
    title="Education adoption",
    formula="members with at least one course completed / members at asOf",
    unit="share",
    window="180 days before asOf",
    direction="higher is better",
    source=PROGRESS,
)
CERTIFIED: Final = Definition(
    id="L1.certified",
    version=1,
    title="Certified share",
    formula="members who ever passed an assessment with 0.7 or better / members at asOf",
    unit="share",
    window="all that happened before asOf",
    direction="higher is better",
    source=PROGRESS,
)
COMPLETION_RATE: Final = Definition(
    id="L4",
    version=1,
    title="Completion rate",
    formula="enrolments of a member in a course that were completed / enrolments 30 days old",
    unit="share",
    window="enrolled 30 days before asOf or earlier, completed until asOf",
    direction="higher is better",
    source="progress in courses",
)

DEFINITIONS: Final = by_id(EDUCATION_ADOPTION, CERTIFIED, COMPLETION_RATE)
