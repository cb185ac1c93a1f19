"""Write books and highlights as Readwise v2 does: keys, order, types and nulls of its real answers. Pure.

The export and the lists differ: `updated_at` against `updated`, milliseconds against microseconds, a
document note of null against "".
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from vaultsync.simulator.records import Book, Highlight, Quirks, Tag
from vaultsync.simulator.times import export_time, list_time

_SITE = "https://readwise.io"
_COVERS = {"articles": "article4.png", "tweets": "twitter-icon.png", "podcasts": "default-podcast-icon.png"}


def exported_book(book: Book, highlights: list[Highlight], quirks: Quirks) -> dict[str, Any]:
    """Write a book as the export shows it, with the highlights it is to show."""
    return {
        "user_book_id": book.id,
        "is_deleted": book.deleted,
        "title": book.title,
        "author": book.author,
        "readable_title": " ".join(book.title.split()),
        "source": book.source,
        "cover_image_url": cover(book),
        "unique_url": book.unique_url,
        "summary": book.summary,
        "book_tags": [tag_shape(tag) for tag in book.tags],
        "category": book.category,
        "document_note": book.document_note,
        "readwise_url": f"{_SITE}/bookreview/{book.id}",
        "source_url": book.source_url,
        "external_id": book.external_id,
        "asin": book.asin,
        "highlights": [exported_highlight(highlight, quirks) for highlight in highlights],
    }


def exported_highlight(highlight: Highlight, quirks: Quirks) -> dict[str, Any]:
    """Write a highlight as the export shows it."""
    return {
        "id": highlight.id,
        "is_deleted": highlight.deleted,
        "text": highlight.text if quirks.deleted_keep_text or not highlight.deleted else "",
        "location": highlight.location,
        "location_type": highlight.location_type,
        "note": highlight.note,
        "color": highlight.color,
        "highlighted_at": export_time(highlight.highlighted_at),
        "created_at": export_time(highlight.created),
        "updated_at": export_time(highlight.updated),
        "external_id": highlight.external_id,
        "end_location": None,
        "url": highlight.url,
        "book_id": highlight.book_id,
        "tags": [tag_shape(tag) for tag in highlight.tags],
        "is_favorite": highlight.has_tag("favorite"),
        "is_discard": highlight.has_tag("discard"),
        "readwise_url": f"{_SITE}/open/{highlight.id}",
    }


def highlight_detail(highlight: Highlight) -> dict[str, Any]:
    """Write a highlight as list, detail and update show it."""
    return {
        "id": highlight.id,
        "text": highlight.text,
        "note": highlight.note,
        "location": highlight.location,
        "location_type": highlight.location_type,
        "highlighted_at": list_time(highlight.highlighted_at),
        "url": highlight.url,
        "color": highlight.color,
        "updated": list_time(highlight.updated),
        "book_id": highlight.book_id,
        "tags": [tag_shape(tag) for tag in highlight.tags],
    }


def book_detail(book: Book) -> dict[str, Any]:
    """Write a book as list and detail show it."""
    return {
        "id": book.id,
        "title": book.title,
        "author": book.author,
        "category": book.category,
        "source": book.source,
        "num_highlights": len(book.live),
        "last_highlight_at": list_time(last_highlight_at(book)),
        "updated": list_time(book.updated),
        "cover_image_url": cover(book),
        "highlights_url": f"{_SITE}/bookreview/{book.id}",
        "source_url": book.source_url,
        "asin": book.asin,
        "tags": [{"id": tag.id, "user_book": book.id, "name": tag.name} for tag in book.tags],
        "document_note": book.document_note or "",
    }


def posted_book(book: Book, modified: list[int]) -> dict[str, Any]:
    """Write a book as the answer to a post shows it, with keys the documents do not mention."""
    return {
        **book_detail(book),
        "resurface_weighting": 1.0,
        "source_syncs_all_books_together": False,
        "modified_highlights": modified,
    }


def review_highlight(highlight: Highlight, book: Book) -> dict[str, Any]:
    """Write a highlight as the Daily Review shows it."""
    return {
        "text": highlight.text,
        "title": book.title,
        "author": book.author,
        "url": None,
        "source_url": book.source_url,
        "source_type": book.category.removesuffix("s"),
        "category": None,
        "location_type": highlight.location_type,
        "location": highlight.location,
        "note": highlight.note,
        "highlighted_at": list_time(highlight.highlighted_at),
        "highlight_url": highlight.url,
        "image_url": cover(book),
        "id": highlight.id,
        "api_source": None,
    }


def tag_shape(tag: Tag) -> dict[str, Any]:
    """Write a tag wherever it stands alone."""
    return {"id": tag.id, "name": tag.name}


def last_highlight_at(book: Book) -> datetime | None:
    """Tell when the last passage was marked, if any highlight says when."""
    return max((h.highlighted_at for h in book.live if h.highlighted_at), default=None)


def cover(book: Book) -> str | None:
    """Return the cover: of books from Reader the document's image, if any; others get the service's icon."""
    if book.cover_image_url or book.source == "reader":
        return book.cover_image_url
    return f"{_SITE}/static/images/{_COVERS.get(book.category, 'default-book-icon-0.png')}"
