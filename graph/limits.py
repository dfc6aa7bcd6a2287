"""How deep, wide and long an operation may be; made once, so that validation is cached."""

from typing import Any

from graphql import GraphQLError
from strawberry.extensions import (
    AddValidationRules,
    MaskErrors,
    MaxTokensLimiter,
    ParserCache,
    ValidationCache,
)
from strawberry.extensions.max_aliases import create_validator as aliases_at_most
from strawberry.extensions.query_depth_limiter import create_validator as depth_at_most

from shared.vocabulary.errors import Refusal

BODY_MOST_BYTES = 1024 * 1024
OPERATION_TIMEOUT_S = 15.0
TOKENS_MOST = 4_000
RULES: list[Any] = [depth_at_most(18, None), aliases_at_most(60)]


class Limits(AddValidationRules):
    """Depth and aliases, as validation rules that are the same objects for every request."""

    def __init__(self) -> None:
        super().__init__(RULES)


def is_bug(error: GraphQLError) -> bool:
    """Anything but a refusal and what the client got wrong is a bug: masked for the client."""
    cause = error.original_error
    return error.path is not None and cause is not None and not isinstance(cause, Refusal)


def _masked() -> MaskErrors:
    return MaskErrors(should_mask_error=is_bug, error_message="internal error")


def _tokens() -> MaxTokensLimiter:
    return MaxTokensLimiter(max_token_count=TOKENS_MOST)


EXTENSIONS: list[Any] = [_tokens, ParserCache, ValidationCache, Limits, _masked]
