"""What must hold of a row before it is kept: who breaks it gets a receipt, and the others go on."""

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

from shared.intake.rows import NumberedRow, Receipt, Row, row_rejection
from shared.vocabulary.errors import InvalidInput, clip

R = TypeVar("R", bound=Row)
Check: TypeAlias = Callable[[R], None]
"""Raises InvalidInput or Contradiction; what it settles, it writes into the row."""


class Contradiction(Exception):
    """A good row that does not agree with what is kept."""

    def __init__(self, field: str, value: object, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.value = value


def check_rows(
    rows: Sequence[NumberedRow[R]], check: Check[R]
) -> tuple[list[NumberedRow[R]], list[Receipt]]:
    """The rows that pass, and receipts for the others."""
    good: list[NumberedRow[R]] = []
    receipts: list[Receipt] = []
    for row in rows:
        try:
            check(row.row)
            good.append(row)
        except InvalidInput as error:
            receipts.append(row_rejection(row, error))
        except Contradiction as error:
            receipts.append(contradiction_receipt(row, error))
    return good, receipts


def contradiction_receipt(row: NumberedRow[R], error: Contradiction) -> Receipt:
    """The receipt of such a row, with the id it came with."""
    return Receipt(row.number, "conflict", row.id, error.field, clip(error.value), str(error))
