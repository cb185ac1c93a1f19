"""Clippings put together: one book each, its highlights with their notes. No I/O.

A file is only ever added to, and may be deleted: what was read once stays. So books are joined, never replaced.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from hashlib import blake2b

import msgspec
from vaultsync.model import Document, Highlight, reading_order

from vaultsync_clippings.parsing import Clipping

SOURCE = "clippings"
KEY = "clippings:"


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """A highlight or a note as it is kept. id: the same whenever, and in whatever language, it is read again."""

    id: str
    is_note: bool
    start: int | None
    end: int | None
    page: str
    added: str
    text: str


class Book(msgspec.Struct, frozen=True, array_like=True):
    """What is remembered of a book. entries: by id, each once. deleted: somebody took it away."""

    id: str
    title: str
    author: str
    entries: tuple[Entry, ...] = ()
    deleted: bool = False


_BOOKS = msgspec.msgpack.Decoder(Book)


def read(record: bytes) -> Book:
    """Read a record."""
    return _BOOKS.decode(record)


def written(book: Book) -> bytes:
    """Write a record."""
    return msgspec.msgpack.encode(book)


def books(clippings: Iterable[Clipping]) -> dict[str, Book]:
    """The books of a file by id, in the order they first come up. Bookmarks mark no text, and are passed over."""
    found: dict[str, Book] = {}
    for one in clippings:
        if one.kind != "bookmark" and one.text:
            book = Book(_hashed(one.title, one.author), one.title, one.author)
            entry = _entry(book.id, one)
            found[book.id] = joined(found.get(book.id, book), msgspec.structs.replace(book, entries=(entry,)))
    return found


def joined(book: Book, other: Book) -> Book:
    """All that two readings of a book know of it."""
    entries = {entry.id: entry for entry in (*book.entries, *other.entries)}
    return msgspec.structs.replace(book, entries=tuple(entries[name] for name in sorted(entries)), deleted=False)


def document(book: Book, zone: tzinfo = UTC) -> Document:
    """The book as vaultsync knows documents. zone: of the Kindle's clock."""
    marked = [entry for entry in book.entries if not entry.is_note]
    notes: dict[str, str] = {}
    alone = []
    for note in sorted((entry for entry in book.entries if entry.is_note), key=lambda entry: entry.added):
        owner = _owner(note, marked)
        if owner is None:
            alone.append(note)
        else:
            # A note that was changed is there once more; the last one is what the Kindle shows.
            notes[owner.id] = note.text
    return Document(
        id=KEY + book.id,
        title=book.title,
        author=book.author,
        category="books",
        source=SOURCE,
        highlights=reading_order(_highlight(one, notes.get(one.id, ""), zone) for one in (*marked, *alone)),
        deleted=book.deleted,
    )


def _owner(note: Entry, marked: Iterable[Entry]) -> Entry | None:
    """The highlight a note was written to: the shortest around it; None if it stands alone."""
    around = [one for one in marked if _holds(one, note)]
    return min(around, key=lambda one: ((one.end or 0) - (one.start or 0), one.id), default=None)


def _holds(one: Entry, note: Entry) -> bool:
    if one.start is None or one.end is None or note.start is None:
        return one.start is None and note.start is None and one.page == note.page != ""
    return one.start <= note.start <= one.end


def _highlight(entry: Entry, note: str, zone: tzinfo) -> Highlight:
    local = datetime.fromisoformat(entry.added).replace(tzinfo=zone) if entry.added else None
    return Highlight(
        id=entry.id,
        block_id=f"kc{entry.id}",
        text=entry.text,
        note=note,
        location=entry.start,
        location_type="location" if entry.start is not None else "",
        highlighted_at=local.astimezone(UTC) if local else None,
        extra={"kind": "note" if entry.is_note else "highlight", "page": entry.page, "end": entry.end},
    )


def _entry(book: str, one: Clipping) -> Entry:
    id_ = _hashed(book, one.kind, one.start, one.end, one.page, one.added, one.text)
    return Entry(id_, one.kind == "note", one.start, one.end, one.page, one.added, one.text)


def _hashed(*words: object) -> str:
    return blake2b(repr(words).encode(), digest_size=6).hexdigest()
