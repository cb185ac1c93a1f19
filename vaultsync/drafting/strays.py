"""Find blocks that their user moved to other notes, by their anchors. Reads notes, writes nothing.

Every note that may hold one is looked through, once a run and only if a block is missing from its own note: a note
that is as vaultsync wrote it holds none, and a copy of a note says nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from functools import cached_property

from vaultsync.disk.vault import Vault, digest
from vaultsync.drafting.survey import Survey
from vaultsync.note import anchor_names
from vaultsync.plan import OnDisk


class Strays:
    """Where the anchors are that are not in notes as vaultsync left them."""

    def __init__(self, vault: Vault, survey: Callable[[], Survey]) -> None:
        """Make ready to look. survey: says where every note is; asked only if a block is missing."""
        self._vault, self._survey = vault, survey

    def holding(self, names: Collection[str], *, besides: str) -> tuple[str, ...]:
        """The notes, but for one, that hold any of these anchors, in order."""
        found = {path for name in names for path in self._index.get(name, ())}
        return tuple(sorted(found - {besides}))

    def anywhere(self, names: Collection[str]) -> frozenset[str]:
        """Those of these anchors that stand in any file, copies of notes too."""
        found: set[str] = {name for name in names if self._index.get(name)}
        for path in (path for paths in self._survey().copies.values() for path in paths):
            found |= set(names) & anchor_names(self.text(path))
        return frozenset(found)

    def text(self, path: str) -> str:
        """What a note says."""
        return self._read(path).decode(errors="replace")

    def digest(self, path: str) -> bytes:
        """What a note is known by."""
        return digest(self._read(path))

    @cached_property
    def _index(self) -> dict[str, list[str]]:
        index: dict[str, list[str]] = defaultdict(list)
        for path in self._candidates():
            data = self._vault.read(path) or b""
            if b"^" in data and _is_text(data):
                for name in anchor_names(data.decode()):
                    index[name].append(path)
        return index

    def _candidates(self) -> Iterator[str]:
        survey = self._survey()
        without = {place.path for place in survey.places.values() if place.on_disk is OnDisk.AS_WRITTEN}
        without |= {path for paths in survey.copies.values() for path in paths}
        return (path for path in survey.scan.notes if path not in without)

    def _read(self, path: str) -> bytes:
        return self._vault.read(path) or b""


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
