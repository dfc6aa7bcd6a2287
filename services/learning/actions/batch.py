"""What both kinds of row have in common: bad rows are put aside."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from shared.intake.rows import Numbered, Receipt, Row, refused
from shared.vocabulary.errors import InvalidInput

R = TypeVar("R", bound=Row)


def checked(
    rows: Sequence[Numbered[R]], check: Callable[[R], None]
) -> tuple[list[Numbered[R]], list[Receipt]]:
    """The rows that pass, and receipts for the others."""
    good: list[Numbered[R]] = []
    bad: list[Receipt] = []
    for one in rows:
        try:
            check(one.row)
            good.append(one)
        except InvalidInput as error:
            bad.append(refused(one, error))
    return good, bad
