"""What README and docs point at exists."""

import re
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, files, name

LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:|#)([^)#\s]+)")
MAKE = re.compile(r"`make ([a-z-]+)")
DECISIONS = ROOT / "docs/decisions"
PARTS = ["Context", "Decision", "Consequences", "Alternatives", "Where enforced"]


@pytest.mark.parametrize("page", files("*.md"), ids=name)
def test_every_link_leads_somewhere(page: Path):
    broken = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert not broken


def test_every_make_target_that_is_named_exists():
    makefile = (ROOT / "Makefile").read_text()
    named = {target for page in files("*.md") for target in MAKE.findall(page.read_text())}
    assert not [target for target in named if not re.search(rf"^{target}:", makefile, re.MULTILINE)]


def test_decisions_are_numbered_without_a_gap():
    numbers = [int(path.name[:4]) for path in sorted(DECISIONS.glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("page", files("docs/decisions/*.md"), ids=lambda path: path.stem)
def test_a_decision_says_why_and_where_it_is_enforced(page: Path):
    headings = re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE)
    assert headings == PARTS
