"""Export pages made beforehand, so that a benchmark measures the client and not this service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from vaultsync.simulator.exchange import Refusal
from vaultsync.simulator.readwise_shapes import exported_book
from vaultsync.simulator.records import Book
from vaultsync.simulator.shelf import Shelf


@dataclass(frozen=True, slots=True)
class FrozenExport:
    """Every page of a complete export as bytes.

    next_after: the cursor a page ended with → the index of the next.
    """

    pages: Sequence[bytes]
    next_after: dict[int, int] = field(default_factory=dict)

    def page(self, cursor: int | None) -> bytes:
        """Return the page a cursor leads to; the first one without. Refused if no page ended there."""
        if cursor is not None and cursor not in self.next_after:
            raise Refusal(400, {"pageCursor": ["Invalid cursor."]})
        return self.pages[0 if cursor is None else self.next_after[cursor]]

    @property
    def size(self) -> int:
        """Bytes of all pages together."""
        return sum(len(page) for page in self.pages)


def freeze(shelf: Shelf, books_per_page: int = 100) -> FrozenExport:
    """Serialise the complete export of a library as it is now."""
    books = sorted((book for book in shelf.books.values() if not book.deleted), key=lambda book: -book.id)
    count = sum(len(book.live) for book in books)
    groups = [books[at : at + books_per_page] for at in range(0, len(books), books_per_page)] or [[]]
    pages, next_after = [], {}
    for number, group in enumerate(groups, start=1):
        cursor = group[-1].id if number < len(groups) else None
        pages.append(_page(shelf, group, count, cursor))
        if cursor is not None:
            next_after[cursor] = number
    return FrozenExport(pages, next_after)


def _page(shelf: Shelf, books: list[Book], count: int, cursor: int | None) -> bytes:
    results = [exported_book(book, book.live, shelf.quirks) for book in books]
    return msgspec.json.encode({"count": count, "nextPageCursor": cursor, "results": results})
