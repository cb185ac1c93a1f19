"""The notes of a vault on disk: find, read, write page by page, trash, and recover after a run was cut short.

Paths are relative to the vault, with "/". Nothing follows a symbolic link or leaves the vault, and no write
replaces bytes nobody has looked at: what it displaced is compared with the plan, and put back if it differs.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from pathlib import Path

import msgspec

from vaultsync.disk import swap
from vaultsync.disk.page import Page, Refused, Write, Written, edited, gone, unwritable
from vaultsync.disk.root import MARKER, Root
from vaultsync.disk.scan import Found, Scan, scanned
from vaultsync.disk.temps import Recovered, clear_away, digest, digests_in, write_temp
from vaultsync.errors import VaultError

__all__ = [
    "MARKER",
    "Found",
    "Page",
    "Recovered",
    "Refused",
    "Scan",
    "Trashed",
    "Vault",
    "Write",
    "Written",
    "digest",
]

_TRASH = ".trash"
_HEAD = 4096
_LONGEST_FRONT_MATTER = 256 * 1024
_OPENING = re.compile(rb"(?:\xef\xbb\xbf)?---[ \t]*\r?\n")
_CLOSING = re.compile(rb"^---[ \t]*(?=\r?$)", re.MULTILINE)


class Trashed(msgspec.Struct, frozen=True):
    """A note that was moved. to: where it is now, inside the vault."""

    path: str
    to: str


class Vault:
    """A folder of notes. Links in the path that leads to it are followed, once; links in it are not."""

    def __init__(self, folder: Path) -> None:
        self._root = Root(folder)
        self.root = Path(self._root.folder)

    def scan(self) -> Scan:
        """Look at every note. Files and folders with a leading dot are none of ours."""
        return scanned(self._root.folder)

    def look_at(self, paths: Iterable[str]) -> Scan:
        """Look at these notes only; those that are not there are left out."""
        notes: dict[str, Found] = {}
        unknown: list[str] = []
        for path in paths:
            try:
                found = self.found(path)
            except VaultError:
                unknown.append(path)
            else:
                notes |= {} if found is None else {path: found}
        return Scan(notes, tuple(unknown), ())

    def found(self, path: str) -> Found | None:
        """Look at one note; None if it is not there. Raises VaultError if that can't be told."""
        try:
            seen = os.lstat(self._root.reached(path))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(path, error) from error
        if stat.S_ISLNK(seen.st_mode):
            raise _linked(path)
        return Found(path, seen.st_size, seen.st_mtime_ns, seen.st_ino) if stat.S_ISREG(seen.st_mode) else None

    def read(self, path: str) -> bytes | None:
        """Read a note; None if it is not there. Raises VaultError if that can't be told."""
        try:
            return swap.contents(self._root.reached(path))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(path, error) from error

    def read_head(self, path: str, size: int = _HEAD) -> bytes | None:
        """Read the first `size` bytes of a note; None if it is not there. Raises VaultError."""
        try:
            return swap.contents(self._root.reached(path), size)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(path, error) from error

    def identity(self, path: str) -> str | None:
        """Return the vaultsync_id of a note, None if it has none. Raises VaultError if that can't be told."""
        head = self.read_head(path) or b""
        front = _front_matter(head)
        if front is None and len(head) == _HEAD and _OPENING.match(head):
            front = _front_matter(self.read_head(path, _LONGEST_FRONT_MATTER) or b"")
        if front is None or b"vaultsync_id" not in front:
            return None
        # Imported here: it brings a YAML reader, and an ordinary run knows its notes without.
        from vaultsync.note import ID_KEY
        from vaultsync.properties import read_properties

        properties = read_properties(front.decode(errors="replace").replace("\r\n", "\n"))
        if not properties and b"{{" in front:
            return None  # a template that was copied into the vault
        if not properties:
            message = f"The properties of {path} are not YAML, so it can't be told whose note it is."
            hint = "Mend its properties in Obsidian, then run again."
            raise VaultError(f"{message} It was left alone.", path=path, hint=hint)
        value = properties.get(ID_KEY)
        return value if isinstance(value, str) and value and "{{" not in value else None

    def write(self, writes: Sequence[Write]) -> Page:
        """Write a page of notes, durably. `settle` the answer once state is committed, whatever its outcomes.

        A note that can't be written is refused, the others are written. Raises VaultError if that is so for
        all (the disk is full, read-only, not there); no note was touched then.
        """
        self._root.require_marker()
        return Page(self._root, writes)

    def has(self, path: str) -> bool:
        """Whether there is anything at a path, of any kind. Raises VaultError if that is not in the vault."""
        return os.path.lexists(self._root.place(path))

    def copy_in(self, path: str, data: bytes) -> bool:
        """Write a file of any kind unless there is one; say whether it was written. Raises VaultError."""
        try:
            target = self._root.place(path)
            folder = self._root.made(path.rpartition("/")[0])
            temp, _ = write_temp(target, data, None, [digest(data)])
            swap.make_durable([temp], [folder])
            try:
                swap.move_new(temp, target)
            except FileExistsError:
                swap.remove(temp)
                return False
            swap.make_names_durable(folder)
        except OSError as error:
            raise _unwritable(path, error) from error
        return True

    def trash(self, path: str, expected: bytes) -> Trashed | Refused:
        """Move a note to the vault's .trash if its digest is the expected one. Notes are never deleted."""
        self._root.require_marker()
        try:
            return self._trashed(path, expected)
        except FileNotFoundError:
            return gone(path)
        except VaultError as error:
            return Refused(path, "error", str(error))
        except OSError as error:
            return Refused(path, "error", unwritable(path, error))

    def recover(
        self, leftovers: Iterable[str], known: Callable[[bytes], bool] = lambda _: False
    ) -> tuple[Recovered, ...]:
        """Clear away what a run that was cut short left behind, and keep every save that nobody has seen.

        leftovers: of a scan. known: whether state knows the digest as that of a note vaultsync wrote. To be
        called before anything is written; the lock says that no other run is at work. Raises VaultError.
        """
        recovered = []
        for leftover in leftovers:
            self._root.require_marker()
            ours = digests_in(leftover)

            def is_ours(data: bytes, ours: tuple[bytes, ...] = ours) -> bool:
                # Empty, or zeros on some disks: the power failed before the temp was durable.
                return not data.strip(b"\0") or digest(data) in ours or known(digest(data))

            recovered.append(clear_away(self._root, f"{self._root.folder}/{leftover}", is_ours, ""))
        return tuple(filter(None, recovered))

    def _trashed(self, path: str, expected: bytes) -> Trashed | Refused:
        place = self._root.reached(path)
        if digest(swap.contents(place)) != expected:
            return edited(path)
        trash = self._root.made(_TRASH)
        to = _moved_to(place, trash, path.rpartition("/")[2])
        if digest(swap.contents(to)) != expected:
            # A save landed since we looked. If yet another took the name, both stay, one of them in the trash.
            try:
                swap.move_new(to, place)
            except FileExistsError:
                kept = self._root.relative(to)
                return Refused(path, "edited", f"{path} was saved twice meanwhile. It was left; see also {kept}.")
            return edited(path)
        # The trash first: after a power failure the note may be in both folders, but not in neither.
        for folder in (trash, place.rpartition("/")[0]):
            swap.make_names_durable(folder)
        return Trashed(path, self._root.relative(to))


def _moved_to(place: str, folder: str, name: str) -> str:
    """Move a file into a folder, by the next free name as Obsidian numbers them, and return where it is."""
    stem, dot, suffix = name.rpartition(".")
    for number in count(1):
        to = f"{folder}/{name if number == 1 else f'{stem} {number}{dot}{suffix}'}"
        try:
            swap.move_new(place, to)
        except FileExistsError:
            continue
        break
    return to


def _front_matter(head: bytes) -> bytes | None:
    opening = _OPENING.match(head)
    closing = _CLOSING.search(head, opening.end()) if opening else None
    return head[: closing.end()] if closing else None


def _unreadable(path: str, error: OSError) -> VaultError:
    message = f"{path} can't be read ({error.strerror or error}). It counts as unknown, not as gone."
    return VaultError(message, path=path, hint="Make it readable (or download it from its cloud), then run again.")


def _linked(path: str) -> VaultError:
    message = f"{path} is a symbolic link, and none is followed. It counts as unknown, not as gone."
    return VaultError(message, path=path, hint="Put the note itself there.")


def _unwritable(path: str, error: OSError) -> VaultError:
    hint = "Make room or make the folder writable, then run again."
    return VaultError(unwritable(path, error), path=path, hint=hint)
