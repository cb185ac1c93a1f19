"""Find the note of every entry, wherever its user has moved it. Reads through the vault, writes nothing.

Where size, time and inode are as recorded, the note is taken for what we wrote: no write relies on that, for a
note is read again just before it is replaced. Everything else is told by its id and its digest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from vaultsync.disk.vault import Found, Scan, Vault, Written, digest
from vaultsync.errors import VaultError
from vaultsync.paths import collision_key
from vaultsync.plan import OnDisk
from vaultsync.storage.state import Row, State


# A struct, as in model.py: a run makes one per note.
class Place(msgspec.Struct, frozen=True, gc=False):
    """Where a note is and what it holds. found: None if it is nowhere, or not one file."""

    on_disk: OnDisk
    path: str = ""
    digest: bytes = b""
    found: Found | None = None


_NOWHERE = Place(OnDisk.NOWHERE)


@dataclass
class Survey:
    """Where the notes are, by the id of their entry, or the id they bear if no entry has it.

    changed: rows of notes that are not exactly as they were left. answered: ids of those that held conflicts then.
    copies: paths of notes that bear the id of another. unread: why some can't be told. miscounted: paths of notes that
    say of the conflicts in them how many there were. disputed: blocks that callouts of conflicts are about, by path;
    like the former, of notes that are not as they were left.
    """

    scan: Scan
    places: dict[str, Place] = field(default_factory=dict)
    changed: list[Row] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    copies: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unread: list[VaultError] = field(default_factory=list)
    miscounted: set[str] = field(default_factory=set)
    disputed: dict[str, frozenset[str]] = field(default_factory=dict)

    def place(self, *ids: str) -> Place:
        """The place of a document's note, by any of its ids."""
        for name in ids:
            if name in self.places:
                return self.places[name]
        return _NOWHERE

    def that_are(self, on_disk: OnDisk) -> list[str]:
        """The ids of all notes that are so, as they were found."""
        return [name for name, place in self.places.items() if place.on_disk is on_disk]

    def is_miscounted(self, name: str) -> bool:
        """Whether a block with a conflict was taken out of a note, which still counts it."""
        return self.place(name).path in self.miscounted

    def written(self, name: str, path: str, outcome: Written, *, mine: bool = False) -> None:
        """Take note of what was just written. mine: it holds words of its user's."""
        found = Found(path, outcome.size, outcome.mtime_ns, outcome.inode)
        self.places[name] = Place(_as_left(mine=mine), path, outcome.digest, found)
        self.taken.add(collision_key(path))
        self.miscounted.discard(path)

    def rewritten(self, outcome: Written) -> None:
        """Take note of what was just written into a note of another document, or of none."""
        found = Found(outcome.path, outcome.size, outcome.mtime_ns, outcome.inode)
        self.scan.notes[outcome.path] = found
        for name, place in self.places.items():
            if place.path == outcome.path:  # what we wrote in a note that was found is no more known than before
                on_disk = OnDisk.FOUND if place.on_disk is OnDisk.FOUND else OnDisk.EDITED
                self.places[name] = Place(on_disk, outcome.path, outcome.digest, found)

    def renamed(self, old: str, new: str) -> None:
        """Take note that a document has another id. A run that was cut short may have written it into the note."""
        place = self.place(old)
        if new not in self.places or place.on_disk is not OnDisk.NOWHERE:
            self.places[new] = place

    def removed(self, name: str) -> None:
        """Take note that a note is no longer there."""
        self.places[name] = _NOWHERE

    @cached_property
    def taken(self) -> set[str]:
        """Every path that has a note, as names are compared."""
        return {collision_key(path) for path in self.scan.notes}


def survey(
    vault: Vault,
    rows: Iterable[Row],
    entry_of: Callable[[str], str | None],
    ours: Collection[bytes] = frozenset(),
    scan: Scan | None = None,
) -> Survey:
    """Look for the note of every row. entry_of: from an id as a note bears it to the entry's, None if unknown.

    ours: digests of what a run that was cut short was writing; a note that holds one has no words of its user's.
    scan: where to look; the whole vault if it is not given.
    """
    seen = Survey(vault.scan() if scan is None else scan)
    bearers = _bearers(vault, seen, _besides_those_as_left(seen, rows), entry_of)
    for row in seen.changed:
        seen.places[row.id] = _located(vault, seen, row, bearers.pop(row.id, []), ours)
    for name, paths in bearers.items():
        if name in seen.places:
            seen.copies[name] = tuple(sorted(paths))
        else:
            seen.places[name] = _found(vault, seen, paths, ours)
    return seen


def _besides_those_as_left(seen: Survey, rows: Iterable[Row]) -> Iterable[str]:
    """Sort the rows into notes that are as they were left and those that are not; return every other path."""
    # For most runs this loop is most of what they do: it keeps no row it does not need, calls nothing, and asks the
    # enum, which answers slowly, once.
    as_left = (OnDisk.AS_WRITTEN, OnDisk.EDITED)
    places, unclaimed = seen.places, dict(seen.scan.notes)
    for row in rows:
        found = unclaimed.get(row.path)
        if row.conflicts:
            seen.answered.append(row.id)
        if found is not None and found.mtime_ns == row.mtime_ns and found.size == row.size and found.inode == row.inode:
            places[row.id] = Place(as_left[row.mine], found.path, row.digest, found)
            del unclaimed[found.path]
        else:
            seen.changed.append(row)
    return unclaimed


def _bearers(
    vault: Vault, seen: Survey, unclaimed: Iterable[str], entry_of: Callable[[str], str | None]
) -> dict[str, list[str]]:
    """Every path by the entry whose id the note there bears, or by that id if no entry has it."""
    bearers: dict[str, list[str]] = defaultdict(list)
    for path in unclaimed:
        try:
            name = vault.identity(path)
        except VaultError as error:
            seen.unread.append(error)
            continue
        if name is not None:
            bearers[entry_of(name) or name].append(path)
    return bearers


def _located(vault: Vault, seen: Survey, row: Row, paths: list[str], ours: Collection[bytes]) -> Place:
    """Where a note is that is not as it was left."""
    unreadable = any(error.path == row.path for error in seen.unread)
    if row.path in paths:
        home = row.path
        if len(paths) > 1:
            seen.copies[row.id] = tuple(sorted(set(paths) - {home}))
    elif len(paths) == 1:
        home = paths[0]
    elif paths:
        return Place(OnDisk.TWICE, ", ".join(sorted(paths)))
    elif unreadable or seen.scan.is_unknown(row.path):
        return Place(OnDisk.UNKNOWN, row.path)
    elif row.path in seen.scan.notes and vault.identity(row.path) is None:
        home = row.path  # its user took the id out; it is still where we left it
    else:
        return _NOWHERE
    return _read(vault, seen, home, ours if row.mine else (*ours, row.digest), OnDisk.EDITED)


def _as_left(*, mine: bool) -> OnDisk:
    """What a note is that holds what vaultsync left there: that may be words of its user's, merged."""
    return OnDisk.EDITED if mine else OnDisk.AS_WRITTEN


def _found(vault: Vault, seen: Survey, paths: list[str], ours: Collection[bytes]) -> Place:
    if len(paths) > 1:
        return Place(OnDisk.TWICE, ", ".join(sorted(paths)))
    return _read(vault, seen, paths[0], ours, OnDisk.FOUND)


def _read(vault: Vault, seen: Survey, path: str, ours: Collection[bytes | None], otherwise: OnDisk) -> Place:
    """The place of a note that is there. otherwise: what it is if it holds none of what is ours."""
    try:
        data = vault.read(path)
    except VaultError as error:
        seen.unread.append(error)
        return Place(OnDisk.UNKNOWN, path)
    if data is None:
        return _NOWHERE
    held = digest(data)
    if held not in ours:
        _note_conflicts(seen, path, data)
    return Place(OnDisk.AS_WRITTEN if held in ours else otherwise, path, held, vault.found(path))


def _note_conflicts(seen: Survey, path: str, data: bytes) -> None:
    """Take note of the conflicts in a note, and whether it counts others than it holds. Of half a note nothing is."""
    if b"vaultsync_conflicts" not in data and b"[!vaultsync-conflict]" not in data:
        return
    from vaultsync.merging.conflicts import found, recounted  # it brings what merges, and hardly a note has any

    with suppress(UnicodeDecodeError):
        text = data.decode()
        blocks = {one.block_id for one in found(text) if one.kind == "conflict" and one.block_id}
        seen.disputed |= {path: frozenset(blocks)} if blocks else {}
        seen.miscounted |= {path} if "vaultsync_conflicts" in text and recounted(text) != text else set()


def back_at_an_earlier_text(state: State, place: Place, row: Row) -> tuple[bytes, bool] | None:
    """Whether a note holds what it held before: the digest of that, and if that alone shows that it was restored.

    It does if the file is as old as that text, or if it was found to be so before.
    """
    if place.on_disk is not OnDisk.EDITED or place.found is None or place.digest == row.digest:
        return None
    until = state.past(row.id, place.digest)
    if until is None:
        return None
    return place.digest, place.found.mtime_ns // 1_000_000_000 < until or state.is_suspect(row.id, place.digest)
