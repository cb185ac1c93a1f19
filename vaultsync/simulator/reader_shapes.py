"""Write documents as Reader v3 does: keys, order, types and nulls of its real answers. Pure."""

from __future__ import annotations

from typing import Any

from vaultsync.simulator.exchange import Request
from vaultsync.simulator.library import READ_URL
from vaultsync.simulator.records import ReaderDocument
from vaultsync.simulator.times import reader_time

_WORDS_A_MINUTE = 265


def document_shape(document: ReaderDocument, request: Request, link: str) -> dict[str, Any]:
    """Write a document as the list shows it, with the page and the link to its file only if they were asked for."""
    shape = {
        "id": document.id,
        "url": READ_URL + document.id,
        "title": document.title,
        "author": document.author,
        "source": document.source,
        "category": document.category,
        "location": document.location,
        "tags": _tags(document),
        "site_name": document.site_name,
        "word_count": document.word_count,
        "reading_time": _reading_time(document),
        "listening_time": None,
        "created_at": reader_time(document.created_at),
        "updated_at": reader_time(document.updated_at),
        "published_date": document.published_date,
        "summary": document.summary,
        "image_url": document.image_url,
        "content": document.content,
        "source_url": document.source_url,
        "notes": document.notes,
        "parent_id": document.parent_id,
        "reading_progress": _progress(document),
        "first_opened_at": reader_time(document.first_opened_at),
        "last_opened_at": reader_time(document.last_opened_at),
        "saved_at": reader_time(document.saved_at),
        "last_moved_at": reader_time(document.last_moved_at),
    }
    extras: dict[str, Any] = {}
    if request.flag("withHtmlContent"):
        extras["html_content"] = document.html_content
    if request.flag("withRawSourceUrl"):
        extras["raw_source_url"] = link
    return shape | extras


def tag_key(name: str) -> str:
    """Return the key a tag goes by in v3.

    >>> tag_key("First tag")
    'first-tag'
    """
    return "-".join(name.lower().split())


def _tags(document: ReaderDocument) -> dict[str, Any]:
    return {tag_key(name): {"name": name, "type": "manual", "created": made} for name, made in document.tags.items()}


def _reading_time(document: ReaderDocument) -> str | None:
    if document.word_count is None:
        return None
    minutes = max(1, round(document.word_count / _WORDS_A_MINUTE))
    return "1 min" if minutes == 1 else f"{minutes} mins"


def _progress(document: ReaderDocument) -> float:
    """Nothing and everything come as whole numbers, anything between as a fraction."""
    progress = document.reading_progress
    return int(progress) if progress in (0, 1) else progress
