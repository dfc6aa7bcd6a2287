"""The learning process: what it answers, takes in and listens to."""

from services.learning.actions import courses as courses_actions
from services.learning.actions import listening
from services.learning.actions import paths as paths_actions
from services.learning.actions import progress as progress_actions
from services.learning.store import courses, landmarks, learners, paths
from shared.process.service import Service, run

SERVICE = Service(
    name="learning",
    reads={
        "read": [
            courses.courses,
            courses.courses_by_id,
            learners.summary,
            learners.mastery,
            paths.path,
            paths.paths_by_id,
        ],
        "ml": [landmarks.features, landmarks.dictionary],
    },
    commands={
        "ingest": [courses_actions.course_upsert, progress_actions.progress_record],
        "act": [paths_actions.path_recommend],
    },
    bulk_routes={"ingest": [courses_actions.COURSES, progress_actions.PROGRESS]},
    listeners={"accounts": {listening.learn_members: ["MemberAdded", "MemberChanged"]}},
)

if __name__ == "__main__":
    run(SERVICE)
