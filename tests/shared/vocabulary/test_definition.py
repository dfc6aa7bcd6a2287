"""A dictionary of metrics says everything of each of them, or is refused."""

from pathlib import Path

import pytest

from shared.vocabulary.definition import Definition, read

HEAD = "id,version,title,unit,window,direction,source,formula\n"
LINE = 'U1,2,Users,share,28 days,higher is better,usage events,"active, of all"\n'


def test_a_line_is_a_definition(tmp_path: Path):
    path = tmp_path / "metrics.csv"
    path.write_text(HEAD + LINE)
    assert read(path) == {
        "U1": Definition(
            "U1", 2, "Users", "active, of all", "share", "28 days", "higher is better",
            "usage events",
        )
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        HEAD + LINE + LINE,
        HEAD + LINE.replace("share", ""),
        HEAD.replace(",unit", "") + LINE.replace(",share", ""),
        HEAD + LINE.replace(",usage events", ""),
        HEAD + LINE.replace("2", "two"),
    ],
)
def test_what_is_left_out_or_said_twice_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "metrics.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"metrics\.csv|share an id|version"):
        read(path)
