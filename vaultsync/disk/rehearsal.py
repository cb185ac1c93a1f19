"""A vault that only says it did: what a dry run reads and writes, so that it goes the same way as a real one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vaultsync.disk.page import edited, gone
from vaultsync.disk.vault import Refused, Trashed, Vault, Write, Written, digest
from vaultsync.errors import VaultError


class RehearsedPage:
    """Outcomes as a real page would have them if nobody else writes meanwhile."""

    def __init__(self, outcomes: Sequence[Written | Refused]) -> None:
        self.outcomes: tuple[Written | Refused, ...] = tuple(outcomes)

    def settle(self) -> tuple[()]:
        """Nothing was displaced."""
        return ()


class Rehearsal(Vault):
    """Reads the real vault, and what it said was written; writes nothing."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._said: dict[str, bytes | None] = {}

    def read(self, path: str) -> bytes | None:
        """Read a note as it would be by now."""
        return self._said[path] if path in self._said else super().read(path)

    def has(self, path: str) -> bool:
        """Whether there would be anything at a path by now."""
        return self._said[path] is not None if path in self._said else super().has(path)

    def write(self, writes: Sequence[Write]) -> RehearsedPage:  # type: ignore[override]  # has what its callers use
        """Say that every note was written that holds what the plan was made on."""
        return RehearsedPage([self._written(write) for write in writes])

    def trash(self, path: str, expected: bytes) -> Trashed | Refused:
        """Say that the note was moved, if it is as expected."""
        refused = self._refused(path, expected)
        if refused is None:
            self._said[path] = None
        return refused or Trashed(path, f".trash/{path.rpartition('/')[2]}")

    def _written(self, write: Write) -> Written | Refused:
        refused = self._refused(write.path, write.replaces)
        if refused is None:
            self._said[write.path] = write.data
        return refused or Written(write.path, len(write.data), 0, 0, digest(write.data))

    def _refused(self, path: str, expected: bytes | None) -> Refused | None:
        """Why a note would be left. expected: digest of what it is to hold; None if nothing may be there."""
        try:
            if expected is None:
                return Refused(path, "exists", f"Something else is at {path}.") if self.has(path) else None
            data = self.read(path)
        except VaultError as error:
            return Refused(path, "error", str(error))
        if data is None:
            return gone(path)
        return None if digest(data) == expected else edited(path)
