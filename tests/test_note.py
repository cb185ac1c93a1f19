"""A note cut into lines, and what counts as an anchor in it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vaultsync.note import anchor_names, anchors

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
