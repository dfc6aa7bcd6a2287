"""Whose fault an error is: a mistake of the client is explained, a bug of ours is masked."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from graphql import GraphQLError
from strawberry import Schema
from strawberry.exceptions import MissingQueryError
from strawberry.extensions import MaskErrors
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from graph.leniency import relax
from shared.vocabulary.errors import InvalidInput, Refusal

BAD_REQUEST = "BAD_REQUEST"
INTERNAL = "INTERNAL"
NOT_VALID = "GRAPHQL_VALIDATION_FAILED"
STREAM_NEEDED = "a subscription needs a stream: `Accept: text/event-stream`, or a WebSocket"
UNCLEAR = (MissingQueryError, CannotGetOperationTypeError, InvalidOperationTypeError)
"""A request that does not say, or may not have, one operation."""


def code(error: GraphQLError) -> str:
    """The code that a client reads; INTERNAL is a bug of ours and nothing else."""
    cause = error.original_error
    if isinstance(cause, Refusal):
        return cause.code
    if isinstance(cause, UNCLEAR):
        return BAD_REQUEST
    if error.path is None:  # of the whole document, or of a place in it: never came to run
        return NOT_VALID if cause is None or error.nodes else INTERNAL
    by_graphql = cause is None or (isinstance(cause, GraphQLError) and cause.nodes)
    return InvalidInput.code if by_graphql else INTERNAL


def is_bug(error: GraphQLError) -> bool:
    """Whether the fault is ours; such an error is masked for the client and logged for us."""
    return code(error) == INTERNAL


class MaskBugs(MaskErrors):
    """Hides what a bug says; the code stays."""

    def __init__(self) -> None:
        super().__init__(should_mask_error=is_bug, error_message="internal error")

    def anonymise_error(self, error: GraphQLError) -> GraphQLError:
        """The same place with nothing but the code."""
        place = super().anonymise_error(error)
        place.extensions = {"code": INTERNAL}
        return place


class Graph(Schema):
    """A schema whose errors carry a code on every way to the client."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        relax(self._schema)

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Give each its code; log the bugs alone."""
        for error in errors:
            error.extensions = {**(error.extensions or {}), "code": code(error)}
        super().process_errors([error for error in errors if is_bug(error)], execution_context)

    async def execute(self, query: str | None, *args: Any, **options: Any) -> ExecutionResult:
        """One answer; a subscription has many, and needs a stream to carry them."""
        allowed = options.get("allowed_operation_types") or OperationType
        options["allowed_operation_types"] = {*allowed} - {OperationType.SUBSCRIPTION}
        try:
            return await super().execute(query, *args, **options)
        except CannotGetOperationTypeError as cause:
            return self._failure(cause, cause.as_http_error_reason())
        except InvalidOperationTypeError as cause:
            if cause.operation_type is not OperationType.SUBSCRIPTION:
                raise
            return self._failure(cause, STREAM_NEEDED)

    async def stream(self, query: str | None, *args: Any, **options: Any) -> AsyncGenerator[Any]:
        """The answers as they come; if they break off, the last one says why."""
        return self._to_the_end(await super().stream(query, *args, **options))

    async def _to_the_end(self, results: AsyncGenerator[Any]) -> AsyncGenerator[Any]:
        try:
            async with aclosing(results):
                async for result in results:
                    yield result
        except Exception as cause:
            yield self._failure(cause, str(cause))

    def _failure(self, cause: Exception, message: str) -> ExecutionResult:
        """The result of an operation that did not come to run."""
        error = GraphQLError(message, original_error=cause)
        self.process_errors([error])
        shown = MaskBugs().anonymise_error(error) if is_bug(error) else error
        return PreExecutionError(data=None, errors=[shown])
