"""A vault that only says it did: what a dry run reads and writes, so that it goes the same way as a real one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vaultsync.disk.vault import Refused, Trashed, Vault, Write, Written, digest


class RehearsedPage:
    """Outcomes as a real page would have them if nobody else writes meanwhile."""

    def __init__(self, writes: Sequence[Write]) -> None:
        self.outcomes: tuple[Written | Refused, ...] = tuple(
            Written(write.path, len(write.data), 0, 0, digest(write.data)) for write in writes
        )

    def settle(self) -> tuple[()]:
        """Nothing was displaced."""
        return ()


class Rehearsal(Vault):
    """Reads the real vault, and what it said was written; writes nothing."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._said: dict[str, bytes] = {}

    def read(self, path: str) -> bytes | None:
        """Read a note as it would be by now."""
        return self._said[path] if path in self._said else super().read(path)

    def write(self, writes: Sequence[Write]) -> RehearsedPage:  # type: ignore[override]  # has what its callers use
        """Say that every note was written."""
        self._said |= {write.path: write.data for write in writes}
        return RehearsedPage(writes)

    def trash(self, path: str, expected: bytes) -> Trashed | Refused:
        """Say that the note was moved."""
        del expected
        return Trashed(path, f".trash/{path.rpartition('/')[2]}")
