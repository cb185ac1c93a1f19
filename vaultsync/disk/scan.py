"""Every note of a vault as the file system lists it: where, how large, how old; none is opened.

For most runs this is most of what they do: one look at each entry of a folder, by the folder's handle.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from vaultsync.disk import swap
from vaultsync.disk.temps import is_leftover


# Structs, as in model.py: a scan makes 10,000 of them.
class Found(msgspec.Struct, frozen=True, gc=False):
    """A note as a scan sees it, unread. size: bytes; mtime_ns: as the file system gives it."""

    path: str
    size: int
    mtime_ns: int
    inode: int


class Scan(msgspec.Struct, frozen=True):
    """Every note of a vault by its path, in no order.

    unknown: folders and notes that could not be looked at, are off-loaded to a cloud, or have a symbolic link in
    their place; they are not absent.
    leftovers: temp files of a run that was cut short, for `Vault.recover`.
    """

    notes: dict[str, Found]
    unknown: tuple[str, ...]
    leftovers: tuple[str, ...]

    def is_unknown(self, path: str) -> bool:
        """Whether a note may well be there though the scan did not find it."""
        return any(path == lost or lost == "" or path.startswith(f"{lost}/") for lost in self.unknown)


def scanned(root: str) -> Scan:
    """Look through a folder that is there, but for what has a leading dot."""
    notes: dict[str, Found] = {}
    unknown: list[str] = []
    leftovers: list[str] = []
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            folders += _scan_folder(f"{root}/", folder, (notes, unknown, leftovers))
        except OSError:
            unknown.append(folder.rstrip("/"))
    return Scan(notes, tuple(unknown), tuple(leftovers))


def _scan_folder(root: str, folder: str, into: tuple[dict[str, Found], list[str], list[str]]) -> list[str]:
    """Sort one folder into notes, unknown and leftovers; return the folders in it, with "/" at their ends."""
    notes, unknown, leftovers = into
    folders: list[str] = []
    with _entries(root + folder) as entries:
        for entry in entries:
            name = entry.name
            if not name.isascii() and not _is_text(name):
                unknown.append(folder + name.encode(errors="replace").decode())
                continue
            path = folder + name
            if name[0] == ".":
                _sort_hidden(entry, folder, unknown, leftovers)
            elif name[-3:].lower() == ".md":
                try:
                    seen = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if stat.S_ISREG(seen.st_mode):
                    notes[path] = Found(path, seen.st_size, seen.st_mtime_ns, seen.st_ino)
                else:
                    _sort_other(entry, path, folders, unknown)
            else:
                _sort_other(entry, path, folders, unknown)
    return folders


def _sort_other(entry: os.DirEntry[str], path: str, folders: list[str], unknown: list[str]) -> None:
    if entry.is_dir(follow_symlinks=False):
        folders.append(f"{path}/")
    elif entry.is_symlink():  # it may stand for a note or folder that was here
        unknown.append(path)


def _sort_hidden(entry: os.DirEntry[str], folder: str, unknown: list[str], leftovers: list[str]) -> None:
    if is_leftover(entry.name) and entry.is_file(follow_symlinks=False):
        leftovers.append(folder + entry.name)
    elif entry.name.endswith(".icloud"):  # stands for a note that iCloud has taken off this disk
        unknown.append(folder + entry.name[1:-7])


@contextmanager
def _entries(folder: str) -> Iterator[Iterator[os.DirEntry[str]]]:
    """What is in a folder. Raises OSError."""
    if os.scandir not in os.supports_fd:  # Windows
        with os.scandir(folder) as entries:
            yield entries
        return
    # By its handle: each look at an entry is spared the way to the folder, a quarter of what it takes.
    handle = os.open(folder, swap.READ)
    try:
        with os.scandir(handle) as entries:
            yield entries
    finally:
        os.close(handle)


def _is_text(name: str) -> bool:
    """Whether a name can be stored and shown; on Linux names are bytes, and some are not UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
