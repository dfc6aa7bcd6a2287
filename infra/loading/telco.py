"""The Telco sample: a strict reader of its CSV, and the rows of the bulk API it turns into.

The file is a snapshot: each customer's contract began `tenure` months before the day of import,
and a churned one ends on that day.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from infra.loading.errors import LoadError
from ml.simulation import rows
from ml.simulation.clock import add_months

SOURCE = "telco"
CURRENCY = "USD"
TERMS_MONTHS = {"Month-to-month": 1, "One year": 12, "Two year": 24}
METHODS = {
    "Electronic check": "electronic_check",
    "Mailed check": "mailed_check",
    "Bank transfer (automatic)": "bank_transfer_automatic",
    "Credit card (automatic)": "credit_card_automatic",
}
_YES_NO = {"Yes": True, "No": False}
_BY_PHONE = ("Yes", "No", "No phone service")
_BY_INTERNET = ("Yes", "No", "No internet service")
_SERVICES: dict[str, tuple[str, Sequence[str]]] = {
    "gender": ("gender", ("Female", "Male")),
    "MultipleLines": ("multiple_lines", _BY_PHONE),
    "InternetService": ("internet_service", ("DSL", "Fiber optic", "No")),
    "OnlineSecurity": ("online_security", _BY_INTERNET),
    "OnlineBackup": ("online_backup", _BY_INTERNET),
    "DeviceProtection": ("device_protection", _BY_INTERNET),
    "TechSupport": ("tech_support", _BY_INTERNET),
    "StreamingTV": ("streaming_tv", _BY_INTERNET),
    "StreamingMovies": ("streaming_movies", _BY_INTERNET),
}
_FLAGS = {
    "Partner": "partner",
    "Dependents": "dependents",
    "PhoneService": "phone_service",
    "PaperlessBilling": "paperless_billing",
}
HEADER = [
    "customerID",
    "gender",
    "SeniorCitizen",
    "Partner",
    "Dependents",
    "tenure",
    "PhoneService",
    "MultipleLines",
    "InternetService",
    "OnlineSecurity",
    "OnlineBackup",
    "DeviceProtection",
    "TechSupport",
    "StreamingTV",
    "StreamingMovies",
    "Contract",
    "PaperlessBilling",
    "PaymentMethod",
    "MonthlyCharges",
    "TotalCharges",
    "Churn",
]


@dataclass(frozen=True, slots=True)
class Customer:
    """One line of the file, without TotalCharges: tenure times price, and no cause of either."""

    id: str
    traits: dict[str, str | int | bool]
    tenure_months: int
    term_months: int
    payment_method: str
    monthly_cents: int
    churned: bool


@dataclass(frozen=True, slots=True)
class _Line:
    """The cells of a line, with what is needed to say where one is wrong."""

    path: Path
    number: int
    cells: dict[str, str]

    def refuse(self, column: str, why: str) -> LoadError:
        return LoadError(f"{self.path}: line {self.number}, column {column}: {why}")

    def text(self, column: str) -> str:
        if not (text := self.cells[column].strip()):
            raise self.refuse(column, "is empty")
        return text

    def one_of(self, column: str, allowed: Sequence[str]) -> str:
        text = self.cells[column].strip()
        if text not in allowed:
            raise self.refuse(column, f"'{text}' is none of {', '.join(allowed)}")
        return text

    def whole(self, column: str, limit: int) -> int:
        text = self.cells[column].strip()
        if not (text.isascii() and text.isdigit()):
            raise self.refuse(column, f"'{text}' is not a whole number")
        if int(text) > limit:
            raise self.refuse(column, f"'{text}' is more than {limit}")
        return int(text)

    def cents(self, column: str) -> int:
        text = self.cells[column].strip()
        whole, _, part = text.partition(".")
        if not (text.isascii() and whole.isdigit() and (part + "0").isdigit()):
            raise self.refuse(column, f"'{text}' is not a number")
        if len(part) > 2:
            raise self.refuse(column, f"'{text}' has more than two decimals")
        return int(whole) * 100 + int(part.ljust(2, "0"))


def read(path: Path) -> list[Customer]:
    """Every customer of the file; LoadError names line and column of the first broken cell."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(_customers(path, file.readlines()))
    except OSError as error:
        raise LoadError(
            f"{path}: cannot be read ({(error.strerror or str(error)).lower()})"
        ) from error
    except UnicodeDecodeError as error:
        raise LoadError(f"{path}: byte {error.start} is not UTF-8") from error


def _customers(path: Path, lines: list[str]) -> Iterator[Customer]:
    reader = csv.reader(lines, strict=True)
    header: list[str] | None = None
    lines_by_id: dict[str, int] = {}
    try:
        for cells in reader:
            if header is None:
                header = _header(path, cells)
                continue
            customer = _customer(_line(path, reader.line_num, header, cells))
            if first := lines_by_id.get(customer.id):
                raise LoadError(
                    f"{path}: line {reader.line_num}, column customerID: "
                    f"'{customer.id}' stands in line {first} already"
                )
            lines_by_id[customer.id] = reader.line_num
            yield customer
    except csv.Error as error:
        raise LoadError(f"{path}: line {reader.line_num}: {error}") from error
    if not lines_by_id:
        raise LoadError(f"{path}: holds no customers")


def _header(path: Path, cells: list[str]) -> list[str]:
    if missing := [column for column in HEADER if column not in cells]:
        raise LoadError(f"{path}: line 1: the column {missing[0]} is missing")
    if unknown := [column for column in cells if column not in HEADER]:
        raise LoadError(f"{path}: line 1: the column '{unknown[0]}' is not known")
    if len(cells) != len(HEADER):
        raise LoadError(f"{path}: line 1: a column stands there twice")
    return cells


def _line(path: Path, number: int, header: list[str], cells: list[str]) -> _Line:
    if len(cells) < len(header):
        column = header[len(cells)]
        raise LoadError(f"{path}: line {number}, column {column}: is missing; the line ends before")
    if len(cells) > len(header):
        raise LoadError(
            f"{path}: line {number}, column {len(header) + 1}: the header has no such column"
        )
    return _Line(path, number, dict(zip(header, cells, strict=True)))


def _customer(line: _Line) -> Customer:
    traits: dict[str, str | int | bool] = {
        key: line.one_of(column, allowed) for column, (key, allowed) in _SERVICES.items()
    }
    for column, key in _FLAGS.items():
        traits[key] = _YES_NO[line.one_of(column, tuple(_YES_NO))]
    traits["senior_citizen"] = line.one_of("SeniorCitizen", ("0", "1")) == "1"
    return Customer(
        id=line.text("customerID"),
        traits=traits,
        tenure_months=line.whole("tenure", 1_200),
        term_months=TERMS_MONTHS[line.one_of("Contract", tuple(TERMS_MONTHS))],
        payment_method=METHODS[line.one_of("PaymentMethod", tuple(METHODS))],
        monthly_cents=line.cents("MonthlyCharges"),
        churned=_YES_NO[line.one_of("Churn", tuple(_YES_NO))],
    )


def id_of(*parts: str) -> UUID:
    """The same id for the same thing of the file at every import."""
    return uuid5(NAMESPACE_URL, "/".join(("tenure import telco", *parts)))


def midnight(on: date) -> datetime:
    return datetime.combine(on, time(), UTC)


def account_row(customer: Customer, until: date) -> rows.Account:
    start = midnight(add_months(until, -customer.tenure_months))
    return rows.Account(
        id=id_of("account", customer.id),
        external_id=rows.ExternalId(SOURCE, customer.id),
        name=customer.id,
        traits=customer.traits,
        created_at=start,
        recorded_at=start,
    )


def contract_rows(customer: Customer, until: date) -> Iterator[rows.Contract]:
    """The contract as signed and, for churned customers, as it ended on the day of import."""
    start = add_months(until, -customer.tenure_months)
    signed = rows.Contract(
        id=id_of("contract", customer.id),
        account_id=id_of("account", customer.id),
        external_id=customer.id,
        start_on=start,
        end_on=renewal(start, customer.term_months, customer.tenure_months),
        term_months=customer.term_months,
        auto_renew=True,
        mrr_cents=customer.monthly_cents,
        currency=CURRENCY,
        outcome="pending",
        recorded_at=midnight(start),
    )
    yield signed
    if customer.churned:
        yield msgspec.structs.replace(
            signed, ended_on=until, outcome="lost", recorded_at=_later(start, until)
        )


def renewal(start: date, term_months: int, tenure_months: int) -> date:
    """The first end of a term after so many months."""
    return add_months(start, term_months * (tenure_months // term_months + 1))


def _later(start: date, until: date) -> datetime:
    """The day of import; a second after the signature where both are one day."""
    return midnight(until) + timedelta(seconds=start == until)


def subscription_rows(customer: Customer, until: date) -> Iterator[rows.Subscription]:
    start = add_months(until, -customer.tenure_months)
    begun = rows.Subscription(
        id=id_of("subscription", customer.id),
        account_id=id_of("account", customer.id),
        plan="standard",
        quantity=1,
        unit_price_cents=customer.monthly_cents,
        interval="month",
        currency=CURRENCY,
        started_at=midnight(start),
        recorded_at=midnight(start),
    )
    yield begun
    if customer.churned:
        yield msgspec.structs.replace(
            begun, ended_at=_later(start, until), recorded_at=_later(start, until)
        )


def method_row(customer: Customer, until: date) -> rows.PaymentMethod:
    start = midnight(add_months(until, -customer.tenure_months))
    return rows.PaymentMethod(
        account_id=id_of("account", customer.id),
        method=customer.payment_method,
        valid_from=start,
        recorded_at=start,
    )


def batches(customers: list[Customer], until: date) -> Iterator[rows.Batch]:
    """Everything the file says, in an order in which it can be loaded."""
    contracts = [row for customer in customers for row in contract_rows(customer, until)]
    lines = [row for customer in customers for row in subscription_rows(customer, until)]
    total = len(customers)
    yield rows.Batch("accounts", total, [account_row(customer, until) for customer in customers])
    yield rows.Batch("contracts", len(contracts), contracts)
    yield rows.Batch("subscriptions", len(lines), lines)
    yield rows.Batch("payment-methods", total, [method_row(c, until) for c in customers])
