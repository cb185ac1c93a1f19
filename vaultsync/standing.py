"""How things stand between a vault and its state: last runs, and which notes wait for whom. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from vaultsync.config import FULL_EVERY
from vaultsync.desk import Desk
from vaultsync.drafting.survey import Survey
from vaultsync.errors import ConfigError, SourceError, VaultsyncError
from vaultsync.plan import OnDisk
from vaultsync.report import short
from vaultsync.sending.aliases import LAYOUT
from vaultsync.sending.fates import RESTORED, Fate, Outgoing
from vaultsync.workspace import Workspace

if TYPE_CHECKING:
    from vaultsync.open_note import OpenNote

_RUNS = 5


class Trouble(msgspec.Struct, frozen=True):
    """Something in a note that waits for its user. path: inside the vault; block: its anchor, "" for the document.

    what: the fields as they were and are, on a line, where that is known.
    """

    path: str
    field: str
    block: str
    reason: str = ""
    what: str = ""


class Standing(msgspec.Struct, frozen=True):
    """What `vaultsync status` tells. Paths are inside the vault, sorted.

    runs: the last ones, newest first, as pull.py kept them. next_full: by source, when everything is listed
    again; None: at the next run. notes: how many there are. edited: they hold words of their user's. conflicts: both
    sides changed the same. unsent: what the next push sends. refused: what it doesn't, and why.
    waiting: with news that wait for the next export. deleted: by their user, where they were. copies: of a
    note, with its id. unread: what could not be looked at, and why. orphans: how many notes there are of sources that
    vaultsync.toml has no more; nothing else is told of them. outdated: how many were made by an earlier template.
    """

    runs: tuple[Mapping[str, Any], ...]
    next_full: Mapping[str, datetime | None]
    notes: int
    edited: tuple[str, ...]
    conflicts: tuple[Trouble, ...]
    unsent: tuple[Trouble, ...]
    refused: tuple[Trouble, ...]
    waiting: tuple[str, ...]
    deleted: tuple[str, ...]
    copies: tuple[str, ...]
    unread: tuple[str, ...]
    orphans: Mapping[str, int]
    outdated: int


def standing(workspace: Workspace) -> Standing:
    """Look at the vault and its state; asks no service. Raises StateError, VaultError, ConfigError."""
    desk = Desk(workspace)
    seen, history = desk.survey, workspace.history
    others = workspace.state.of_others(workspace.accounts)
    orphans = Counter(source for name, source in others.items() if seen.place(name).on_disk is not OnDisk.NOWHERE)
    away = [row for row in seen.changed if seen.place(row.id).on_disk is OnDisk.NOWHERE]
    edited = [name for name in seen.that_are(OnDisk.EDITED) if name not in others]
    opened = list(desk.every())
    notes = [one for one in opened if not isinstance(one, VaultsyncError)]
    edits, untold = _edits(workspace, notes)
    failed = (*seen.unread, *(one for one in opened if isinstance(one, VaultsyncError)), *untold)
    return Standing(
        runs=tuple(reversed(list(history.last(_RUNS)))),
        next_full={name: _after(history.last_full(name)) for name in workspace.config.sources},
        notes=workspace.state.counts().notes - len(away),
        edited=tuple(sorted(seen.place(name).path for name in edited)),
        conflicts=tuple(
            # A callout that came to another document's note with its block is found from both.
            dict.fromkeys(
                Trouble(path, one.field, one.block_id) for note in notes for path, one in note.places_of_conflicts
            )
        ),
        unsent=tuple(_of(one) for one in edits if one.fate is Fate.SEND),
        refused=(
            *(_of(one) for one in edits if one.fate is Fate.REFUSED),
            *(trouble for note in notes for trouble in _unread(note)),
        ),
        waiting=tuple(sorted(path for name in workspace.accounts for path in workspace.state.pending_paths(name))),
        # Reviews of days that are over are thrown away, and nobody waits for them.
        deleted=tuple(sorted(row.path for row in away if row.id not in others and not _is_review(workspace, row.id))),
        copies=tuple(sorted(path for paths in seen.copies.values() for path in paths)),
        unread=tuple(dict.fromkeys(error.message for error in failed)),
        orphans=dict(sorted(orphans.items())),
        outdated=_outdated(workspace, seen),
    )


def _is_review(workspace: Workspace, identity: str) -> bool:
    entry = workspace.state.entry(identity)
    return entry is not None and entry.is_review


def _outdated(workspace: Workspace, seen: Survey) -> int:
    """How many notes are there that were rendered with another template than theirs is now."""
    try:
        ids = [identity for name in workspace.accounts for identity in workspace.outdated(name)]
    except ConfigError:
        return 0  # there are no templates to be read; whoever is to render says so
    return sum(seen.place(identity).on_disk is not OnDisk.NOWHERE for identity in ids)


def _edits(workspace: Workspace, notes: Iterable[OpenNote]) -> tuple[list[Outgoing], list[SourceError]]:
    """What was changed in notes; and the failures of sources that can't say of an edit whether they take it."""
    edits: list[Outgoing] = []
    untold: list[SourceError] = []
    for note in notes:
        try:
            edits += _edits_in(workspace, note)
        except SourceError as error:
            untold.append(error)
    return edits, untold


def _edits_in(workspace: Workspace, note: OpenNote) -> tuple[Outgoing, ...]:
    box = note.outbox(workspace.sources[note.entry.source], workspace)
    held = workspace.state.is_suspect(note.entry.id, note.place.digest)
    return tuple(replace(one, fate=Fate.REFUSED, why=RESTORED) if held else one for one in box)


def _of(one: Outgoing) -> Trouble:
    what = f"{short(one.edit.before)} -> {short(one.edit.after)}"
    return Trouble(one.path, one.edit.field, one.block, one.why, what)


def _unread(note: OpenNote) -> Iterator[Trouble]:
    names = {block.id: block.block_id for block in note.agreed.layout.blocks}
    foreign = {one.owner for one in note.entry.aliases if one.field == LAYOUT}  # nobody edited anything there
    for one in note.refusals:
        if one.owner in foreign or one.typed is not None:  # the latter is among the edits
            continue
        why = f"It can't be told what you wrote, for {one.reason}."
        yield Trouble(note.path, one.field, names.get(one.owner, ""), why)
    for owner in note.without_anchor:
        why = f"The line ^{names[owner]} is gone, so it can't be read; put it back below the text."
        yield Trouble(note.path, "block", names[owner], why)


def _after(last: datetime | None) -> datetime | None:
    return None if last is None else last + FULL_EVERY
