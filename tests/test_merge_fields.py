"""Fields are merged three-way before any text is."""

from __future__ import annotations

import pytest

from tests.merge_case import changed, document, highlight
from vaultsync.lens.reading import Reading
from vaultsync.merging.merge import FieldConflict, merge_fields, merge_tags

BASE = document(highlight(1, "First.", note="old", tags=("a",)), highlight(2, "Second."))


def test_what_only_the_note_changed_is_kept() -> None:
    merged, conflicts = merge_fields(BASE, Reading({("1", "note"): "mine", ("", "note"): "also mine"}), BASE)
    assert (merged.highlights[0].note, merged.note, conflicts) == ("mine", "also mine", ())


def test_what_only_the_source_changed_is_taken() -> None:
    theirs = changed(BASE, 1, note="theirs")
    assert merge_fields(BASE, Reading({("1", "note"): "old"}), theirs) == (theirs, ())


def test_a_field_that_could_not_be_read_counts_as_unchanged() -> None:
    theirs = changed(BASE, 1, note="theirs")
    assert merge_fields(BASE, Reading(), theirs) == (theirs, ())


def test_the_same_change_on_both_sides_is_no_conflict() -> None:
    theirs = changed(BASE, 1, note="same")
    assert merge_fields(BASE, Reading({("1", "note"): "same"}), theirs) == (theirs, ())


def test_on_a_conflict_ours_is_kept_and_theirs_is_told() -> None:
    merged, conflicts = merge_fields(BASE, Reading({("1", "note"): "mine"}), changed(BASE, 1, note="theirs"))
    assert merged.highlights[0].note == "mine"
    assert conflicts == (FieldConflict("1", "note", "mine", "theirs"),)


def test_a_cleared_field_is_a_change_as_any_other() -> None:
    merged, conflicts = merge_fields(BASE, Reading({("1", "note"): ""}), changed(BASE, 1, note="theirs"))
    assert (merged.highlights[0].note, conflicts) == ("", (FieldConflict("1", "note", "", "theirs"),))


def test_tags_are_merged_as_sets_and_never_conflict() -> None:
    merged, conflicts = merge_fields(BASE, Reading({("1", "tags"): ("mine",)}), changed(BASE, 1, tags=("a", "theirs")))
    assert (merged.highlights[0].tags, conflicts) == (("theirs", "mine"), ())


def test_highlights_are_those_of_the_source() -> None:
    theirs = document(highlight(1, "First.", note="old"), highlight(3, "Third."))
    reading = Reading({("2", "note"): "mine", ("3", "note"): "not of this note", ("1", "note"): "mine"})
    merged, _ = merge_fields(BASE, reading, theirs)
    assert [(one.id, one.note) for one in merged.highlights] == [("1", "mine"), ("3", "")]


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        ("a b", "a b", "b c", "b c"),
        ("a b", "b a", "a b c", "a b c"),  # an order is not a change
        ("a", "x a", "a", "x a"),  # where ours holds all, it stays as it is
        ("a", "x a", "b a", "b a x"),
        ("a b", "a", "a b", "a"),
        ("a b", "a", "b", ""),
        ("a", "A", "a b", "a b"),
        ("a", "a b", "a B", "a b"),
        ("", "x", "y", "y x"),
    ],
)
def test_tags_follow_the_source_with_our_own_behind(base: str, ours: str, theirs: str, expected: str) -> None:
    sides = [tuple(side.split()) for side in (base, ours, theirs)]
    assert merge_tags(sides[0], sides[1], sides[2]) == tuple(expected.split())
