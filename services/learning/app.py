"""The learning process: what it answers, takes in and listens to."""

from services.learning.actions import courses as courses_actions
from services.learning.actions import learners as learners_actions
from services.learning.actions import listening
from services.learning.store import courses, learners, paths
from shared.process.service import Service, run

SERVICE = Service(
    name="learning",
    reads=[
        courses.courses,
        courses.courses_by_id,
        learners.summary,
        learners.mastery,
        learners.features,
        learners.dictionary,
        paths.path,
        paths.paths_by_id,
    ],
    commands=[
        courses_actions.course_upsert,
        learners_actions.progress_record,
        learners_actions.path_recommend,
    ],
    kinds=[courses_actions.COURSES, learners_actions.PROGRESS],
    listeners={
        "accounts": {listening.learn_members: ["MemberAdded", "MemberChanged"]},
    },
)

if __name__ == "__main__":
    run(SERVICE)
