"""The case table of a pull: each row, and that every case has one."""

from __future__ import annotations

from itertools import product

import pytest

from vaultsync.errors import SafetyStop
from vaultsync.plan import Action, OnDisk, Removals, Seen, allowance, decide, guard, needs_theirs

NOWHERE, AS_WRITTEN, EDITED, FOUND, UNKNOWN, TWICE = OnDisk
EVERY_CASE = [Seen(on_disk, *flags) for on_disk, flags in product(OnDisk, product((False, True), repeat=6))]

ROWS = {
    "a new document gets a note": (Seen(NOWHERE, written=False), Action.CREATE),
    "one nobody asked for gets none": (Seen(NOWHERE, written=False, wanted=False), Action.NOTHING),
    "one that is gone already gets none": (Seen(NOWHERE, written=False, deleted=True), Action.NOTHING),
    "a note that says what we would write is ours": (Seen(FOUND, written=False, reached=True), Action.ADOPT),
    "one that says something else is merged": (Seen(FOUND, written=False), Action.MERGE),
    "one of a document that is gone is kept": (Seen(FOUND, written=False, deleted=True), Action.KEEP),
    "nothing new needs nothing": (Seen(AS_WRITTEN, written=True, same=True), Action.NOTHING),
    "news go into an untouched note": (Seen(AS_WRITTEN, written=True), Action.UPDATE),
    "what a stopped run wrote is ours to update": (Seen(AS_WRITTEN, written=False), Action.UPDATE),
    "an untouched note of a gone document goes": (Seen(AS_WRITTEN, written=True, deleted=True), Action.TRASH),
    "an edited note without news needs nothing": (Seen(EDITED, written=True, same=True), Action.NOTHING),
    "an edited note with news is merged": (Seen(EDITED, written=True), Action.MERGE),
    "an edit that says the same as the news is agreed": (Seen(EDITED, written=True, reached=True), Action.ADOPT),
    "an edited note of a gone document is kept": (Seen(EDITED, written=True, deleted=True), Action.KEEP),
    "a note its user deleted stays deleted": (Seen(NOWHERE, written=True), Action.GONE),
    "unless they name it": (Seen(NOWHERE, written=True, asked=True), Action.CREATE),
    "gone on both sides is forgotten": (Seen(NOWHERE, written=True, deleted=True), Action.FORGET),
    "what can't be read is not absent": (Seen(UNKNOWN, written=True, deleted=True), Action.WAIT),
    "two that claim to be it are both left": (Seen(TWICE, written=True, deleted=True), Action.ASK),
}


@pytest.mark.parametrize("row", ROWS)
def test_each_row(row: str) -> None:
    seen, action = ROWS[row]
    assert decide(seen) is action


def test_only_untouched_notes_are_ever_overwritten() -> None:
    others = [case for case in EVERY_CASE if case.on_disk not in (AS_WRITTEN, NOWHERE)]
    assert [case for case in others if decide(case) in (Action.UPDATE, Action.TRASH, Action.CREATE)] == []


def test_only_what_we_wrote_goes_to_the_trash() -> None:
    assert {case.on_disk for case in EVERY_CASE if decide(case) is Action.TRASH} == {AS_WRITTEN}


def test_what_is_not_rendered_does_not_decide() -> None:
    for seen in EVERY_CASE:
        answers = {
            decide(Seen(seen.on_disk, seen.written, seen.wanted, seen.deleted, same, reached, seen.asked))
            for same, reached in product((False, True), repeat=2)
        }
        assert needs_theirs(seen) or len(answers) == 1, seen


@pytest.mark.parametrize(
    ("gone", "total", "stops"),
    [(5, 5, False), (6, 12, True), (60, 600, False), (61, 600, True), (0, 0, False)],
)
def test_more_than_five_and_a_tenth_stop(gone: int, total: int, *, stops: bool) -> None:
    assert (gone > allowance(total)) is stops
    for removals in (Removals(gone, total, 0, 0), Removals(0, 0, gone, total)):
        if stops:
            with pytest.raises(SafetyStop, match="None of them was removed"):
                guard(removals)
        else:
            guard(removals)
