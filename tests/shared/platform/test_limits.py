"""The documents name every limit, with its size."""

from shared.platform import limits
from shared.platform.gates import Limit
from tests.architecture.tree import ROOT


def test_the_table_of_limits_has_the_sizes_of_the_code() -> None:
    rows = [
        tuple(cell.strip() for cell in line.strip("|\n ").split("|")[1:4])
        for line in (ROOT / "docs" / "operations.md").read_text().splitlines()
        if line.startswith("|")
    ]
    for name, limit in vars(limits).items():
        if isinstance(limit, Limit) and limit is not limits.UNKNOWN_KEYS:
            scale = limits.MIB if limit.whole > limits.MIB else 1
            assert tuple(str(share // scale) for share in limit.shares) in rows, name
