"""Golden directories: case.toml (both documents), base.md, ours.md, theirs.md, expected.md, and why.txt."""

from __future__ import annotations

import pytest

from tests.merge_case import CASES, case, merged, rendered

NAMES = sorted(folder.parent.name for folder in CASES.glob("*/case.toml"))


@pytest.mark.parametrize("name", NAMES)
def test_a_note_is_merged_as_the_golden_directory_says(name: str) -> None:
    told = case(name)
    why = (CASES / name / "why.txt").read_text()
    assert rendered(told.base, told.old).text == told.texts["base"]
    assert rendered(told.theirs, told.new).text == told.texts["theirs"]
    assert merged(told.base, told.texts["ours"], told.theirs, told.old, told.new).text == told.texts["expected"], why


@pytest.mark.parametrize("name", NAMES)
def test_what_was_merged_is_not_merged_again(name: str) -> None:
    """Base is what theirs was then; what differs is its user's will."""
    told = case(name)
    again = merged(told.theirs, told.texts["expected"], told.theirs, told.new, told.new)
    assert again.text == told.texts["expected"]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "template-changed"])
def test_a_run_that_was_cut_short_merges_the_same_again(name: str) -> None:
    """The note was written, and state still has the old base. (A note in a new template is not read by the old one.)"""
    told = case(name)
    again = merged(told.base, told.texts["expected"], told.theirs, told.old, told.new)
    assert again.text == told.texts["expected"]


def test_there_is_a_reason_for_every_golden_directory() -> None:
    assert len(NAMES) >= 15
    assert all((CASES / name / "why.txt").read_text().strip().endswith(".") for name in NAMES)
