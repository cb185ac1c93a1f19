"""A whole account: Readwise, and Reader beside it. The verbs are what people do in Reader.

What is highlighted in Reader appears in v3 as child documents and in v2 as a book and highlights, joined by
external_id. Deleting in Reader leaves no trace in v3, and an empty book in v2.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Unpack

from vaultsync.simulator.readwise_app import ReadwiseApp
from vaultsync.simulator.records import (
    Book,
    DocumentEdit,
    DocumentFields,
    Highlight,
    HighlightFields,
    ReaderDocument,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BOOK_CATEGORIES = {"epub": "books", "tweet": "tweets", "podcast": "podcasts"}
READ_URL = "https://read.readwise.io/read/"


class Library(ReadwiseApp):
    """Everything an account holds, with verbs for what its user does.

    >>> library = Library()
    >>> essay = library.add_reader_document("On Noise", author="Ada Wren")
    >>> library.highlight_in_reader(essay.id, "Quiet is a material.").external_id in library.documents
    True
    """

    def add_reader_document(self, title: str | None, **fields: Unpack[DocumentFields]) -> ReaderDocument:
        """Save a document to Reader. created_at: when that was, now if not given."""
        made = fields.get("created_at") or self.now()
        source = None if fields.get("category") == "email" else "Reader add from import URL"
        given: dict[str, Any] = {"source": source, **fields, "tags": {}}
        given |= dict.fromkeys(("created_at", "updated_at", "saved_at", "last_moved_at"), made)
        given["id"] = fields.get("id") or self.new_document_id(made)
        given.setdefault("word_count", word_count(fields.get("html_content")))
        document = ReaderDocument(title=title, **given)
        document.tags = {name: milliseconds(made) for name in fields.get("tags", [])}
        self.documents[document.id] = document
        return document

    def highlight_in_reader(self, document_id: str, text: str, **fields: Unpack[HighlightFields]) -> Highlight:
        """Highlight a passage in Reader: a child document in v3, a highlight in the joined book in v2."""
        document = self.documents[document_id]
        made = fields.get("created") or self.now()
        child = self._child(document_id, "highlight", text, made)
        book = self.book_of(document_id) or self._book(document, made)
        given: HighlightFields = {"location_type": "offset", "created": made}
        given.update(fields)
        given.update({"external_id": child.id, "url": READ_URL + child.id})
        return self.add_highlight(book, text, **given)

    def edit_reader_document(self, document_id: str, **fields: Unpack[DocumentEdit]) -> ReaderDocument:
        """Change what is said of a document. tags: the whole new set."""
        document = self.documents[document_id]
        now = self.now()
        for name, value in fields.items():
            if name not in ("id", "tags"):
                setattr(document, name, value)
        if "tags" in fields:
            document.tags = {name: document.tags.get(name, milliseconds(now)) for name in fields["tags"]}
        document.updated_at = now
        self._mirror(document)
        return document

    def move_reader_document(self, document_id: str, location: str) -> ReaderDocument:
        """Move a document: new, later, shortlist, archive or feed."""
        document = self.documents[document_id]
        document.location = location
        document.last_moved_at = document.updated_at = self.now()
        return document

    def open_reader_document(self, document_id: str, *, progress: float = 0.0) -> ReaderDocument:
        """Read in a document up to `progress` (0 to 1); in the feed it is "seen" from now on."""
        document = self.documents[document_id]
        now = self.now()
        document.first_opened_at = document.first_opened_at or now
        document.last_opened_at = document.updated_at = now
        document.reading_progress = progress or document.reading_progress
        return document

    def delete_reader_document(self, document_id: str) -> None:
        """Delete a document with its highlights and comments; v3 forgets it, the v2 book stays, empty."""
        for child in [other for other in self.documents.values() if other.parent_id == document_id]:
            self.delete_reader_document(child.id)
        gone = self.documents.pop(document_id)
        self.gone[gone.id] = gone.created_at
        highlight = self.highlight_of(gone.id) if gone.category == "highlight" else None
        if highlight is not None and not highlight.deleted:
            super().delete_highlight(highlight.id)

    def delete_highlight(self, highlight_id: int) -> None:
        """Delete a highlight in v2, and the child document it is in v3."""
        child = self.highlight(highlight_id).external_id
        super().delete_highlight(highlight_id)
        if child in self.documents:
            self.delete_reader_document(child)

    def set_note(self, highlight: Highlight, note: str) -> None:
        """Give a highlight its note; for one made in Reader also the comment document under it."""
        super().set_note(highlight, note)
        child = self.documents.get(highlight.external_id or "")
        if child is None:
            return
        child.notes = highlight.note
        comment = next((other for other in self.documents.values() if other.parent_id == child.id), None)
        if comment is None and highlight.note:
            being_added = highlight.id not in self._highlights
            self._child(child.id, "note", highlight.note, child.created_at if being_added else self.now())
        elif comment is not None and highlight.note:
            comment.content, comment.updated_at = highlight.note, self.now()
        elif comment is not None:
            self.delete_reader_document(comment.id)

    def _child(self, parent_id: str, category: str, content: str, made: datetime) -> ReaderDocument:
        child = self.add_reader_document(None, category=category, source="reader", created_at=made)
        child.parent_id, child.content, child.location = parent_id, content, None
        return child

    def _book(self, document: ReaderDocument, made: datetime) -> Book:
        book = self.add_book(
            document.title or "",
            source="reader",
            category=_BOOK_CATEGORIES.get(document.category, "articles"),
            external_id=document.id,
            unique_url=READ_URL + document.id,
            updated=made,
        )
        self._describe(book, document)
        return book

    def _mirror(self, document: ReaderDocument) -> None:
        """Carry a document-level edit over to the v2 book, whose `updated` alone shows it."""
        book = self.book_of(document.id)
        if book is not None:
            self._describe(book, document)
            book.updated = self.now()

    def _describe(self, book: Book, document: ReaderDocument) -> None:
        book.title, book.author, book.summary = document.title or "", document.author, document.summary
        book.cover_image_url, book.source_url = document.image_url, document.source_url
        book.document_note = document.notes or None
        kept = {tag.name: tag for tag in book.tags}
        book.tags = [kept.get(name) or self.new_tag(name) for name in document.tags]


def word_count(html: Any) -> int | None:
    """Count the words of a page; None if there is no page."""
    return len(re.sub(r"<[^>]*>", " ", html).split()) if html else None


def milliseconds(when: datetime) -> int:
    """Milliseconds since 1970, as v3 dates its tags."""
    return (when - _EPOCH) // timedelta(milliseconds=1)
