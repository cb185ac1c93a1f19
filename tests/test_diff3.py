"""Three versions of a list of lines become one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultsync.merging.diff3 import LineConflict, Merged, matches, merge_lines, woven

# Few different lines, so that they repeat, as blank lines and empty labels do.
LINES = st.lists(st.sampled_from(["", "a", "b", "c", "d", "- Note: "]), max_size=8)
_NUMBERS = st.integers(0, 10**6)


@st.composite
def edits(draw: st.DrawFn, base: list[str], who: str) -> list[str]:
    """Base with lines taken out, and with lines put in that nobody else has."""
    out: list[str] = []
    for line in [*base, None]:
        out += [f"{who}{draw(_NUMBERS)}" for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2])))]
        if line is not None and draw(st.sampled_from([True, True, True, False])):
            out.append(line)
    return out


@st.composite
def three_sides(draw: st.DrawFn) -> tuple[list[str], list[str], list[str]]:
    base = draw(LINES)
    return base, draw(edits(base, "ours")), draw(edits(base, "theirs"))


@given(LINES, LINES)
def test_what_only_theirs_changed_is_taken(base: list[str], theirs: list[str]) -> None:
    assert merge_lines(base, base, theirs) == Merged(tuple(theirs))


@given(LINES, LINES)
def test_what_only_ours_changed_stays(base: list[str], ours: list[str]) -> None:
    assert merge_lines(base, ours, base) == Merged(tuple(ours))


@given(LINES, LINES)
def test_equal_changes_are_made_once(base: list[str], both: list[str]) -> None:
    assert merge_lines(base, both, both) == Merged(tuple(both))


@given(three_sides())
def test_merging_a_result_again_changes_nothing(sides: tuple[list[str], list[str], list[str]]) -> None:
    """Afterwards base is what theirs was."""
    base, ours, theirs = sides
    once = merge_lines(base, ours, theirs).lines
    assert merge_lines(theirs, once, theirs) == Merged(once)


@given(three_sides())
def test_no_added_line_is_lost_or_doubled_in_a_clean_merge(sides: tuple[list[str], list[str], list[str]]) -> None:
    base, ours, theirs = sides
    merged = merge_lines(base, ours, theirs)
    for line in {*ours, *theirs} - {*base}:
        wanted = ours.count(line) + (0 if merged.conflicts else theirs.count(line))
        assert merged.lines.count(line) >= wanted if merged.conflicts else merged.lines.count(line) == wanted


@given(three_sides())
def test_a_conflict_tells_every_line_of_theirs_that_is_not_there(
    sides: tuple[list[str], list[str], list[str]],
) -> None:
    merged = merge_lines(*sides)
    told = {line for conflict in merged.conflicts for line in conflict.theirs}
    assert {line for line in sides[2] if line.startswith("theirs")} <= told | set(merged.lines)


@given(three_sides())
def test_woven_changes_hold_every_added_line_once(sides: tuple[list[str], list[str], list[str]]) -> None:
    base, ours, theirs = sides
    both = woven(base, ours, theirs)
    for line in {*ours, *theirs} - {*base}:
        assert both is None or both.count(line) == ours.count(line) + theirs.count(line)


@given(LINES, LINES)
def test_matches_rise_in_both_texts_and_match(one: list[str], two: list[str]) -> None:
    ends = (0, 0)
    for a, b, length in matches(one, two):
        assert length > 0
        assert (a, b) >= ends and a >= ends[0] and b >= ends[1]
        assert one[a : a + length] == two[b : b + length]
        ends = (a + length, b + length)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "lines", "told"),
    [
        ("abc", "aXc", "aYc", "aXc", [(1, "X", "Y")]),
        ("abc", "Xbc", "abY", "XbY", []),
        ("abcd", "aXcd", "abYd", "aXcd", [(1, "Xc", "bY")]),
        ("abc", "ac", "aYc", "ac", [(1, "", "Y")]),
        ("ab", "aXb", "aYb", "aXb", [(1, "X", "Y")]),
        ("", "X", "Y", "X", [(0, "X", "Y")]),
    ],
)
def test_lines_changed_differently_on_both_sides_stay_ours(
    base: str, ours: str, theirs: str, lines: str, told: list[tuple[int, str, str]]
) -> None:
    conflicts = tuple(LineConflict(at, tuple(mine), tuple(other)) for at, mine, other in told)
    assert merge_lines(base, ours, theirs) == Merged(tuple(lines), conflicts)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "both"),
    [
        ("ab", "Xab", "Ab", "XAb"),  # put in before what changed
        ("ab", "aXb", "Ab", "AXb"),  # and behind it
        ("ab", "aXb", "aYb", "aXYb"),  # two additions at one place: ours first
        ("ab", "Ab", "aB", "AB"),  # neighbours
        ("ab", "aXb", "C", None),  # in the middle of what is replaced
        ("ab", "C", "aXb", None),
        ("ab", "A", "B", None),
        ("ab", "aXb", "aXYb", None),  # both added the same line
    ],
)
def test_changes_that_only_touch_can_be_woven(base: str, ours: str, theirs: str, both: str | None) -> None:
    assert woven(base, ours, theirs) == (None if both is None else tuple(both))


def test_a_moved_paragraph_is_found_by_its_unique_lines() -> None:
    assert matches(["x", "", "one", "", "two"], ["one", "", "two", "", "x"])[0].length > 0


def test_repeated_blank_lines_do_not_hide_a_change() -> None:
    base = ["one", "", "two", "", "three", ""]
    ours = ["one", "", "two", "", "mine", "", "three", ""]
    theirs = ["ONE", "", "two", "", "three", ""]
    assert merge_lines(base, ours, theirs) == Merged(("ONE", "", "two", "", "mine", "", "three", ""))
