"""Learning over the wire: what is sent comes back as the same types."""

from uuid import uuid4

from services.learning.actions import courses as courses_actions
from services.learning.actions import paths as paths_actions
from services.learning.actions import progress as progress_actions
from services.learning.app import SERVICE
from services.learning.store import courses, landmarks, learners, paths
from shared.platform.auth import Principal
from shared.platform.config import Settings
from shared.process.rpc import Dispatcher, Rpc
from shared.vocabulary.ids import global_id
from shared.vocabulary.landmark import Landmark
from tests.conftest import DatabaseOf
from tests.services.learning.examples import JUNE, codes, course, drained, hears, member_fact

ACCOUNT, MEMBER = uuid4(), uuid4()


async def test_every_function_answers_over_the_wire(
    database: DatabaseOf, settings: Settings, principal: Principal
) -> None:
    db = await database("learning")
    exposed = Dispatcher(db, reads=SERVICE.reads, commands=SERVICE.commands)
    rpc = Rpc(settings, local={"learning": exposed})
    await hears(db, member_fact(principal.tenant_id, ACCOUNT, MEMBER))

    basics = await rpc.call(principal, courses_actions.course_upsert, course("basics"))
    more = course("charts", prerequisites=["basics"], level=2)
    await rpc.call(principal, courses_actions.course_upsert, more)
    recommendation = await rpc.call(principal, paths_actions.path_recommend, MEMBER)
    await drained(db)
    path = (await rpc.call(principal, paths.path, [MEMBER]))[MEMBER]
    row = {
        "memberId": global_id("Member", MEMBER), "courseCode": "basics", "kind": "completed",
        "occurredAt": JUNE,
    }  # fmt: skip
    step = await rpc.call(principal, progress_actions.progress_record, row)
    summary = (await rpc.call(principal, learners.summary, [ACCOUNT]))[ACCOUNT]
    mastery = await rpc.call(principal, learners.mastery, [MEMBER])
    page = await rpc.call(principal, courses.courses, first=1)
    (features,) = await rpc.call(principal, landmarks.features, [Landmark(ACCOUNT, JUNE)])

    assert recommendation.path is None
    assert codes(path) == ["basics", "charts"]
    assert (await rpc.call(principal, paths.paths_by_id, [path.id]))[path.id] == path
    assert (await rpc.call(principal, courses.courses_by_id, [basics.id]))[basics.id] == basics
    assert (page.items, page.has_next) == ([basics], True)
    assert (step.course, step.occurred_at) == ("basics", JUNE)
    assert mastery[MEMBER][0].courses == ["basics"]
    assert (summary.learners, summary.next_courses[0].course) == (1, basics)
    assert features["course_completions_180d"] == 0
