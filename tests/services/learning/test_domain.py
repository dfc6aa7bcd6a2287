"""Paths obey their laws whatever the catalogue; cycles are found and named."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from services.learning.domain.courses import Catalogue, Course, cycles, sorted_by_need
from services.learning.domain.learners import Learner
from services.learning.domain.paths import BUDGET, Budget, Plan, next_path

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
law = settings(max_examples=60)
ENDLESS = Budget(10_000, 10_000_000)
ROLES = ("admin", "analyst", "user")


def course(code: str, *needs: str, **values: object) -> Course:
    base = Course(
        id=UUID(int=0), code=code, title=code, minutes=20, skill="reporting", level=1,
        roles=(), modality="video", language="en", prerequisites=needs,
    )  # fmt: skip
    return replace(base, **values)  # type: ignore[arg-type] - a test's shorthand


def learner(role: str | None = "analyst", level: int = 1) -> Learner:
    return Learner(uuid4(), uuid4(), role, level)


@st.composite
def catalogues(draw: st.DrawFn) -> list[Course]:
    """Up to twelve courses; each needs only earlier ones."""
    courses: list[Course] = []
    for number in range(draw(st.integers(0, 12))):
        earlier = [earlier_course.code for earlier_course in courses]
        needs = draw(st.sets(st.sampled_from(earlier), max_size=3)) if earlier else set()
        courses.append(
            course(
                f"c{number:02}",
                *sorted(needs),
                minutes=draw(st.integers(1, 150)),
                skill=draw(st.sampled_from("xyz")),
                level=draw(st.integers(0, 4)),
                roles=tuple(sorted(draw(st.sets(st.sampled_from(ROLES), max_size=2)))),
            )
        )
    return draw(st.permutations(courses))


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Course], Learner, set[str]]:
    courses = draw(catalogues())
    mastered = (
        draw(st.sets(st.sampled_from([course.code for course in courses]))) if courses else set()
    )
    return (
        courses,
        learner(draw(st.sampled_from((*ROLES, None))), draw(st.integers(0, 4))),
        mastered,
    )


Case = tuple[list[Course], Learner, set[str]]


def plan(case: Case, budget: Budget = BUDGET) -> Plan:
    courses, member, mastered = case
    return next_path(member, mastered, Catalogue(courses, NOON), budget)


@law
@given(cases())
def test_nothing_mastered_is_recommended_and_prerequisites_come_first(case: Case) -> None:
    courses, _, mastered = case
    needs = {course.code: set(course.prerequisites) for course in courses}
    done = set(mastered)
    for code in plan(case).courses:
        assert code not in done
        assert needs[code] <= done
        done.add(code)


@law
@given(cases())
def test_the_budget_is_kept(case: Case) -> None:
    minutes = {course.code: course.minutes for course in case[0]}
    path = plan(case)

    assert len(path.steps) <= 5
    assert path.minutes == sum(minutes[code] for code in path.courses) <= 120


@law
@given(cases(), st.randoms())
def test_the_order_of_the_catalogue_does_not_matter(case: Case, random: st.DataObject) -> None:
    courses, member, mastered = case
    shuffled = [*courses]
    random.shuffle(shuffled)  # type: ignore[attr-defined] - hypothesis gives a Random

    assert plan((shuffled, member, mastered)) == plan(case)


@law
@given(cases())
def test_without_a_gap_there_is_no_path(case: Case) -> None:
    courses, member, _ = case

    assert plan((courses, member, {course.code for course in courses})).steps == []


@law
@given(cases(), st.data())
def test_mastering_more_never_lengthens_what_is_left(case: Case, draw: st.DataObject) -> None:
    courses, member, mastered = case
    if courses:
        more = mastered | {draw.draw(st.sampled_from([course.code for course in courses]))}
        before, after = plan(case, ENDLESS), plan((courses, member, more), ENDLESS)

        assert set(after.courses) <= set(before.courses)
        assert after.minutes <= before.minutes


@law
@given(cases(), st.data())
def test_removing_a_course_never_crashes(case: Case, draw: st.DataObject) -> None:
    courses, member, mastered = case
    if courses:
        removed = draw.draw(st.sampled_from(courses))
        rest = [course for course in courses if course is not removed]

        assert removed.code not in plan((rest, member, mastered)).courses


@law
@given(cases())
def test_every_target_is_on_the_path_or_excluded_with_a_reason(case: Case) -> None:
    courses, member, _ = case
    result = plan(case)
    codes = {*result.courses, *(left.course for left in result.excluded)}

    for course in courses:
        if course.level <= member.level + 1 and (not course.roles or member.role in course.roles):
            assert course.code in codes


@law
@given(cases())
def test_every_step_has_a_reason(case: Case) -> None:
    assert all(step.reasons for step in plan(case).steps)


@law
@given(cases(), cases())
def test_the_hash_stands_for_the_plan(case: Case, other: Case) -> None:
    if plan(case).inputs_hash == plan(other).inputs_hash:
        assert plan(case) == plan(other)


def test_courses_of_other_roles_and_higher_levels_do_not_change_the_hash() -> None:
    near = [course("a"), course("b", "a", level=2)]
    far = [course("z", roles=("admin",)), course("y", level=4)]

    before = plan((near, learner(), set()))
    after = plan((near + far, learner(), {"z"}))

    assert before.courses == ["a", "b"]
    assert after.inputs_hash != before.inputs_hash, "z lifts the level shown in the same skill"
    assert plan((near + far, learner(), set())).inputs_hash == before.inputs_hash


def test_the_reasons_of_a_path_can_be_read_by_programs() -> None:
    courses = [course("basics", level=1), course("charts", "basics", level=2, roles=("analyst",))]

    basics, charts = plan((courses, learner(level=1), set())).steps

    assert [(r.kind, r.subject, r.value, r.threshold) for r in charts.reasons] == [
        ("role", "analyst", None, None), ("level", "reporting", 2, 2), ("gap", "reporting", 0, 2),
    ]  # fmt: skip
    assert basics.reasons[-1].kind == "prerequisite_of"
    assert basics.reasons[-1].subject == "charts"


def test_what_is_not_offered_or_cannot_be_reached_is_excluded_by_name() -> None:
    courses = [
        course("old", valid_to=NOON), course("next", "old"), course("lost", "nowhere"),
        course("long", minutes=121),
    ]  # fmt: skip
    result = plan((courses, learner(), set()))

    assert result.steps == []
    assert {(left.course, left.why, left.detail) for left in result.excluded} == {
        ("old", "not_offered", None), ("next", "prerequisite_unavailable", "old"),
        ("lost", "prerequisite_unavailable", "nowhere"), ("long", "over_budget", None),
    }  # fmt: skip


@law
@given(catalogues())
def test_a_catalogue_without_cycles_has_an_order_and_none_is_found(courses: list[Course]) -> None:
    graph = {course.code: course.prerequisites for course in courses}
    order = sorted_by_need(graph)

    assert sorted(order) == sorted(graph)
    assert all(order.index(need) < order.index(code) for code in graph for need in graph[code])
    assert cycles(graph) == {}


def test_a_cycle_is_named_and_what_hangs_on_it_is_not() -> None:
    graph = {"a": ["b"], "b": ["c"], "c": ["a", "e"], "d": ["a"], "e": [], "self": ["self"]}

    by_course = cycles(graph)

    assert by_course.keys() == {"a", "b", "c", "self"}
    assert by_course["b"] == ["a", "b", "c", "a"]
    assert by_course["self"] == ["self", "self"]
