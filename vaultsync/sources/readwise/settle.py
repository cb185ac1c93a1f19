"""Turn what the services send into what is kept: nulls into emptiness, names into ours, text made clean. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from vaultsync.sources.clean import one_line
from vaultsync.sources.fields import utc
from vaultsync.sources.readwise import wire
from vaultsync.sources.readwise.record import BookPiece, KeptBook, KeptChild, KeptComment, KeptDocument, KeptHighlight

_UNSAFE = re.compile("[^A-Za-z0-9-]")
_READ_ADDRESS = re.compile(r"^https://read\.readwise\.io/(?:[a-z]+/)?read/([A-Za-z0-9]+)/?$")


def book_piece(book: wire.Book) -> BookPiece:
    """Settle a book of the export."""
    deleted = book.is_deleted or False
    kept = KeptBook(
        id=book.user_book_id,
        title=one_line(book.title or ""),
        author=book.author or "",
        category=book.category or "",
        source=book.source or "",
        url=book.source_url or "",
        service_url=book.readwise_url or "",
        cover=book.cover_image_url or "",
        summary=book.summary or "",
        note=book.document_note or "",
        tags=names([tag.name for tag in book.book_tags or ()]),
        readable_title=one_line(book.readable_title or ""),
        unique_url=book.unique_url or "",
        external_id=reader_id(book),
        asin=book.asin or "",
        deleted=deleted,
    )
    return BookPiece(kept, [_highlight(highlight, deleted) for highlight in book.highlights or ()])


def reader_id(book: wire.Book) -> str:
    """Return the Reader document a book is; older answers have only its address."""
    if book.external_id:
        return book.external_id
    found = _READ_ADDRESS.match(book.unique_url or "")
    return found[1] if found else ""


def _highlight(one: wire.Highlight, book_deleted: bool) -> KeptHighlight:
    # Written for speed, by position and without calls that nearly always change nothing: a full export makes
    # 125,000 of these.
    id_ = str(one.id)
    tags = names([tag.name for tag in one.tags]) if one.tags else ()
    flags = {tag.casefold() for tag in tags} if tags else ()
    marked, made, changed = one.highlighted_at, one.created_at, one.updated_at
    if not (marked and made and changed and marked.tzinfo is made.tzinfo is changed.tzinfo is UTC):
        marked, made, changed = utc(marked), utc(made), utc(changed)
    return KeptHighlight(
        id_,
        "rw" + id_,
        one.text or "",
        one.note or "",
        tags,
        one.color or "",
        one.location,
        "" if one.location_type == "none" else one.location_type or "",
        one.url or "",
        one.readwise_url or "",
        marked,
        made,
        changed,
        one.is_favorite or "favorite" in flags,
        one.is_discard or "discard" in flags,
        book_deleted or one.is_deleted or False,
        {"external_id": one.external_id or "", "end_location": one.end_location},
    )


def highlight_changes(detail: wire.HighlightDetail) -> dict[str, Any]:
    """Settle a highlight told on its own, as fields to change in the one that is kept."""
    changes: dict[str, Any] = {
        "note": detail.note or "",
        "color": detail.color or "",
        "location": detail.location,
        "location_type": "" if detail.location_type == "none" else detail.location_type or "",
        "url": detail.url or "",
        "updated": _as_exported(detail.updated),
    }
    if detail.text is not None:
        changes["text"] = detail.text
    if detail.tags is not None:
        changes |= tag_changes([tag.name for tag in detail.tags])
    return changes


def tag_changes(tags: Sequence[str | None]) -> dict[str, Any]:
    """Settle the tags of a highlight, and the flags that are among them.

    >>> tag_changes(["Favorite", "pond", "pond"])
    {'tags': ('Favorite', 'pond'), 'favorite': True, 'discarded': False}
    """
    given = names(tags)
    flags = {tag.casefold() for tag in given}
    return {"tags": given, "favorite": "favorite" in flags, "discarded": "discard" in flags}


def book_changes(detail: wire.BookDetail) -> dict[str, Any]:
    """Settle a book told on its own, as fields to change in the one that is kept. What it leaves out stays."""
    given = {
        "title": None if detail.title is None else one_line(detail.title),
        "author": detail.author,
        "category": detail.category,
        "source": detail.source,
        "url": detail.source_url,
        "cover": detail.cover_image_url,
        "asin": detail.asin,
        "note": detail.document_note,
        "tags": None if detail.tags is None else names([tag.name for tag in detail.tags]),
    }
    return {name: value for name, value in given.items() if value is not None}


def reader_document(document: wire.ReaderDocument, content: str) -> KeptDocument:
    """Settle a document of Reader's list. content: its text as Markdown."""
    return KeptDocument(
        id=document.id,
        title=one_line(document.title or ""),
        author=document.author or "",
        category=document.category or "",
        source=document.source or "",
        url=document.source_url or "",
        service_url=document.url or "",
        cover=document.image_url or "",
        summary=document.summary or "",
        note=document.notes or "",
        tags=reader_tags(document.tags),
        location=document.location or "",
        site_name=document.site_name or "",
        word_count=document.word_count,
        reading_progress=document.reading_progress,
        reading_time=document.reading_time or "",
        listening_time=document.listening_time or "",
        published=published(document.published_date),
        created=utc(document.created_at),
        updated=utc(document.updated_at),
        saved_at=utc(document.saved_at),
        first_opened_at=utc(document.first_opened_at),
        last_opened_at=utc(document.last_opened_at),
        last_moved_at=utc(document.last_moved_at),
        content=content,
    )


def comment(document: wire.ReaderDocument, parent: str) -> KeptComment:
    """Settle the comment on a highlight. parent: the document that was highlighted."""
    return KeptComment(document.id, parent, document.parent_id or "", document.content or "")


def child(document: wire.ReaderDocument) -> KeptChild:
    """Settle a highlight of Reader's."""
    tags = reader_tags(document.tags)
    flags = {tag.casefold() for tag in tags}
    return KeptChild(
        document.parent_id or "",
        KeptHighlight(
            id=document.id,
            block_id="rd" + _UNSAFE.sub("-", document.id),
            text=document.content or "",
            note=document.notes or "",
            tags=tags,
            color="",
            location=None,
            location_type="",
            url=document.url or "",
            service_url=document.url or "",
            highlighted_at=utc(document.saved_at or document.created_at),
            created=utc(document.created_at),
            updated=utc(document.updated_at),
            favorite="favorite" in flags,
            discarded="discard" in flags,
            deleted=False,
            extra={"external_id": document.id, "end_location": None},
        ),
    )


def reader_tags(tags: wire.ReaderTags) -> tuple[str, ...]:
    """Return the names of Reader's tags, in the order they came.

    >>> reader_tags({"to-do": wire.ReaderTag("To do"), "plain": wire.ReaderTag(None)})
    ('To do', 'plain')
    """
    if isinstance(tags, dict):
        return names([tag.name or key for key, tag in tags.items()])
    return names(tags or [])


def published(given: str | int | None) -> date | None:
    """Read a date, from a day, a time or milliseconds since 1970 (older answers); None if it is none of them.

    >>> published("2022-10-28"), published(1666915200000), published("last week")
    (datetime.date(2022, 10, 28), datetime.date(2022, 10, 28), None)
    """
    try:
        if isinstance(given, int):
            return datetime.fromtimestamp(given / 1000, UTC).date()
        return date.fromisoformat(given[:10]) if given else None
    except (ValueError, OverflowError, OSError):
        return None


def names(tags: Sequence[str | None]) -> tuple[str, ...]:
    """Return the tags that have a name, each once."""
    return tuple(dict.fromkeys([name for tag in tags if tag and (name := one_line(tag))]))


def _as_exported(moment: datetime | None) -> datetime | None:
    """Bring a time to the milliseconds the export has, so that the same moment is the same time."""
    exact = utc(moment)
    return exact and exact.replace(microsecond=exact.microsecond // 1000 * 1000)
