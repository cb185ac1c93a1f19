"""What to send to make a deleted highlight or document again, and which ids the answer names. Pure.

https://readwise.io/api_deets: a highlight is known by title, author, text and source_url; one that is there is not
doubled. https://readwise.io/reader_api: so is a document by its address.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from vaultsync.hookspecs import NewHighlight
from vaultsync.sources.readwise.record import KeptBook, KeptDocument, KeptHighlight

_CATEGORIES = ("books", "articles", "tweets", "podcasts")
_LOCATION_TYPES = ("page", "order", "time_offset")


class PostedBook(msgspec.Struct):
    """A book that highlights were posted to, and which of them are new or changed."""

    id: int
    modified_highlights: tuple[int, ...] = ()


def posted(book: KeptBook, one: KeptHighlight) -> dict[str, Any]:
    """The highlight as `POST highlights/` takes it; what is empty is left out."""
    fields = {
        "text": one.text,
        "note": one.note,
        **_of_book(book),
        "location": one.location,
        "location_type": one.location_type if one.location_type in _LOCATION_TYPES else "",
        "highlighted_at": one.highlighted_at.isoformat() if one.highlighted_at else "",
        "highlight_url": one.url,
    }
    return _one(fields)


def marked(book: KeptBook, new: NewHighlight, at: datetime) -> dict[str, Any]:
    """A passage that was marked in the book's note, likewise. Where it stands in the book is not known."""
    return _one({"text": new.text, "note": new.note, **_of_book(book), "highlighted_at": at.isoformat()})


def _of_book(book: KeptBook) -> dict[str, Any]:
    return {
        "title": book.title,
        "author": book.author,
        "source_url": book.url,
        "image_url": book.cover,
        "category": book.category if book.category in _CATEGORIES else "",
    }


def _one(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"highlights": [{name: value for name, value in fields.items() if value not in ("", None)}]}


def can_be_saved(document: KeptDocument) -> bool:
    """Whether Reader could fetch it once more: what was mailed, uploaded or typed there has no address of the web."""
    return document.url.startswith(("https://", "http://"))


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


def books(body: bytes) -> tuple[PostedBook, ...]:
    """What an answer to `POST highlights/` says."""
    return msgspec.json.decode(body, type=tuple[PostedBook, ...])


def modified(told: tuple[PostedBook, ...]) -> tuple[str, ...]:
    """The ids of the highlights that were made."""
    return tuple(str(id_) for book in told for id_ in book.modified_highlights)
