"""Readwise v2 as an API: export, books, highlights, Daily Review. What it answers is in readwise_shapes.

Known by experience rather than from the documents: an incremental export lists only the changed highlights of
a book; a lone deletion shows only with includeDeleted; nextPageCursor is a number; `count` counts highlights.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Any, TypeVar

from vaultsync.simulator import readwise_shapes as shapes
from vaultsync.simulator.exchange import Refusal, Reply, Request, Route, listed
from vaultsync.simulator.fields import Choice, Field, Text, Whole, checked
from vaultsync.simulator.frozen import FrozenExport
from vaultsync.simulator.library import Library
from vaultsync.simulator.posting import post_highlights
from vaultsync.simulator.records import Book, Highlight
from vaultsync.simulator.tags import TagApi
from vaultsync.simulator.times import instant

_LONGEST_TARGET = 8190  # what web servers usually take; longer lists of ids get 414
_REVIEW_SIZE = 5
_Row = TypeVar("_Row", Book, Highlight)

PATCHABLE: dict[str, Field] = {
    "text": Text(longest=8191, blank=False),
    "note": Text(longest=8191),
    "location": Whole(),
    "url": Text(longest=4095, nullable=True),
    "color": Choice(("yellow", "blue", "pink", "orange", "green", "purple", "")),
}


class ReadwiseApi:
    """The v2 endpoints over a library.

    pages: books on a page of the export, or its pages made beforehand, for benchmarks; those are served for a
    complete export and must be of this library.
    """

    def __init__(self, library: Library, pages: int | FrozenExport = 100) -> None:
        self.library = library
        self.pages = pages
        self._tags = TagApi(library)

    def routes(self) -> tuple[Route, ...]:
        """Every endpoint of the document; unknown methods are refused by the router."""
        return (
            Route("/v2/auth", {"GET": lambda _: Reply(204)}, "readwise"),
            Route("/v2/export", {"GET": self.export}, "readwise"),
            Route("/v2/review", {"GET": self.review}, "readwise"),
            Route(
                "/v2/highlights",
                {"GET": self.highlights, "POST": self.post},
                "readwise",
                {"GET": "readwise.highlights"},
            ),
            Route(
                r"/v2/highlights/(\d+)",
                {"GET": self.highlight, "PATCH": self.patch, "DELETE": self.delete},
                "readwise",
            ),
            Route("/v2/books", {"GET": self.books}, "readwise", {"GET": "readwise.books"}),
            Route(r"/v2/books/(\d+)", {"GET": self.book}, "readwise"),
            *self._tags.routes(),
        )

    def export(self, request: Request) -> Reply:
        """GET export/: books, highest id first, with their highlights."""
        if len(request.target) > _LONGEST_TARGET:
            raise Refusal(414, {"detail": "Request-URI Too Long"})
        after, cursor, ids = _moment(request, "updatedAfter"), request.number("pageCursor"), _ids(request)
        if isinstance(self.pages, FrozenExport) and after is None and ids is None:
            return Reply(200, self.pages.page(cursor))
        shown = self._selection(after, ids, deleted=request.flag("includeDeleted"))
        rest = [pair for pair in shown if cursor is None or pair[0].id < cursor]
        page = rest[: self.pages if isinstance(self.pages, int) else 100]
        body = {
            "count": sum(len(highlights) for _, highlights in shown),
            "nextPageCursor": page[-1][0].id if len(rest) > len(page) else None,
            "results": [shapes.exported_book(*pair, self.library.quirks) for pair in page],
        }
        return Reply(200, body)

    def _selection(
        self, after: datetime | None, ids: set[int] | None, *, deleted: bool
    ) -> list[tuple[Book, list[Highlight]]]:
        """List the books the export has to show, highest id first, with the highlights it shows of each."""
        chosen = []
        for book in sorted(self.library.books.values(), key=lambda book: -book.id):
            if (ids is not None and book.id not in ids) or (book.deleted and not deleted):
                continue
            if after is not None and not self._is_after(book.changed, after):
                continue
            highlights = [
                highlight
                for highlight in book.highlights
                if (deleted or not highlight.deleted) and (after is None or self._is_after(highlight.updated, after))
            ]
            # A whole listing shows books left without highlights too; an incremental one only what changed.
            if highlights or after is None or book.deleted:
                chosen.append((book, highlights))
        return chosen

    def _is_after(self, when: datetime, after: datetime) -> bool:
        return when > after or (when == after and self.library.quirks.after_is_inclusive)

    def review(self, _request: Request) -> Reply:
        """GET review/: a handful of highlights, the same ones until the library changes."""
        pairs = [(h, book) for book in self._live_books() for h in book.live if not h.has_tag("discard")]
        chosen = Random(self.library.seed).sample(pairs, min(_REVIEW_SIZE, len(pairs)))
        number = 877_266_693 + self.library.seed
        body = {
            "review_id": number,
            "review_url": f"https://readwise.io/reviews/{number}",
            "review_completed": False,
            "highlights": [shapes.review_highlight(*pair) for pair in chosen],
        }
        return Reply(200, body)

    def highlights(self, request: Request) -> Reply:
        """GET highlights/: all of them, newest id first, filtered by book and times."""
        book_id = request.number("book_id")
        rows = [h for book in self._live_books() if book_id in (None, book.id) for h in book.live]
        rows = _within(request, rows, "updated", lambda highlight: highlight.updated)
        rows = _within(request, rows, "highlighted_at", lambda highlight: highlight.highlighted_at)
        rows.sort(key=lambda highlight: -highlight.id)
        return _shaped(listed(request, rows), shapes.highlight_detail)

    def highlight(self, _request: Request, highlight_id: str) -> Reply:
        """GET highlights/<id>/."""
        return Reply(200, shapes.highlight_detail(self._tags.live_highlight(highlight_id)))

    def post(self, request: Request) -> Reply:
        """POST highlights/: create, update by highlight_url, or do nothing about a duplicate."""
        return Reply(200, post_highlights(self.library, request.data()))

    def patch(self, request: Request, highlight_id: str) -> Reply:
        """PATCH highlights/<id>/: text, note, location, url, color."""
        highlight = self._tags.live_highlight(highlight_id)
        changes = self.library.trimmed(checked(request.data(), PATCHABLE))
        if "note" in changes:
            self.library.set_note(highlight, changes.pop("note"))
        is_new_text = changes.get("text", highlight.text) != highlight.text
        for name, value in changes.items():
            setattr(highlight, name, value)
        if is_new_text or self.library.quirks.patch_moves_updated:
            self.library.touch(highlight)
        return Reply(200, shapes.highlight_detail(highlight))

    def delete(self, _request: Request, highlight_id: str) -> Reply:
        """DELETE highlights/<id>/."""
        self.library.delete_highlight(self._tags.live_highlight(highlight_id).id)
        return Reply(204)

    def books(self, request: Request) -> Reply:
        """GET books/: highest id first, filtered by category, source and times."""
        rows = list(self._live_books())
        for name in ("category", "source"):
            wanted = request.value(name)
            rows = [book for book in rows if wanted in (None, getattr(book, name))]
        rows = _within(request, rows, "updated", lambda book: book.updated)
        rows = _within(request, rows, "last_highlight_at", shapes.last_highlight_at)
        rows.sort(key=lambda book: -book.id)
        return _shaped(listed(request, rows), shapes.book_detail)

    def book(self, _request: Request, book_id: str) -> Reply:
        """GET books/<id>/."""
        return Reply(200, shapes.book_detail(self._tags.live_book(book_id)))

    def _live_books(self) -> list[Book]:
        return [book for book in self.library.books.values() if not book.deleted]


def _shaped(reply: Reply, shape: Callable[[Any], dict[str, Any]]) -> Reply:
    """Shape the rows of one page only: a list may be of a hundred thousand."""
    return Reply(reply.status, {**reply.body, "results": [shape(row) for row in reply.body["results"]]})


def _moment(request: Request, name: str) -> datetime | None:
    text = request.value(name)
    try:
        return None if text is None else instant(text)
    except ValueError:
        raise Refusal(400, {name: ["Enter a valid date/time."]}) from None


def _ids(request: Request) -> set[int] | None:
    text = request.value("ids")
    try:
        return None if text is None else {int(number) for number in text.split(",") if number.strip()}
    except ValueError:
        raise Refusal(400, {"ids": ["Enter a list of whole numbers."]}) from None


def _within(request: Request, rows: list[_Row], name: str, time: Callable[[_Row], datetime | None]) -> list[_Row]:
    """Keep the rows whose time lies between name__gt and name__lt; without a time, none passes."""
    above, below = _moment(request, f"{name}__gt"), _moment(request, f"{name}__lt")
    if above is None and below is None:
        return rows
    timed = [(time(row), row) for row in rows]
    return [row for when, row in timed if when and (not above or when > above) and (not below or when < below)]
