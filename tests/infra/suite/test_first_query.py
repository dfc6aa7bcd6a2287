"""The first query that a new user pastes is one that the graph can answer, and a shell can read."""

import json
import shlex

from graphql import build_schema, parse, validate

from infra.suite.welcome import FIRST_QUERY, first_query
from tests.architecture.tree import ROOT

PRINTED = ROOT / "graph" / "schema.graphql"


def test_the_graph_knows_every_field_of_the_first_query():
    assert not validate(build_schema(PRINTED.read_text()), parse(FIRST_QUERY.read_text()))


def test_the_command_is_one_line_that_a_shell_reads_as_meant():
    command = first_query("http://127.0.0.1:8000", "tnr_key")
    words = shlex.split(command)
    assert "\n" not in command
    assert words[:3] == ["curl", "-s", "http://127.0.0.1:8000/graphql"]
    assert "Authorization: Bearer tnr_key" in words
    parse(json.loads(words[-1])["query"])
