"""Tell which settled files say something new: not half saved, and not what vaultsync itself wrote last.

Told by what they hold, never by when or how they were saved. Reads notes and state, writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from vaultsync.disk.vault import digest
from vaultsync.errors import VaultError
from vaultsync.watching.orders import Ripe
from vaultsync.workspace import Workspace

_T = TypeVar("_T")


def ripe(workspace: Workspace, paths: Iterable[str], pause: Callable[[], None]) -> Ripe:
    """Read settled files twice. pause: waits a moment between the two. Raises StateError."""
    read = workspace.vault.read
    # What is gone waits for the next look at all notes: it may be half of a move, or of a save.
    first = {path: data for path in paths if (data := _told(read, path)) is not None}
    if not first:
        return Ripe()
    pause()
    steady = {path: data for path, data in first.items() if _told(read, path) == data}
    return _sorted(workspace, steady, tuple(first.keys() - steady.keys()))


def _sorted(workspace: Workspace, files: Mapping[str, bytes], unsteady: tuple[str, ...]) -> Ripe:
    state = workspace.state
    rows = {row.path: row for row in state.rows_of(tuple(files))}
    at, half, everything = set(), [], False
    for path, data in files.items():
        row = rows.get(path)
        if row is not None and row.digest == digest(data):
            continue  # we wrote that, or it was only touched
        if row is not None and len(data) * 2 < row.size:
            half.append(path)
        elif row is not None or state.entry_of(_told(workspace.vault.identity, path) or ""):
            at.add(path)
        else:
            # A file of its user's own: no business of ours, unless a block was moved there.
            everything |= b" ^" in data or b"\n^" in data
    return Ripe(frozenset(at), everything, unsteady, tuple(half))


def _told(read: Callable[[str], _T | None], path: str) -> _T | None:
    """What is read of a note; None if it is not there, or can't be read now."""
    try:
        return read(path)
    except VaultError:
        return None
