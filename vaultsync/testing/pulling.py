"""What vaultsync remembers of a source, as far as a source can tell: records by key, digests, the cursor. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from vaultsync.hookspecs import Fetch, Page, Source
from vaultsync.model import Document


@dataclass
class Pulled:
    """What was taken in. records: by the key they were first heard of under; homes: that key, by every key."""

    records: dict[str, bytes] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)
    digests: set[bytes] = field(default_factory=set)
    cursor: str | None = None

    def pull(self, source: Source, *, full: bool = False, only: tuple[str, ...] = ()) -> list[Page]:
        """Ask a source, and take in all it says; return its pages."""
        return list(self.pulling(source, full=full, only=only))

    def pulling(self, source: Source, *, full: bool = False, only: tuple[str, ...] = ()) -> Iterator[Page]:
        """Take in a page each time one is asked for."""
        known = frozenset(self.digests) if full else frozenset()
        for page in source.pages(Fetch(self.cursor, full=full, only=only, known=known)):
            self._take(source, page)
            if not only:
                self.cursor = page.cursor
            yield page

    def _take(self, source: Source, page: Page) -> None:
        for piece in page.pieces:
            keys = (piece.key, *piece.joins)
            homes = dict.fromkeys(self.homes[key] for key in keys if key in self.homes)
            home, *others = homes or (piece.key,)
            record = source.absorb(self.records.get(home), piece)
            for other in others:
                record = source.joined(record, self.records.pop(other))
            self.records[home] = record
            self.homes |= dict.fromkeys([key for key, at in self.homes.items() if at in homes], home)
            self.homes |= dict.fromkeys(keys, home)
            if piece.digest is not None:
                self.digests.add(piece.digest)

    def documents(self, source: Source) -> dict[str, Document]:
        """Every document, by id."""
        found = (source.document(record) for record in self.records.values())
        return {document.id: document for document in sorted(found, key=lambda document: document.id)}

    def keys(self, home: str) -> tuple[str, ...]:
        """Every key of a record."""
        return tuple(key for key, at in self.homes.items() if at == home)
