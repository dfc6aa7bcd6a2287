"""What `node(id)` can fetch from learning."""

from services.learning.schema.courses import Course
from services.learning.schema.paths import LearningPath
from services.learning.store import courses as courses_store
from services.learning.store import paths as paths_store
from shared.graphql.fields import by_id

NODES = {
    "LearningPath": by_id(paths_store.paths_by_id, LearningPath),
    "Course": by_id(courses_store.courses_by_id, Course),
}
