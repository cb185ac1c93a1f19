"""Callouts that tell of conflicts are written, found, counted and removed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vaultsync.merging.conflicts import Aside, cleared, conflict_lines, count, found, masked, recounted, with_asides

TEXTS = st.text(st.sampled_from("ab \n>^-#[]!"), max_size=20).filter(lambda text: text == text.strip())


@given(st.sampled_from(["note", "property a (b)", "lines"]), st.sampled_from(["", "rw1"]), TEXTS)
def test_what_is_told_is_found_again(field: str, block_id: str, theirs: str) -> None:
    text = "x\n\n" + "\n".join(conflict_lines(field, block_id, theirs, "  ")) + "\n\ny\n"
    wanted = "\n".join(line.rstrip() for line in theirs.split("\n"))
    assert [(one.field, one.block_id, one.theirs) for one in found(text)] == [(field, block_id, wanted)]


def test_no_anchor_in_someones_words_becomes_one() -> None:
    assert conflict_lines("text", "rw1", "see ^rw2\n^rw3")[1:] == [r"> see \^rw2", r"> \^rw3"]
    assert found("\n".join(conflict_lines("text", "", "a \\^rw2")))[0].theirs == "a \\^rw2"


def test_an_empty_value_is_told_as_one() -> None:
    assert conflict_lines("note", "rw1", "") == ["> [!vaultsync-conflict] note [[#^rw1]] (empty at the source)"]


def test_callouts_stand_between_blank_lines() -> None:
    lines = ["one", "two", "", "three"]
    asides = [
        Aside(1, "a", "", "A"),
        Aside(1, "b", "", "B"),
        Aside(2, "c", "", "C"),
        Aside(4, "d", "rw1", None),
        Aside(0, "e", "", ""),
    ]
    assert with_asides(lines, asides).split("\n") == [
        "> [!vaultsync-conflict] e (empty at the source)", "", "one", "",
        "> [!vaultsync-conflict] a", "> A", "", "> [!vaultsync-conflict] b", "> B", "", "two", "",
        "> [!vaultsync-conflict] c", "> C", "", "three", "",
        "> [!vaultsync-deleted] [[#^rw1]] is gone at the source", "",
    ]  # fmt: skip


def test_a_callout_that_is_there_gets_the_newer_words_where_it_stands() -> None:
    lines = ["one", "  > [!vaultsync-conflict]- note [[#^rw1]]", "  > old", "> [!vaultsync-conflict] note", "> other"]
    told = with_asides([line + "\r" for line in lines], [Aside(0, "note", "rw1", "new\nwords", "")], "\r")
    assert told.split("\r\n") == [
        "one",
        "  > [!vaultsync-conflict] note [[#^rw1]]",
        "  > new",
        "  > words",
        *lines[3:],
        "",
    ]


def test_only_callouts_of_conflicts_are_counted() -> None:
    deleted = "> [!vaultsync-deleted] [[#^rw1]] is gone at the source"
    text = f"> [!vaultsync-conflict] note\n> a\n\n{deleted}\n\n> [!note] x\n> [!vaultsync"
    assert count(text) == 1
    assert [(one.kind, one.field, one.block_id) for one in found(text)] == [
        ("conflict", "note", ""),
        ("deleted", "", "rw1"),
    ]


def test_the_count_follows_what_its_user_deleted() -> None:
    front = "---\r\na: 1\r\n---\r\n"
    note = "\ufeff" + front + "> [!vaultsync-conflict] note\r\n> a\r\n\r\ntext"
    counted = recounted(note)
    assert counted == note.replace("a: 1\r\n", "a: 1\r\nvaultsync_conflicts: 1\r\n")
    assert recounted(counted.replace("> [!vaultsync-conflict] note\r\n> a\r\n\r\n", "")) == "\ufeff" + front + "text"


def test_clearing_takes_one_of_the_blank_lines_around_along() -> None:
    callout = "> [!vaultsync-conflict] note\n> a\n"
    assert cleared(f"one\n\n{callout}\ntwo\n") == "one\n\ntwo\n"
    assert cleared(f"one\n\n{callout}") == "one\n"
    assert cleared(f"{callout}\ntwo\n") == "\ntwo\n"
    assert cleared(f"one\n\n{callout}two\n") == "one\n\ntwo\n"
    assert cleared(f"one\n{callout}") == "one\n"


def test_for_the_lens_callouts_are_blank_and_every_place_is_as_it_was() -> None:
    text = "one\r\n  > [!vaultsync-conflict] note\r\n  > a\r\n\r\ntwo ^rw1"
    assert len(masked(text)) == len(text)
    assert masked(text).split() == ["one", "two", "^rw1"]
    assert masked("nothing") == "nothing"
