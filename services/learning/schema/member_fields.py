"""What a member learns next, and has shown."""

import strawberry

from services.learning.schema.courses import SkillMastery
from services.learning.schema.paths import LearningPath
from services.learning.store import learners as learners_store
from services.learning.store import paths as paths_store
from shared.graphql.fields import answered, empty, moment
from shared.graphql.objects import Part


@strawberry.type
class MemberFields(Part):
    learning_path: LearningPath | None = answered(
        paths_store.path,
        "The courses to take next; null until the first recommendation.",
        takes=moment,
    )
    mastery: list[SkillMastery] | None = answered(
        learners_store.mastery,
        "The levels that the member has shown, by skill.",
        takes=moment,
        absent=empty,
    )
