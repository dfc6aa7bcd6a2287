"""Everything there is to learn."""

import strawberry

from services.learning.schema.courses import Course
from services.learning.store import courses as courses_store
from shared.graphql.fields import called
from shared.graphql.paging import Connection


@strawberry.type
class Query:
    courses: Connection[Course] | None = called(courses_store.courses, "All courses, by code.")
