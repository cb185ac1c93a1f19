"""Files in a vault that are no notes: find them by their names, and write them as they arrive.

Paths are relative to the vault, with "/". Nothing follows a symbolic link or leaves the vault, and nothing that is
there is replaced. What is half written has a name of its own, which neither Obsidian nor a look at the notes sees.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from vaultsync.disk import swap
from vaultsync.disk.root import Root
from vaultsync.disk.temps import digest
from vaultsync.errors import VaultError

# Not as notes' temps are called: what is in such a file is nobody's save, however it came to be cut off.
_HALF, _HALF_END = ".vaultsync-", ".part"


class Attachments:
    """The files of a vault."""

    def __init__(self, folder: Path) -> None:
        self._root = Root(folder)

    def named(self, marks: Iterable[str]) -> dict[str, str]:
        """The files that bear one of these marks in their names, by mark. What can't be looked into is passed over."""
        wanted = tuple(marks)
        found: dict[str, str] = {}
        for path in sorted(self._paths("")):
            name = path.rpartition("/")[2]
            found |= {mark: path for mark in wanted if mark not in found and mark in name}
        return found

    def write(self, path: str, chunks: Iterable[bytes]) -> int:
        """Write a file as it arrives, and return its size in bytes. Whatever goes wrong leaves nothing of it.

        Raises VaultError, also if there is one by that name; what `chunks` raises passes.
        """
        self._root.require_marker()
        target = self._root.place(path)
        try:
            folder = self._root.made(path.rpartition("/")[0])
            # We hold the lock, so what is there by this name is of a run that was cut short.
            half = f"{folder}/{_HALF}{digest(path.encode()).hex()}{_HALF_END}"
            with suppress(FileNotFoundError):
                swap.remove(half)
            size = swap.write_arriving(half, chunks)
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            swap.move_new(half, target)
        except OSError as error:
            swap.remove(half)
            raise _unwritable(path, error) from error
        swap.make_names_durable(folder)
        return size

    def _paths(self, folder: str) -> Iterator[str]:
        with suppress(OSError), os.scandir(f"{self._root.folder}/{folder}") as entries:
            for entry in entries:
                if entry.name[0] == ".":
                    continue
                if entry.is_dir(follow_symlinks=False):
                    yield from self._paths(f"{folder}{entry.name}/")
                elif entry.is_file(follow_symlinks=False):
                    yield folder + entry.name


def _unwritable(path: str, error: OSError) -> VaultError:
    message = f"{path} can't be written ({error.strerror or error}). Nothing of it was kept."
    return VaultError(message, path=path, hint="Make room or make the folder writable, then run again.")
