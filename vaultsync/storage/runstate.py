"""What is remembered of runs: what they were about to write, what the last one did, what notes held before."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping
from datetime import datetime

import msgspec

from vaultsync.storage.database import Database
from vaultsync.storage.entry import Creation, Entry

_ENTRIES = msgspec.msgpack.Decoder(Entry)


class RunState(Database):
    """The part of a vault's state that is about runs. Every method raises StateError if it can't be used."""

    def about_to_write(self, digests: Collection[bytes], merged: Mapping[bytes, Entry] | None = None) -> None:
        """Note what is about to be written, so that it is known for ours if the run ends before its entries are kept.

        digests: of notes without words of their users'. merged: of the others, with the entry each is to get.
        Survives the end of the process at once, and a power failure when the page is brought to the same disk.
        """
        entries = {digest: msgspec.msgpack.encode(entry) for digest, entry in (merged or {}).items()}
        rows = [*((digest, None) for digest in digests), *entries.items()]
        if not rows:
            return
        if not self._depth:
            list(self._read("PRAGMA synchronous = NORMAL"))
        with self.transaction():
            self._write_each("INSERT OR REPLACE INTO writing (digest, entry) VALUES (?, ?)", rows)
        if not self._depth:
            list(self._read("PRAGMA synchronous = FULL"))

    def have_written(self, digests: Collection[bytes]) -> None:
        """Forget what `about_to_write` noted: the entries know it now."""
        self._write_each("DELETE FROM writing WHERE digest = ?", [(digest,) for digest in digests])

    def being_written(self) -> frozenset[bytes]:
        """Return the digests of notes without words of their users' that runs cut short were about to write."""
        return frozenset(digest for (digest,) in self._read("SELECT digest FROM writing WHERE entry IS NULL"))

    def being_merged(self) -> dict[bytes, Entry]:
        """Return the merged notes that runs cut short were about to write, with the entry each was to get."""
        rows = self._read("SELECT digest, entry FROM writing WHERE entry IS NOT NULL")
        return {digest: _ENTRIES.decode(entry) for digest, entry in rows}

    def add_deed(self, deed: bytes) -> None:
        """Keep a deed of the run at hand."""
        self._write("INSERT INTO deeds (deed) VALUES (?)", deed)

    def deeds(self) -> list[tuple[int, bytes]]:
        """Return the deeds that were kept, with their numbers, in the order they were done."""
        return list(self._read("SELECT number, deed FROM deeds ORDER BY number"))

    def forget_deed(self, number: int) -> None:
        """Forget one of them: it was taken back."""
        self._write("DELETE FROM deeds WHERE number = ?", number)

    def forget_deeds(self) -> None:
        """Forget them."""
        if next(self._read("SELECT 1 FROM deeds"), None):
            self._write("DELETE FROM deeds")

    def note_past(self, identity: str, digest: bytes, until: int) -> None:
        """Note what a note held until now. until: seconds since 1970."""
        self._write("INSERT OR REPLACE INTO past (entry, digest, until) VALUES (?, ?, ?)", identity, digest, until)

    def past(self, identity: str, digest: bytes) -> int | None:
        """Return until when a note held what has that digest, in seconds since 1970; None if it never did."""
        query = "SELECT until FROM past WHERE entry = ? AND digest = ?"
        return next((int(until) for (until,) in self._read(query, identity, digest)), None)

    def forget_past(self, digest: bytes) -> None:
        """Forget that a note held what has that digest: it is what it holds now, and nobody restored it."""
        self._write("DELETE FROM past WHERE digest = ?", digest)

    def suspect(self, notes: Mapping[str, bytes], among: Container[str]) -> None:
        """Note which notes seem to come from a backup, by entry, with the digest of what they hold.

        among: those that were looked at; of these, no others do.
        """
        known = dict(self._read("SELECT entry, digest FROM suspects"))
        gone = [(name,) for name in known.keys() - notes.keys() if name in among]
        new = [(name, digest) for name, digest in notes.items() if known.get(name) != digest]
        if gone or new:
            with self.transaction():
                self._write_each("DELETE FROM suspects WHERE entry = ?", gone)
                self._write_each("INSERT OR REPLACE INTO suspects (entry, digest) VALUES (?, ?)", new)

    def is_suspect(self, identity: str, digest: bytes) -> bool:
        """Whether a note was found to come from a backup, and still holds what it held then."""
        query = "SELECT 1 FROM suspects WHERE entry = ? AND digest = ?"
        return next(self._read(query, identity, digest), None) is not None

    def told(self) -> set[tuple[str, str]]:
        """Return what of the vault was told and is still so, by entry."""
        return set(self._read("SELECT entry, what FROM told"))

    def tell(self, now: Collection[tuple[str, str]]) -> None:
        """Note what is so now, and was told."""
        with self.transaction():
            known = self.told()
            self._write_each("DELETE FROM told WHERE entry = ? AND what = ?", [*(known - set(now))])
            self._write_each("INSERT INTO told (entry, what) VALUES (?, ?)", [*(set(now) - known)])

    def untell(self, identity: str) -> None:
        """Forget what was told of a note: it is none of ours any more."""
        if next(self._read("SELECT 1 FROM told WHERE entry = ?", identity), None):
            self._write("DELETE FROM told WHERE entry = ?", identity)

    def creating(self, identity: str) -> tuple[Creation, ...]:
        """Return the highlights that are being made of passages in an entry's note."""
        query = "SELECT token, at, highlight FROM creating WHERE entry = ? ORDER BY at, token"
        rows = self._read(query, identity)
        return tuple(Creation(token, datetime.fromisoformat(at), highlight) for token, at, highlight in rows)

    def all_creating(self) -> dict[str, tuple[Creation, ...]]:
        """Return them all, by entry."""
        entries = [entry for (entry,) in self._read("SELECT DISTINCT entry FROM creating")]
        return {entry: self.creating(entry) for entry in entries}

    def put_creating(self, identity: str, creation: Creation) -> None:
        """Note that a highlight is being made, or its id."""
        row = (creation.token, identity, creation.at.isoformat(), creation.highlight)
        self._write("INSERT OR REPLACE INTO creating (token, entry, at, highlight) VALUES (?, ?, ?, ?)", *row)

    def have_created(self, tokens: Collection[bytes]) -> None:
        """Forget highlights that were being made."""
        self._write_each("DELETE FROM creating WHERE token = ?", [(token,) for token in tokens])
