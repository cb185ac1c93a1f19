"""POST highlights/ of Readwise v2: what is taken, into which book, and what counts as the same highlight."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from vaultsync.simulator.exchange import Refusal
from vaultsync.simulator.fields import Choice, Field, Moment, Text, Whole, faults_in, readings
from vaultsync.simulator.library import Library
from vaultsync.simulator.readwise_shapes import posted_book
from vaultsync.simulator.records import Book, Highlight

POSTABLE: dict[str, Field] = {
    "text": Text(longest=8191, blank=False),
    "title": Text(longest=511, nullable=True),
    "author": Text(longest=1024, nullable=True),
    "image_url": Text(longest=2047, nullable=True),
    "source_url": Text(longest=2047, nullable=True),
    "source_type": Text(longest=64, shortest=3),
    "category": Choice(("books", "articles", "tweets", "podcasts")),
    "note": Text(longest=8191, nullable=True),
    "location": Whole(),
    "location_type": Choice(("page", "order", "time_offset")),
    "highlighted_at": Moment(),
    "highlight_url": Text(longest=4095, nullable=True),
}
_LEGACY_TYPES = ("book", "article", "podcast")


def post_highlights(library: Library, data: dict[str, Any]) -> list[dict[str, Any]]:
    """Create or update highlights; answer the books they are in.

    Refused as a whole with a list parallel to the input if any is bad: nothing was stored then.
    """
    items = data.get("highlights")
    if "highlights" not in data:
        raise Refusal(400, {"highlights": ["This field is required."]})
    if not isinstance(items, list) or not items:
        raise Refusal(400, {"non_field_errors": ["No data provided"]})
    trouble = [faults_in(item, POSTABLE, ("text",)) for item in items]
    if any(trouble):
        raise Refusal(400, trouble)
    modified: dict[int, list[int]] = {}
    for order, item in enumerate(items, start=1):
        fields = readings(item, POSTABLE)
        book = _book(library, fields)
        changed = _post(library, book, fields, order)
        modified.setdefault(book.id, []).extend([] if changed is None else [changed.id])
        book.updated = library.now()  # a duplicate moves it as well
    return [posted_book(library.books[book_id], ids) for book_id, ids in modified.items()]


def _book(library: Library, fields: dict[str, Any]) -> Book:
    """Find the book of a posted highlight, or add it. Books that came from Reader are never joined."""
    source_url = fields.get("source_url") or None
    title = fields.get("title") or "Quotes"
    author = fields.get("author") or (urlsplit(source_url).hostname if source_url else None)
    identity = (title, author, source_url)
    for book in library.books.values():
        apart = book.source == "reader" or (library.quirks.posts_stay_apart and not book.source.startswith("api_"))
        if not book.deleted and not apart and (book.title, book.author, book.source_url) == identity:
            return book
    category = fields.get("category") or ("articles" if source_url else "books")
    kind = fields.get("source_type") or category.removesuffix("s")
    source = f"api_{kind}" if kind in (*_LEGACY_TYPES, "tweet") else kind
    return library.add_book(
        title,
        author=author,
        category=category,
        source=source,
        source_url=source_url,
        cover_image_url=fields.get("image_url"),
    )


def _post(library: Library, book: Book, fields: dict[str, Any], order: int) -> Highlight | None:
    """Store one highlight; None if all of it was there already."""
    note, url = fields.get("note") or "", fields.get("highlight_url")
    known = _known(book, fields["text"], url)
    if known is None:
        now = library.now()
        return library.add_highlight(
            book,
            fields["text"],
            note=note,
            url=url,
            location=order if fields.get("location") is None else fields["location"],
            location_type=fields.get("location_type", "order"),
            highlighted_at=fields.get("highlighted_at") or now,
            created=now,
        )
    if known.text == fields["text"] and note in ("", known.note):
        return None
    known.text = fields["text"]
    if note:
        library.set_note(known, note)
    library.touch(known)
    return known


def _known(book: Book, text: str, url: str | None) -> Highlight | None:
    """Find the highlight a posted one is: by its own address if it has one, else by its text.

    A text posted again under another address is another highlight.
    """
    for highlight in book.live:
        if url is not None and highlight.url == url:
            return highlight
        if url in (None, highlight.url) and highlight.text == text:
            return highlight
    return None
