"""Lines of one block are merged, and the body is cut into blocks."""

from __future__ import annotations

import pytest

from tests.merge_case import document, rendered, template
from vaultsync.lens.reading import Reading, Spot
from vaultsync.merging.blocks import inside, merge_block, with_anchor
from vaultsync.merging.merge import FieldConflict, merge_note
from vaultsync.merging.splice import spliced
from vaultsync.merging.stretches import Part, Stretch, cut


@pytest.mark.parametrize(
    ("why", "base", "ours", "theirs", "lines"),
    [
        ("blank lines of ours are no reason to keep a line", ["a", "b"], ["a", "", "b"], ["A", "B"], ["A", "B"]),
        ("blank lines of theirs are no reason to ask", ["a", "b"], ["A", "B"], ["a", "", "b"], ["A", "B"]),
        ("a deleted line stays deleted", ["a", "b", "c"], ["a", "c"], ["a", "B", "c"], ["a", "c"]),
        ("but a line that is new beside it comes", ["a", "b", "c"], ["a", "c"], ["a", "b", "x", "c"], ["a", "x", "c"]),
        ("a line both have put in is there once", ["a"], ["a", "x", "y"], ["a", "x"], ["a", "x", "y"]),
        ("ours come before theirs", ["a"], ["a", "x"], ["a", "y"], ["a", "x", "y"]),
        ("signs of ours", ["- a", "- b"], ["+ a", "+ b"], ["- a", "- B", "- c"], ["+ a", "+ B", "+ c"]),
        ("a deeper block", ["a", "- b"], ["  a", "  - b"], ["a", "- B", "", "c"], ["  a", "  - B", "", "  c"]),
    ],
)
def test_what_can_stand_together_does(
    why: str, base: list[str], ours: list[str], theirs: list[str], lines: list[str]
) -> None:
    merged = merge_block(base, ours, theirs)
    assert (why, merged.lines, merged.conflicts) == (why, lines, [])


def test_lines_both_sides_rewrote_are_ours_and_theirs_are_told_in_stretches() -> None:
    merged = merge_block(["a", "b", "c"], ["x", "b", "y"], ["1", "b", "2"])
    assert (merged.lines, merged.conflicts) == (["x", "b", "y"], [["1"], ["2"]])


@pytest.mark.parametrize(
    ("lines", "indent"),
    [
        (["- a", "    - b"], "  "),
        (["1. a"], "   "),
        (["  - a", "", "    b"], "    "),
        (["- a", "- b"], ""),
        (["> a", "- b"], ""),
        (["\t- a", "\t\t- b"], "\t  "),
        ([], ""),
    ],
)
def test_more_can_be_put_into_a_list_item_by_its_indentation(lines: list[str], indent: str) -> None:
    assert inside(lines) == indent


@pytest.mark.parametrize(
    ("base", "ours", "expected"),
    [
        (["> a", "", "^rw1", "", "b"], ["> a", "", "b"], ["> a", "", "^rw1", "", "b"]),
        (["> a", "", "^rw1"], ["> A"], ["> A", "", "^rw1"]),
        (["- a ^rw1", "  - b"], ["* a", "  - b"], ["* a ^rw1", "  - b"]),
        (["- a ^rw1", "  - b"], ["- A", "  - b"], ["- A", "  - b", "", "^rw1"]),
        (["> a"], ["> a"], ["> a"]),
    ],
)
def test_an_anchor_comes_back_to_its_place(base: list[str], ours: list[str], expected: list[str]) -> None:
    assert with_anchor(base, ours, "rw1") == expected


def test_a_body_is_cut_into_blocks_and_what_follows_them() -> None:
    text = "---\n---\nown\n\n\n- a\n  b\n\nmine\n- c\n"
    parts = [Part("2", text.index("c"), text.index("c") + 1), Part("1", text.index("\n- a"), text.index("\nmine"))]
    blank = Part("3", text.index("\n\n- a") + 1, text.index("\n- a") + 1)
    assert cut(text, 8, [*parts, blank]) == [
        Stretch("", ["own"], ["", ""]),
        Stretch("1", ["- a", "  b"], ["", "mine"]),
        Stretch("2", ["- c"], []),
    ]


def test_edits_that_overlap_are_not_made_twice() -> None:
    done = spliced("abcd", [(0, 2, "x"), (1, 3, "y"), (3, 4, "zz")])
    assert (done.text, done.place(0), done.place(3), done.place(4)) == ("xczz", 0, 2, 4)


def test_a_reading_that_does_not_fit_the_note_changes_nothing() -> None:
    shape = template("quote")
    note = rendered(document(), shape)
    spots = (Spot("1", "note", 3, 4, 5), Spot("1", "text", 1, 2, note.text.index("> First.")))
    conflicts = (FieldConflict("9", "note", "a", "b"), FieldConflict("", "view", "a", "b"))
    theirs = rendered(document(title="Other"), shape)
    result = merge_note(note, note.text + "x\n", Reading({("1", "text"): "?"}, spots), theirs, conflicts)
    assert result.conflicts == 0
    assert "title: Other\n" in result.text and result.text.endswith("\nx\n")


def test_a_block_that_stands_in_the_note_twice_is_told_of_in_a_notice() -> None:
    note = rendered(document(), template("quote"))
    result = merge_note(note, note.text, Reading(copies=("1", "9")), note)
    assert result.notices == ("The block ^rw1 stands in it more than once; only the first is kept up to date.",)


def test_a_tag_list_in_a_conflict_is_told_as_text_by_its_property() -> None:
    shape = template("quote")
    note = rendered(document(), shape)
    conflict = FieldConflict("", "tags", ("a",), ("b", "c"))
    result = merge_note(note, note.text, Reading(), note, [conflict])
    assert "---\n> [!vaultsync-conflict] property tags\n> b, c\n\n# Meditations\n" in result.text
