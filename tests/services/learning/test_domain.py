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


def course(code: str, *needs: str, **given: object) -> Course:
    base = Course(
        id=UUID(int=0), code=code, title=code, minutes=20, skill="reporting", level=1,
        roles=(), modality="video", language="en", prerequisites=needs,
    )  # fmt: skip
    return replace(base, **given)  # type: ignore[arg-type] - a test's shorthand


def learner(role: str | None = "analyst", level: int = 1) -> Learner:
    return Learner(uuid4(), uuid4(), role, level)


@st.composite
def catalogues(draw: st.DrawFn) -> list[Course]:
    """Up to twelve courses; each needs only earlier ones."""
    found: list[Course] = []
    for number in range(draw(st.integers(0, 12))):
        earlier = [one.code for one in found]
        needs = draw(st.sets(st.sampled_from(earlier), max_size=3)) if earlier else set()
        found.append(
            course(
                f"c{number:02}",
                *sorted(needs),
                minutes=draw(st.integers(1, 150)),
                skill=draw(st.sampled_from("xyz")),
                level=draw(st.integers(0, 4)),
                roles=tuple(sorted(draw(st.sets(st.sampled_from(ROLES), max_size=2)))),
            )
        )
    return draw(st.permutations(found))


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Course], Learner, set[str]]:
    found = draw(catalogues())
    mastered = draw(st.sets(st.sampled_from([one.code for one in found]))) if found else set()
    return found, learner(draw(st.sampled_from((*ROLES, None))), draw(st.integers(0, 4))), mastered


Case = tuple[list[Course], Learner, set[str]]


def plan(case: Case, budget: Budget = BUDGET) -> Plan:
    found, member, mastered = case
    return next_path(member, mastered, Catalogue(found, NOON), budget)


@law
@given(cases())
def test_nothing_mastered_is_recommended_and_prerequisites_come_first(case: Case) -> None:
    found, _, mastered = case
    needs = {one.code: set(one.prerequisites) for one in found}
    done = set(mastered)
    for code in plan(case).courses:
        assert code not in done
        assert needs[code] <= done
        done.add(code)


@law
@given(cases())
def test_the_budget_is_kept(case: Case) -> None:
    minutes = {one.code: one.minutes for one in case[0]}
    found = plan(case)

    assert len(found.steps) <= 5
    assert found.minutes == sum(minutes[code] for code in found.courses) <= 120


@law
@given(cases(), st.randoms())
def test_the_order_of_the_catalogue_does_not_matter(case: Case, random: st.DataObject) -> None:
    found, member, mastered = case
    shuffled = [*found]
    random.shuffle(shuffled)  # type: ignore[attr-defined] - hypothesis gives a Random

    assert plan((shuffled, member, mastered)) == plan(case)


@law
@given(cases())
def test_without_a_gap_there_is_no_path(case: Case) -> None:
    found, member, _ = case

    assert plan((found, member, {one.code for one in found})).steps == []


@law
@given(cases(), st.data())
def test_mastering_more_never_lengthens_what_is_left(case: Case, draw: st.DataObject) -> None:
    found, member, mastered = case
    if found:
        more = mastered | {draw.draw(st.sampled_from([one.code for one in found]))}
        before, after = plan(case, ENDLESS), plan((found, member, more), ENDLESS)

        assert set(after.courses) <= set(before.courses)
        assert after.minutes <= before.minutes


@law
@given(cases(), st.data())
def test_removing_a_course_never_crashes(case: Case, draw: st.DataObject) -> None:
    found, member, mastered = case
    if found:
        gone = draw.draw(st.sampled_from(found))
        rest = [one for one in found if one is not gone]

        assert gone.code not in plan((rest, member, mastered)).courses


@law
@given(cases())
def test_every_target_is_on_the_path_or_excluded_with_a_reason(case: Case) -> None:
    found, member, _ = case
    result = plan(case)
    told = {*result.courses, *(left.course for left in result.excluded)}

    for one in found:
        if one.level <= member.level + 1 and (not one.roles or member.role in one.roles):
            assert one.code in told


@law
@given(cases())
def test_every_step_has_a_reason(case: Case) -> None:
    assert all(step.reasons for step in plan(case).steps)


@law
@given(cases(), cases())
def test_the_hash_stands_for_the_plan(one: Case, other: Case) -> None:
    if plan(one).inputs_hash == plan(other).inputs_hash:
        assert plan(one) == plan(other)


def test_courses_of_other_roles_and_higher_levels_do_not_change_the_hash() -> None:
    near = [course("a"), course("b", "a", level=2)]
    far = [course("z", roles=("admin",)), course("y", level=4)]

    before = plan((near, learner(), set()))
    after = plan((near + far, learner(), {"z"}))

    assert before.courses == ["a", "b"]
    assert after.inputs_hash != before.inputs_hash, "z lifts the level shown in the same skill"
    assert plan((near + far, learner(), set())).inputs_hash == before.inputs_hash


def test_the_reasons_of_a_path_can_be_read_by_programs() -> None:
    found = [course("basics", level=1), course("charts", "basics", level=2, roles=("analyst",))]

    basics, charts = plan((found, learner(level=1), set())).steps

    assert [(r.kind, r.subject, r.value, r.threshold) for r in charts.reasons] == [
        ("role", "analyst", None, None), ("level", "reporting", 2, 2), ("gap", "reporting", 0, 2),
    ]  # fmt: skip
    assert basics.reasons[-1].kind == "prerequisite_of"
    assert basics.reasons[-1].subject == "charts"


def test_what_is_not_offered_or_cannot_be_reached_is_excluded_by_name() -> None:
    found = [
        course("old", valid_to=NOON), course("next", "old"), course("lost", "nowhere"),
        course("long", minutes=121),
    ]  # fmt: skip
    result = plan((found, learner(), set()))

    assert result.steps == []
    assert {(left.course, left.why, left.detail) for left in result.excluded} == {
        ("old", "not_offered", None), ("next", "prerequisite_unavailable", "old"),
        ("lost", "prerequisite_unavailable", "nowhere"), ("long", "over_budget", None),
    }  # fmt: skip


@law
@given(catalogues())
def test_a_catalogue_without_cycles_has_an_order_and_none_is_found(found: list[Course]) -> None:
    graph = {one.code: one.prerequisites for one in found}
    order = sorted_by_need(graph)

    assert sorted(order) == sorted(graph)
    assert all(order.index(need) < order.index(code) for code in graph for need in graph[code])
    assert cycles(graph) == {}


def test_a_cycle_is_named_and_what_hangs_on_it_is_not() -> None:
    graph = {"a": ["b"], "b": ["c"], "c": ["a", "e"], "d": ["a"], "e": [], "self": ["self"]}

    found = cycles(graph)

    assert found.keys() == {"a", "b", "c", "self"}
    assert found["b"] == ["a", "b", "c", "a"]
    assert found["self"] == ["self", "self"]
