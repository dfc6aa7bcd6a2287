"""docs/signals.md says what the dictionaries say, and every line of them says enough."""

from pathlib import Path

import pytest

from infra.pages.signals_page import PAGE, dictionaries, page
from ml.scoring.signal_groups import group_of
from shared.vocabulary.signal import HEAD, Signal, read, signal_for

SIGNALS = [signal for signals in dictionaries().values() for signal in signals]


def test_the_page_is_what_the_dictionaries_say():
    assert PAGE.read_text() == page(), "run `make docs`"


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda each: each.name)
def test_a_signal_leaves_nothing_out(signal: Signal):
    assert signal.unit or signal.kind != "number"
    assert (group_of(signal.name) == "decision") == bool(signal.post_decision)
    assert "|" not in "".join((signal.label, signal.meaning, signal.unknown, signal.source))


def test_a_signal_belongs_to_one_service():
    assert len({signal.name for signal in SIGNALS}) == len(SIGNALS)


LINE = "events_28d,Uses,number,uses,0,,,28 days,uses,events,,\n"


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (LINE * 2, "described twice"),
        (LINE.replace("number", "float"), "events_28d: kind 'float' is none of number, flag"),
        (LINE.replace("28 days", ""), "events_28d: window is not said"),
        (LINE.replace(",0,", ",some,"), "could not convert string to float: 'some'"),
    ],
)
def test_a_line_that_cannot_be_understood_is_refused(lines: str, why: str, tmp_path: Path):
    (tmp_path / "features.csv").write_text(",".join(HEAD) + "\n" + lines)
    with pytest.raises(ValueError, match=why):
        read(tmp_path / "features.csv")


def test_a_file_with_another_head_is_refused(tmp_path: Path):
    (tmp_path / "features.csv").write_text("name,meaning\nevents_28d,uses\n")
    with pytest.raises(ValueError, match="the first line has to be name,label,kind"):
        read(tmp_path / "features.csv")


def test_a_family_speaks_for_names_that_have_no_line_of_their_own():
    signals = {signal.name: signal for signal in SIGNALS}
    speaks = [
        signal_for(name, signals) for name in ("trait_region", "trait_industry", "unheard_of")
    ]
    assert [each and each.name for each in speaks] == ["trait_*", "trait_industry", None]
