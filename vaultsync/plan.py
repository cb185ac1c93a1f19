"""Decide what happens to one note, from what was seen: the case table of a pull, and its guards. No I/O.

base is what we wrote last, ours what the vault holds, theirs what the source renders to now.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import msgspec

from vaultsync.errors import SafetyStop


class OnDisk(Enum):
    """What the vault holds of a document's note."""

    NOWHERE = "no file has its id"
    AS_WRITTEN = "holds what we wrote, be it in a run that was cut short"
    EDITED = "its user has changed it, now or before we last wrote it"
    FOUND = "has its id, and we don't know what we wrote"
    UNKNOWN = "can't be read now"
    TWICE = "more than one file has its id, and none is where we left it"


class Action(Enum):
    """What is done about one document's note."""

    NOTHING = "unchanged"
    CREATE = "created"
    UPDATE = "updated"
    MERGE = "merged with what its user wrote"
    ADOPT = "adopted"
    TRASH = "trashed"
    FORGET = "gone on both sides"
    LEAVE = "left as it is"
    KEEP = "kept though gone at the source, for its user edited it"
    GONE = "deleted by its user"
    WAIT = "left until it can be read"
    ASK = "left, for two files claim to be it"


# Why a note is left for a moment.
BEING_EDITED = "it is being edited"
SAVED_SINCE = "saved while this run was at work"


class Seen(msgspec.Struct, frozen=True):
    """What a run knows about one document before it decides.

    written: we have a base. wanted: it should have a note if it has none. deleted: gone at the source.
    same: theirs equals base, and nothing else is to be done. reached: ours equals theirs. asked: its user named it in
    this run. restored: it holds what it held earlier, as if from a backup.
    """

    on_disk: OnDisk
    written: bool
    wanted: bool = True
    deleted: bool = False
    same: bool = False
    reached: bool = False
    asked: bool = False
    restored: bool = False


def decide(seen: Seen) -> Action:
    """One row a case; the first that fits.

    >>> decide(Seen(OnDisk.NOWHERE, written=False)), decide(Seen(OnDisk.EDITED, written=True))
    (<Action.CREATE: 'created'>, <Action.MERGE: 'merged with what its user wrote'>)
    """
    if seen.on_disk is OnDisk.UNKNOWN:  # cannot read is not absent
        return Action.WAIT
    if seen.on_disk is OnDisk.TWICE:
        return Action.ASK
    return _of_written(seen) if seen.written or seen.on_disk is OnDisk.AS_WRITTEN else _of_unknown(seen)


def _of_unknown(seen: Seen) -> Action:
    """Never written by us, or the state was lost."""
    if seen.on_disk is OnDisk.NOWHERE:
        return Action.CREATE if seen.wanted and not seen.deleted else Action.NOTHING
    if seen.deleted:  # whose words these are can't be told any more
        return Action.KEEP
    return Action.ADOPT if seen.reached else Action.MERGE


def _of_written(seen: Seen) -> Action:
    if seen.on_disk is OnDisk.NOWHERE:
        if seen.deleted:
            return Action.FORGET
        return Action.CREATE if seen.asked else Action.GONE
    untouched = seen.on_disk is OnDisk.AS_WRITTEN
    if seen.deleted:
        return Action.TRASH if untouched else Action.KEEP
    if seen.same:
        return Action.NOTHING
    if seen.reached:
        return Action.ADOPT
    if seen.restored and not seen.asked:  # its values are old ones, not edits
        return Action.LEAVE
    return Action.UPDATE if untouched else Action.MERGE


def needs_theirs(seen: Seen) -> bool:
    """Whether the decision turns on what the document renders to."""
    if seen.deleted or seen.on_disk in (OnDisk.UNKNOWN, OnDisk.TWICE):
        return False
    return seen.on_disk is not OnDisk.NOWHERE


def allowance(total: int) -> int:
    """How many of `total` may go in one run unasked.

    >>> allowance(12), allowance(600)
    (5, 60)
    """
    return max(5, total // 10)


def guard_edits(edits: int, notes: int) -> None:
    """Stop a push that would send more than anyone types. notes: how many there are. Raises SafetyStop.

    A linter, a template or a restored backup changes many notes at once, and means none of it.
    """
    if edits > max(20, notes // 10):
        raise SafetyStop(
            f"{edits:,} edits wait to be sent, more than anyone types at once. None was sent.",
            hint='"vaultsync status" lists them. If they are meant, run "vaultsync push --yes".',
        )


def guard_vault(noted: Mapping[str, int], gone: Mapping[str, int]) -> None:
    """Stop where all the notes of a source are gone from the vault at once. Both by source. Raises SafetyStop.

    A folder that was moved out, or a disk that is not there, looks like that; a user who tidies up leaves some.
    """
    lost = [name for name, number in noted.items() if gone.get(name) == number > allowance(0)]
    if lost:
        number = sum(noted[name] for name in lost)
        raise SafetyStop(
            f"None of the {number:,} notes of {' and '.join(lost)} is in the vault any more. None was written again; "
            "everything else was done.",
            hint="If a folder was moved out of the vault, move it back. If you deleted them, "
            '"vaultsync restore NOTE" brings one back, and "vaultsync status" lists them; if you want none of them, '
            f"take [sources.{lost[0]}] out of vaultsync.toml.",
        )


def guard_deletions(documents: int, of_documents: int, highlights: int, of_highlights: int) -> None:
    """Stop a push that would delete more at a source than anyone meant to. Raises SafetyStop."""
    for gone, total, what in ((documents, of_documents, "documents"), (highlights, of_highlights, "highlights")):
        if gone > allowance(total):
            raise SafetyStop(
                f"{gone:,} of {total:,} {what} were deleted in the vault. None of them was deleted at its source.",
                hint='If that is right, run "vaultsync push --yes"; "vaultsync restore NOTE" brings back a note.',
            )


class Removals(msgspec.Struct, frozen=True):
    """What a run would take out of the vault: documents of all with a note, highlights of all in notes that stay."""

    documents: int
    of_documents: int
    highlights: int
    of_highlights: int


def guard(removals: Removals) -> None:
    """Stop a run that would remove more than anyone meant to. Raises SafetyStop."""
    for gone, total, what in (
        (removals.documents, removals.of_documents, "documents"),
        (removals.highlights, removals.of_highlights, "highlights"),
    ):
        if gone > allowance(total):
            raise SafetyStop(
                f"{gone:,} of {total:,} {what} are gone at the source. None of them was removed from the vault; "
                "everything else was done.",
                hint='If that is right, run "vaultsync export --allow-removals"; '
                '"vaultsync export --dry-run --allow-removals" shows what would go.',
            )
