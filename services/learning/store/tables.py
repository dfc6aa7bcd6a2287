"""What learning keeps in versions."""

from typing import Any

from services.learning.rows import CourseRow, ProgressRow
from shared.intake.versioned import Versioned


def _course(row: ProgressRow) -> dict[str, Any]:
    return {"course": row.course_code}


COURSE = Versioned("learning.course", CourseRow, owner="tenant_id")
PROGRESS = Versioned("learning.progress", ProgressRow, corrections=False, columns=_course)
