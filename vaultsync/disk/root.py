"""The only way from a path in a vault to a place on disk: inside it, not hidden, through no symbolic link."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from vaultsync.disk import swap
from vaultsync.errors import VaultError

MARKER = "vaultsync.toml"
"""The file at a vault's root that says it is one. Without it nothing is written: its disk may be missing."""

_ILLEGAL = frozenset("\0\\:" if sys.platform == "win32" else "\0")


class Root:
    """A vault's folder, and the only way from a path in it to a path on disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder.resolve())

    def place(self, path: str) -> str:
        """Return where a path is on disk. Raises VaultError if it is hidden or not in the vault."""
        for part in path.split("/"):
            if not part or part[0] == "." or not _ILLEGAL.isdisjoint(part):
                raise VaultError(
                    f"{path!r} is not a path inside the vault. It was not touched.",
                    path=path,
                    hint="Check the path in vaultsync.toml.",
                )
        return f"{self.folder}/{path}"

    def reached(self, path: str) -> str:
        """As `place`; makes sure that no folder on the way is a symbolic link. Raises OSError, VaultError."""
        place = self.place(path)
        at = len(self.folder)
        while (at := place.find("/", at + 1)) > 0:
            _require_folder(place[:at])
        return place

    def made(self, folder: str) -> str:
        """Return where a folder is on disk, having made it if it was missing. Raises OSError, VaultError."""
        at = self.folder
        for part in filter(None, folder.split("/")):
            at = f"{at}/{part}"
            try:
                _require_folder(at)
            except FileNotFoundError:
                swap.make_folder(at)
        return at

    def relative(self, place: str) -> str:
        """Return the path in the vault of a place on disk."""
        return place[len(self.folder) + 1 :]

    def require_marker(self) -> None:
        """Raise VaultError if this does not look like the vault it should be."""
        if not os.path.lexists(f"{self.folder}/{MARKER}"):
            raise VaultError(
                f"There is no {MARKER} in {self.folder}. Nothing is written without it.",
                hint='If its disk is not mounted, mount it; if this is to be a vault, run "vaultsync init".',
            )


def _require_folder(place: str) -> None:
    mode = os.lstat(place).st_mode
    if not stat.S_ISDIR(mode):
        kind = "a symbolic link" if stat.S_ISLNK(mode) else "a file"
        raise VaultError(
            f"{place} is {kind}, not a folder. It was left alone, and nothing is written behind it.",
            path=place,
            hint="Put a real folder there, or change the path of notes in vaultsync.toml.",
        )
