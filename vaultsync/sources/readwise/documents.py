"""Read a record as the document that templates see: which service is believed for which field. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from vaultsync.model import Document, Highlight, reading_order
from vaultsync.sources.readwise.record import KeptBook, KeptDocument, KeptHighlight, Record, identity, opened

# Reader says what one thing is, Readwise what a shelf of them is; the plural is the vocabulary. A feed's post is an
# article, as Readwise files it once something in it is highlighted.
PLURALS = {
    "article": "articles",
    "rss": "articles",
    "email": "emails",
    "tweet": "tweets",
    "pdf": "pdfs",
    "epub": "epubs",
    "video": "videos",
    "podcast": "podcasts",
    "book": "books",
}
_VIEWS = {"new": "inbox", "later": "later", "shortlist": "shortlist", "archive": "archive"}
_UNSAFE = re.compile(r"[^\w-]+")
_HIGHLIGHTS = tuple[Highlight, ...]
_NO_BOOK = KeptBook(0, "", "", "", "", "", "", "", "", "", (), "", "", "", "", False)
_NO_READER = KeptDocument(
    *("", "", "", "", "", "", "", "", "", "", (), "", "", None, None, "", ""),
    *(None, None, None, None, None, None, None, ""),
)


def document(kept: bytes) -> Document:
    """Read a record. What Readwise leaves empty, Reader fills; what only Reader knows, it says."""
    record = opened(kept)
    book, reader = record.book or _NO_BOOK, record.reader or _NO_READER
    if record.book and record.gone:
        reader = _NO_READER
    highlights = _highlights(record)
    return Document(
        id=identity(kept),
        title=book.title or reader.title,
        author=book.author or reader.author,
        category=_category(book, reader),
        source="readwise",
        url=book.url or reader.url,
        service_url=book.service_url or reader.service_url,
        cover=book.cover or reader.cover,
        summary=book.summary or reader.summary,
        note=book.note or reader.note,
        tags=_union(book.tags, reader.tags),
        highlights=highlights,
        published=reader.published,
        created=reader.created or min(_known([one.created for one in highlights]), default=None),
        updated=max(_known([reader.updated, *[one.updated for one in highlights]]), default=None),
        location=reader.location,
        view=_view(reader),
        site_name=reader.site_name,
        word_count=reader.word_count,
        reading_progress=reader.reading_progress,
        content=reader.content,
        deleted=_deleted(record, highlights),
        extra=_extra(book, reader),
    )


def _highlights(record: Record) -> tuple[Highlight, ...]:
    kept: Iterable[KeptHighlight] = record.highlights
    if record.children:
        kept = _with_children(record)
    if record.book and record.book.deleted:
        kept = tuple(msgspec.structs.replace(one, deleted=True) for one in kept)
    # One call in C for all of them; naming seventeen fields one by one takes three times as long.
    read: tuple[Highlight, ...] = msgspec.convert(kept, _HIGHLIGHTS, from_attributes=True)
    return reading_order(read) if record.children else read


def _with_children(record: Record) -> tuple[KeptHighlight, ...]:
    """Add the highlights only Reader has, and give those both have the block they had first."""
    children = {child.highlight.id: child for child in record.children}
    comments = {comment.highlight: comment.text for comment in record.comments}
    kept: list[KeptHighlight] = []
    for one in record.highlights:
        twin = children.pop(one.extra["external_id"], None)
        first = twin is not None and twin.first
        kept.append(msgspec.structs.replace(one, block_id=twin.highlight.block_id) if first and twin else one)
    for id_, child in children.items():
        lone = msgspec.structs.replace(child.highlight, note=comments.get(id_) or child.highlight.note)
        kept.append(msgspec.structs.replace(lone, deleted=True) if record.gone else lone)
    return tuple(kept)


def _deleted(record: Record, highlights: tuple[Highlight, ...]) -> bool:
    """Whether no service has it any more, or Readwise has but the shell that Reader leaves behind."""
    if record.book is None:
        return record.gone
    if record.book.deleted:
        return record.reader is None or record.gone  # what Reader still has is not gone
    return record.gone and all(one.deleted for one in highlights)


def _category(book: KeptBook, reader: KeptDocument) -> str:
    """Return the v2 plural; what is new to us stays as it is, but safe in a path."""
    # Reader tells emails and PDFs from articles; and so a note goes to the same folder whichever answer came first.
    given = PLURALS.get(reader.category, reader.category) or book.category
    if not given:
        # As Readwise decides for highlights that come without one.
        return "articles" if book.url or reader.url else "books"
    return _UNSAFE.sub("-", given.strip().lower()).strip("-") or "articles"


def _view(reader: KeptDocument) -> str:
    if reader.location == "feed":
        return "feed-seen" if reader.first_opened_at else "feed-unseen"
    # Reader shows its shortlist as the inbox and later documents that have the tag.
    if reader.location in ("new", "later") and "shortlist" in (tag.casefold() for tag in reader.tags):
        return "shortlist"
    return _VIEWS.get(reader.location, "")


def _union(*groups: tuple[str, ...]) -> tuple[str, ...]:
    """Join tags, the first spelling of each.

    >>> _union(("Stoicism",), ("stoicism", "to read"))
    ('Stoicism', 'to read')
    """
    spelled: dict[str, str] = {}
    for group in groups:
        for tag in group:
            spelled.setdefault(tag.casefold(), tag)
    return tuple(spelled.values())


def _known(moments: list[datetime | None]) -> list[datetime]:
    return [moment for moment in moments if moment is not None]


def _extra(book: KeptBook, reader: KeptDocument) -> dict[str, Any]:
    return {
        "source": book.source or "reader",
        "asin": book.asin,
        "readable_title": book.readable_title or reader.title,
        "unique_url": book.unique_url,
        "external_id": book.external_id or reader.id,
        "reader_url": reader.service_url,
        "reader_source": reader.source,
        "reading_time": reader.reading_time,
        "listening_time": reader.listening_time,
        "saved_at": reader.saved_at,
        "first_opened_at": reader.first_opened_at,
        "last_opened_at": reader.last_opened_at,
        "last_moved_at": reader.last_moved_at,
    }
