"""Write a page of notes: temp files beside them, one sync, then swaps that are verified.

Order of effects: temps and folders, made durable together; names, swapped one by one; folders, made durable.
Then the caller commits its state, then what was displaced goes. A crash between any two leaves each note
whole, old or new, and beside it at most a temp file that `temps.clear_away` recognises.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

import msgspec

from vaultsync.disk import swap
from vaultsync.disk.root import Root
from vaultsync.disk.temps import Recovered, clear_away, digest, spare_of, write_temp
from vaultsync.errors import VaultError

# Whatever the note, the next one fares no better.
_PAGE_LOST = frozenset([errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])


# Structs, as in model.py: a first export makes one per note.
class Write(msgspec.Struct, frozen=True, gc=False):
    """A note to be written. replaces: digest of what the plan was made on; None if nothing may be there."""

    path: str
    data: bytes
    replaces: bytes | None


class Written(msgspec.Struct, frozen=True, gc=False):
    """A note that now holds what was wanted. size: bytes; digest: of what it holds."""

    path: str
    size: int
    mtime_ns: int
    inode: int
    digest: bytes


class Refused(msgspec.Struct, frozen=True, gc=False):
    """A note that was left as it is. edited: not what the plan was made on; exists: the name is taken."""

    path: str
    reason: Literal["edited", "exists", "error"]
    message: str


class _Staged(msgspec.Struct, frozen=True):
    write: Write
    digest: bytes
    target: str
    temp: str
    found: os.stat_result
    spare: str


class _Displaced(msgspec.Struct, frozen=True):
    temp: str
    expected: bytes
    note: str


class Page:
    """A page of notes that was written. outcomes: one for each write, in the same order."""

    def __init__(self, root: Root, writes: Sequence[Write]) -> None:
        self._root = root
        self._folders: dict[str, str] = {}
        self._displaced: list[_Displaced] = []
        staged = self._stage_all(writes)
        self.outcomes = tuple(self._put(one) if isinstance(one, _Staged) else one for one in staged)
        self._make_names_durable()

    def settle(self) -> tuple[Recovered, ...]:
        """Delete what was displaced; keep what someone saved into it meanwhile. Call once state is committed.

        The later the better: a program may hold a displaced note open for a moment. Raises VaultError.
        """
        recovered = []
        for displaced in self._displaced:

            def is_ours(data: bytes, expected: bytes = displaced.expected) -> bool:
                return digest(data) == expected

            recovered.append(clear_away(self._root, displaced.temp, is_ours, displaced.note))
        self._displaced.clear()
        return tuple(filter(None, recovered))

    def _make_names_durable(self) -> None:
        changed = {outcome.path.rpartition("/")[0] for outcome in self.outcomes if isinstance(outcome, Written)}
        try:
            for folder in changed:
                swap.make_names_durable(self._folders[folder])
        except OSError as error:
            raise VaultError(
                f"The disk does not take what was written ({error.strerror}). It counts as not written.",
                hint="Check the disk, then run again: that finishes what was begun.",
            ) from error

    def _stage_all(self, writes: Sequence[Write]) -> list[_Staged | Refused]:
        staged: list[_Staged | Refused] = []
        try:
            for write in writes:
                staged.append(self._stage(write))  # noqa: PERF401  # if a later one fails, these must go
            disks = {os.stat(place).st_dev: place for place in self._folders.values()}  # noqa: PTH116  # text paths
            swap.make_durable([one.temp for one in staged if isinstance(one, _Staged)], disks.values())
        except OSError as error:
            for one in staged:
                if isinstance(one, _Staged):
                    with suppress(OSError):
                        swap.remove(one.temp)
            raise VaultError(
                f"The vault can't be written ({error.strerror}). No note of this page was touched.",
                hint="Make room or make it writable, then run again; what was done before stays done.",
            ) from error
        return staged

    def _stage(self, write: Write) -> _Staged | Refused:
        try:
            target = self._target(write)
            like = None if write.replaces is None else os.lstat(target)
            if like is not None and not stat.S_ISREG(like.st_mode):
                return Refused(write.path, "error", f"{write.path} is not an ordinary file. It was left alone.")
            made = digest(write.data)
            temp, found = write_temp(target, write.data, like, (made, write.replaces or b""))
            return _Staged(write, made, target, temp, found, spare_of(temp))
        except FileNotFoundError:
            return gone(write.path)
        except VaultError as error:
            return Refused(write.path, "error", str(error))
        except OSError as error:
            if error.errno in _PAGE_LOST:
                raise
            return Refused(write.path, "error", unwritable(write.path, error))

    def _target(self, write: Write) -> str:
        folder, _, name = write.path.rpartition("/")
        place = self._root.place(write.path)
        if folder not in self._folders:
            # The folder of a note that is to be updated is not made anew: its user has moved both.
            self._folders[folder] = (
                self._root.made(folder)
                if write.replaces is None
                else self._root.reached(write.path).removesuffix(f"/{name}")
            )
        return place

    def _put(self, staged: _Staged) -> Written | Refused:
        path, found = staged.write.path, staged.found
        try:
            refused = self._created(staged) if staged.write.replaces is None else self._updated(staged)
        except FileNotFoundError:
            refused = gone(path)
        except OSError as error:
            refused = Refused(path, "error", unwritable(path, error))
        if refused is None:
            return Written(path, found.st_size, found.st_mtime_ns, found.st_ino, staged.digest)
        # Whichever name it has, it is the temp with our text; `settle` makes sure.
        self._displaced += [_Displaced(place, staged.digest, path) for place in (staged.temp, staged.spare)]
        return refused

    def _created(self, staged: _Staged) -> Refused | None:
        try:
            swap.move_new(staged.temp, staged.target)
        except FileExistsError:
            path = staged.write.path
            return Refused(path, "exists", f"Something else came to be at {path}. It was left alone.")
        return None

    def _updated(self, staged: _Staged) -> Refused | None:
        path, planned_on = staged.write.path, staged.write.replaces
        if digest(swap.contents(staged.target)) != planned_on:
            return edited(path)
        displaced = swap.put_in_place(staged.temp, staged.target, staged.spare)
        if digest(swap.contents(displaced)) == planned_on:
            self._displaced.append(_Displaced(displaced, planned_on, path))
            return None
        # A save landed since we looked: it gets its name back.
        spare = staged.spare if displaced == staged.temp else staged.temp
        returned = swap.put_in_place(displaced, staged.target, spare)
        if digest(swap.contents(returned)) != staged.digest:
            # And another one while it did: the newest keeps the name, `settle` recovers the one before.
            swap.put_in_place(returned, staged.target, displaced)
        return edited(path)


def edited(path: str) -> Refused:
    """Say that a note changed under our hands."""
    return Refused(path, "edited", f"{path} was saved while vaultsync was at work. It was left as it is.")


def gone(path: str) -> Refused:
    """Say that a note went away under our hands."""
    return Refused(path, "edited", f"{path} is no longer there. Nothing was written in its place.")


def unwritable(path: str, error: OSError) -> str:
    """Say that a note could not be written, for the reason the system gave."""
    return f"{path} can't be written ({error.strerror or error}). It was left as it is."
