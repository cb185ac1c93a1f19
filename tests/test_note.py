"""A note cut into lines, and what counts as an anchor in it."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from vaultsync.note import anchor_names, anchors, torn

_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")


def anchor_of(line: str) -> str:
    """What a line has at its end, behind a blank or at its beginning, as Obsidian takes it; "" if that is no anchor."""
    before, sign, name = line.removesuffix("\r").rstrip(" \t").rpartition("^")
    whole = not before or before[-1] in " \t"
    return name if sign and name and _NAME.issuperset(name) and whole else ""


@given(st.text("^^a1- \t\n\r_"))
def test_an_anchor_ends_its_line_and_has_nothing_but_a_blank_before_it(text: str) -> None:
    names = [name for line in text.split("\n") if (name := anchor_of(line))]
    assert anchor_names(text) == set(names)
    assert list(anchors(text, set(names))) == list(dict.fromkeys(names))


def test_no_anchor_is_looked_for_where_no_name_is_known() -> None:
    assert anchors("> one\n\n^rw1\n", set()) == {}


def is_half(text: str, written: str) -> bool:
    """Whether a text ends within a line that was written, with none of the lines that only come after that."""
    *above, last = text.split("\n")
    lines = written.split("\n")
    for number, line in enumerate(lines):
        after = {one for one in lines[number + 1 :] if one.strip()} - set(lines[: number + 1])
        if last.strip() and line.startswith(last) and line != last and after and after.isdisjoint({*above, last}):
            return True
    return False


_LINES = st.lists(st.sampled_from(["", " ", "a", "ab", "abc", "- ", "- b", "b"]), max_size=7).map("\n".join)


@given(_LINES, _LINES, st.integers(0, 20))
def test_a_note_that_ends_within_a_line_with_nothing_of_what_came_after_is_half_a_note(
    one: str, written: str, length: int
) -> None:
    for text in (one, written[:length], f"{one}\n{written[:length]}"):
        assert (torn(text.encode(), written) == "ends in the middle of a line") is is_half(text, written)


def test_a_list_begun_at_the_end_of_a_long_note_is_looked_at_in_no_time() -> None:
    blocks = (f"> one {number}\n\n^rw{number}\n\n- Note: {number}\n- Tags: \n\n" for number in range(2000))
    written = "".join(blocks)
    began = time.perf_counter()
    assert torn(f"{written}My words\n- ".encode(), written) == ""
    assert time.perf_counter() - began < 2  # seconds; it takes a hundredth of that, and took seven times as much
