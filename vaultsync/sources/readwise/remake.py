"""What to send to make a deleted highlight or document again, and which ids the answer names. Pure.

https://readwise.io/api_deets: a highlight is known by title, author, text and source_url; one that is there is not
doubled. https://readwise.io/reader_api: so is a document by its address.
"""

from __future__ import annotations

from typing import Any

import msgspec

from vaultsync.sources.readwise.record import KeptBook, KeptDocument, KeptHighlight

_CATEGORIES = ("books", "articles", "tweets", "podcasts")
_LOCATION_TYPES = ("page", "order", "time_offset")


class _Posted(msgspec.Struct):
    modified_highlights: tuple[int, ...] = ()


def posted(book: KeptBook, one: KeptHighlight) -> dict[str, Any]:
    """The highlight as `POST highlights/` takes it; what is empty is left out."""
    fields = {
        "text": one.text,
        "note": one.note,
        "title": book.title,
        "author": book.author,
        "source_url": book.url,
        "image_url": book.cover,
        "category": book.category if book.category in _CATEGORIES else "",
        "location": one.location,
        "location_type": one.location_type if one.location_type in _LOCATION_TYPES else "",
        "highlighted_at": one.highlighted_at.isoformat() if one.highlighted_at else "",
        "highlight_url": one.url,
    }
    return {"highlights": [{name: value for name, value in fields.items() if value not in ("", None)}]}


def saved(document: KeptDocument) -> dict[str, Any]:
    """The document as `POST save/` takes it."""
    fields = {
        "url": document.url,
        "title": document.title,
        "author": document.author,
        "summary": document.summary,
        "image_url": document.cover,
        "location": document.location if document.location in ("new", "later", "archive", "feed") else "",
        "tags": list(document.tags),
        "notes": document.note,
    }
    return {name: value for name, value in fields.items() if value}


def modified(body: bytes) -> tuple[str, ...]:
    """The ids of the highlights an answer to `POST highlights/` says were made."""
    books = msgspec.json.decode(body, type=list[_Posted])
    return tuple(str(id_) for book in books for id_ in book.modified_highlights)
