"""X7: a number of usage leaves it as a metric that explains itself, and in no other way."""

from collections.abc import Iterator

from graphql import GraphQLNonNull, GraphQLObjectType, build_schema, get_named_type

from graph.schema import schema

BUILT = build_schema(schema.as_str())
OF_USAGE = {
    "usage", "timeToValue", "milestoneFunnel", "memberFunnel", "segmentHabits",
    "renewalAssociations", "useCases", "milestones", "memberSessions",
}  # fmt: skip
SAID_BY_THE_TENANT = {"Milestone.weight"}


def of_usage() -> Iterator[GraphQLObjectType]:
    """Every type that usage answers with, however deep, other than a metric itself."""
    roots = [BUILT.type_map["Account"], BUILT.type_map["Query"]]
    waiting = [
        get_named_type(field.type)
        for root in roots
        if isinstance(root, GraphQLObjectType)
        for name, field in root.fields.items()
        if name in OF_USAGE
    ]
    names = {"MetricValue"}
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, GraphQLObjectType) and kind.name not in names:
            names.add(kind.name)
            yield kind
            waiting.extend(get_named_type(field.type) for field in kind.fields.values())


def test_x7_no_number_of_usage_is_a_bare_float() -> None:
    kinds = {kind.name: kind for kind in of_usage()}
    assert {"UsageSummary", "SeatUse", "Habit", "MemberFunnelStep", "Stickiness"} <= set(kinds)
    bare = {
        f"{name}.{field}"
        for name, kind in kinds.items()
        for field, of in kind.fields.items()
        if get_named_type(of.type).name == "Float"
    }
    assert bare == SAID_BY_THE_TENANT


def test_x7_a_metric_says_what_made_it() -> None:
    kind = BUILT.type_map["MetricValue"]
    assert isinstance(kind, GraphQLObjectType)
    assert set(kind.fields) == {
        "value", "insufficientData", "definition", "version", "n", "numerator", "denominator",
        "from", "to", "freshness",
    }  # fmt: skip
    firm = {name for name, of in kind.fields.items() if isinstance(of.type, GraphQLNonNull)}
    assert firm == {"insufficientData", "definition", "version", "n"}
