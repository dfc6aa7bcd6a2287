"""The learning process: what it answers, takes in and listens to."""

from services.learning.actions import courses as course_actions
from services.learning.actions import learners as learner_actions
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
        course_actions.course_upsert,
        learner_actions.progress_record,
        learner_actions.path_recommend,
    ],
    kinds=[course_actions.COURSES, learner_actions.PROGRESS],
    listeners={
        "accounts": {
            "MemberAdded": learner_actions.know_member,
            "MemberChanged": learner_actions.know_member,
        }
    },
)

if __name__ == "__main__":
    run(SERVICE)
