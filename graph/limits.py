"""How deep, wide and long an operation may be; made once, so that validation is cached."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import Any

from graphql import GraphQLError, OperationDefinitionNode
from strawberry.extensions import (
    AddValidationRules,
    MaxTokensLimiter,
    ParserCache,
    SchemaExtension,
    ValidationCache,
)
from strawberry.extensions.max_aliases import create_validator as aliases_at_most
from strawberry.extensions.query_depth_limiter import create_validator as depth_at_most
from strawberry.types import ExecutionContext
from strawberry.types.graphql import OperationType

from graph.context import GraphContext
from graph.faults import MaskBugs

MAX_BODY_BYTES = 1024 * 1024
READ_WITHIN_S = 10.0
OPERATION_TIMEOUT_S = 15.0
MAX_TOKENS = 4_000
RULES: list[Any] = [depth_at_most(18, None), aliases_at_most(60)]
"""The same objects for every request, so that validation is cached."""


class Documents(ParserCache):
    """Parsed documents; one that cannot be parsed is left to Strawberry, which says so.

    An error raised here would end a stream without a word.
    """

    def on_parse(self) -> Iterator[None]:
        """Take the document from the cache."""
        context = self.execution_context
        with suppress(GraphQLError, RecursionError):
            context.graphql_document = self.cached_parse_document(
                context.query, **context.parse_options
            )
        yield


class Validity(ValidationCache):
    """Validated documents; one that breaks its own validation gets an error that says so."""

    def on_validate(self) -> Iterator[None]:
        """Take the errors from the cache. Of several operations Strawberry would run the first."""
        context = self.execution_context
        try:
            errors = self.cached_validate_document(
                context.schema._schema,  # pyrefly: ignore[protected-access] - as the base does
                context.graphql_document,
                context.validation_rules,
            )
        except (RecursionError, ValueError):
            errors = [GraphQLError("the document is nested too deep, or holds too long a number")]
        if not errors and _is_ambiguous(context):
            errors = [GraphQLError("there are several operations: name one in operationName")]
        context.pre_execution_errors = errors
        yield


def _is_ambiguous(context: ExecutionContext) -> bool:
    document = context.graphql_document
    if document is None or context._provided_operation_name is not None:  # pyrefly: ignore[protected-access] - no public name tells what the client sent
        return False
    return sum(isinstance(part, OperationDefinitionNode) for part in document.definitions) > 1


class Turns(SchemaExtension):
    """An operation is read and carried out when it is its tenant's turn."""

    async def on_operation(self) -> AsyncIterator[None]:
        """One turn for all of it; the events of a subscription come when they come."""
        context: GraphContext = self.execution_context.context
        who = context.principal
        async with AsyncExitStack() as self._turn:
            turn = context.gates.operations.turn(who.tenant_id, who.subject)
            await self._turn.enter_async_context(turn)
            yield

    async def on_execute(self) -> AsyncIterator[None]:
        """A subscription has begun: its place among the subscriptions is another one."""
        if self.execution_context.operation_type is OperationType.SUBSCRIPTION:
            await self._turn.aclose()
        yield


EXTENSIONS: list[Any] = [
    Turns,
    partial(MaxTokensLimiter, max_token_count=MAX_TOKENS),
    Documents,
    Validity,
    partial(AddValidationRules, RULES),
    MaskBugs,
]
