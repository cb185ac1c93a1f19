"""Hold an account's books and documents, hand out ids and times, keep it all in a file. Nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any, Self

import msgspec

from vaultsync.simulator.records import Book, Highlight, Quirks, ReaderDocument, Tag
from vaultsync.simulator.times import Clock, SteppingClock

# Numbers of about the size the service hands out nowadays, so that nothing comes to rely on small ones.
_FIRST_IDS = {"book": 40_000_000, "highlight": 800_000_000, "tag": 110_000_000, "document": 0}
_BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Kept(msgspec.Struct):
    """A library as it lies in a file."""

    seed: int
    last: datetime
    ids: dict[str, int]
    quirks: Quirks
    books: list[Book]
    documents: list[ReaderDocument]
    gone: dict[str, datetime]


class Shelf:
    """Books by id, documents by id, and everything needed to add to them in the same way every time.

    seed: shapes the ids. clock: asked whenever something changes; no two changes get the same time.
    gone: Reader documents that were deleted and when they had been made; a page cursor may still name one.
    """

    def __init__(self, *, seed: int = 1, clock: Clock | None = None, quirks: Quirks | None = None) -> None:
        self.seed = seed
        self.quirks = quirks or Quirks()
        self.books: dict[int, Book] = {}
        self.documents: dict[str, ReaderDocument] = {}
        self.gone: dict[str, datetime] = {}
        self._highlights: dict[int, Highlight] = {}
        self._clock = clock or SteppingClock()
        self._last = _EPOCH
        self._ids = dict(_FIRST_IDS)

    def now(self) -> datetime:
        """Tell the time of the next change: the clock's, but at least a millisecond after the last one."""
        self._last = max(self._clock(), self._last + timedelta(milliseconds=1))
        return self._last

    def new_id(self, kind: str) -> int:
        """Return the next id of a kind (book, highlight, tag); ids rise with gaps, as the service's do."""
        last = self._ids[kind]
        self._ids[kind] = last + 1 + (last * 31 + self.seed) % 17
        return self._ids[kind]

    def new_document_id(self, made: datetime) -> str:
        """Return a v3 id: 26 lower-case characters that sort by the time the document was made."""
        self._ids["document"] += 1
        chance = blake2b(f"{self.seed}:{self._ids['document']}".encode(), digest_size=10).digest()
        return _base32(_milliseconds(made), 10) + _base32(int.from_bytes(chance, "big"), 16)

    def new_tag(self, name: str) -> Tag:
        """Make a tag with an id of its own."""
        return Tag(id=self.new_id("tag"), name=self.spelled(name))

    def spelled(self, name: str) -> str:
        """Return a tag's name as the server keeps it."""
        return name.lower() if self.quirks.tags_lower_cased else name

    def trimmed(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return what was sent as the server keeps it."""
        if not self.quirks.texts_trimmed:
            return fields
        return {name: value.strip() if isinstance(value, str) else value for name, value in fields.items()}

    def shelve(self, book: Book) -> Book:
        """Put a finished book with its highlights on the shelf."""
        self.books[book.id] = book
        self._highlights.update((highlight.id, highlight) for highlight in book.highlights)
        return book

    def shelve_highlight(self, highlight: Highlight) -> Highlight:
        """Put a highlight into its book."""
        book = self.books[highlight.book_id]
        book.highlights.append(highlight)
        book.changed = max(book.changed, highlight.updated)
        self._highlights[highlight.id] = highlight
        return highlight

    def highlight(self, highlight_id: int) -> Highlight:
        """Find a highlight, deleted or not. Raises KeyError."""
        return self._highlights[highlight_id]

    def highlight_of(self, external_id: str) -> Highlight | None:
        """Find the v2 highlight that is a given v3 document."""
        return next((h for h in self._highlights.values() if h.external_id == external_id), None)

    def book_of(self, external_id: str) -> Book | None:
        """Find the v2 book made of a given v3 document."""
        return next((book for book in self.books.values() if book.external_id == external_id), None)

    def save(self, path: Path) -> None:
        """Write everything to `path` as JSON, replacing what is there in one go."""
        kept = _Kept(
            self.seed,
            self._last,
            self._ids,
            self.quirks,
            list(self.books.values()),
            list(self.documents.values()),
            self.gone,
        )
        beside = path.with_name(path.name + ".new")
        beside.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1))
        beside.replace(path)

    @classmethod
    def load(cls, path: Path, *, clock: Clock | None = None) -> Self:
        """Read back what `save` wrote. Raises OSError, msgspec.ValidationError or msgspec.DecodeError."""
        kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
        shelf = cls(seed=kept.seed, clock=clock, quirks=kept.quirks)
        shelf._last, shelf._ids, shelf.gone = kept.last, kept.ids, kept.gone
        if isinstance(shelf._clock, SteppingClock):
            shelf._clock.wind_to(kept.last)
        for book in kept.books:
            shelf.shelve(book)
        shelf.documents = {document.id: document for document in kept.documents}
        return shelf


def _milliseconds(when: datetime) -> int:
    return (when - _EPOCH) // timedelta(milliseconds=1)


def _base32(number: int, width: int) -> str:
    return "".join(_BASE32[number >> 5 * place & 31] for place in reversed(range(width)))
