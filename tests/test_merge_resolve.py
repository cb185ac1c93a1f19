"""Conflicts are answered: ours or theirs."""

from __future__ import annotations

from typing import Literal

import pytest

from tests.merge_case import case, merged, rendered
from vaultsync.lens.get import read
from vaultsync.merging.conflicts import masked
from vaultsync.merging.resolve import Resolved, resolved

CONFLICTS = [f"conflict-in-{where}" for where in ("quote", "list-item", "callout", "properties", "own-block", "lines")]


def answered(name: str, side: Literal["ours", "theirs"], text: str = "") -> Resolved:
    told = case(name)
    note = rendered(told.theirs, told.new)
    text = text or told.texts["expected"]
    return resolved(text, side, note, read(note.text, note.layout, masked(text), told.theirs))


def solid(text: str) -> list[str]:
    return [line.rstrip() for line in text.split("\n") if line.strip()]


@pytest.mark.parametrize("name", CONFLICTS)
def test_answered_for_ours_only_the_callout_goes(name: str) -> None:
    told = case(name)
    agreed = merged(told.theirs, told.texts["expected"], told.theirs, told.new)
    answer = answered(name, "ours")
    assert answer.left == ()
    assert "vaultsync-conflict" not in answer.text and "vaultsync_conflicts" not in answer.text
    assert set(solid(answer.text)) <= set(solid(agreed.text))


@pytest.mark.parametrize("name", CONFLICTS)
def test_answered_for_theirs_nothing_differs_from_the_source_but_what_the_user_added(name: str) -> None:
    answer = answered(name, "theirs")
    added = {
        "My prose.",
        "    - a bullet of mine",
        "- a line of mine",
        "author: Marcus Aurelius Antoninus # as on the cover",
    }
    wanted = [line for line in solid(case(name).texts["theirs"]) if "author" not in line]
    assert answer.left == ()
    assert [line for line in solid(answer.text) if line not in added and "author" not in line] == wanted


@pytest.mark.parametrize("name", CONFLICTS)
def test_a_note_that_was_answered_is_merged_without_a_question(name: str) -> None:
    told = case(name)
    for side in ("ours", "theirs"):
        answer = answered(name, side)
        again = merged(told.theirs, answer.text, told.theirs, told.new)
        assert (again.text, again.conflicts) == (answer.text, 0)


def test_an_answer_keeps_line_ends_and_a_missing_final_newline() -> None:
    text = case("conflict-in-quote").texts["expected"].removesuffix("\n").replace("\n", "\r\n")
    for side in ("ours", "theirs"):
        answer = answered("conflict-in-quote", side, text).text
        assert answer.count("\n") == answer.count("\r\n") > 0
        assert not answer.endswith("\n")


def test_what_cannot_be_put_in_its_place_is_left_with_its_callout() -> None:
    text = case("conflict-in-quote").texts["expected"].replace("note [[#^rw1]]", "note [[#^rw7]]")
    text += "\n> [!vaultsync-conflict] property none\n> x\n\n> [!vaultsync-conflict] lines [[#^rw8]]\n> y\n"
    answer = answered("conflict-in-quote", "theirs", text)
    assert [one.field for one in answer.left] == ["note", "property none", "lines"]
    assert answer.text == text.replace("vaultsync_conflicts: 1", "vaultsync_conflicts: 3")


def test_lines_after_the_last_block_are_answered_too() -> None:
    told = case("full-text-changes")
    text = told.texts["theirs"].replace("> Two, mended.", "> Two, by me.")
    text += "\n> [!vaultsync-conflict] ending\n> > Two, mended.\n\nMine.\n"
    assert answered("full-text-changes", "theirs", text).text == told.texts["theirs"] + "\nMine.\n"
