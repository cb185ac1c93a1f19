"""Send edits to Readwise and Reader, and work what they answer into the record.

What a record says afterwards is what the services said, not what was sent: text they trimmed is trimmed here, and a
change they did not show yet is not there yet, so that it is looked at again.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from vaultsync.errors import SourceError
from vaultsync.hookspecs import Edit, NewHighlight
from vaultsync.sources.readwise import documents, record, remake, sendable, settle, wire
from vaultsync.sources.readwise.record import KeptBook, KeptDocument, KeptHighlight, Record
from vaultsync.sources.readwise.service import Service, Thing
from vaultsync.sources.readwise.tagging import Tagging, retagged

# What both services say of a document, by the same names in both halves of a record.
_SHARED = ("title", "author", "summary", "note", "cover")


class Push:
    """What a push asks of the source, on records as they are stored."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._tagging = Tagging(self._service)

    def refreshed(self, kept: bytes, owner: str) -> bytes:
        """Ask how a highlight, or the document, is now. Raises SourceError."""
        if owner:
            _highlight(kept, owner)
            return self._with_highlight(kept, owner, self._service.highlight(owner))
        book, reader = _halves(record.opened(kept))
        if book is not None:
            kept = self._with_book(kept, str(book.id))
        return kept if reader is None else self._with_document(kept, reader)

    def applied(self, kept: bytes, edit: Edit) -> bytes:
        """Send one edit, unless the record says that it is done. Raises SourceError."""
        if edit.owner:
            highlight = _highlight(kept, edit.owner)
            if edit.field == "tags":
                return self._retagged_highlight(kept, highlight, edit)
            if sendable.as_text(getattr(highlight, edit.field)) == edit.after:
                return kept
            detail = self._service.patched(edit.owner, sendable.highlight_change(edit))
            return self._with_highlight(kept, edit.owner, detail)
        if edit.field == "tags":
            return self._retagged_document(kept, edit)
        if sendable.as_text(getattr(documents.document(kept), edit.field)) == edit.after:
            return kept
        return self._updated(kept, edit)

    def removed(self, kept: bytes, owner: str) -> bytes:
        """Delete a highlight, or the document in Reader. Raises SourceError."""
        refused = self._undeletable(kept, owner)
        if refused is not None:
            raise refused
        if owner:
            _highlight(kept, owner)
            self._service.change("DELETE", Thing("highlights", owner).path)
            return record.without_highlight(kept, owner)
        _book, reader = _halves(record.opened(kept))
        if reader is None:
            return kept
        # Its highlights go too; the next export says so, one by one.
        self._service.change("DELETE", f"v3/delete/{reader.id}/")
        return record.without_document(kept)

    def undeletable(self, kept: bytes, owner: str) -> str:
        """Why something can't be deleted, as a sentence; "" if it can."""
        return str(self._undeletable(kept, owner) or "")

    def _undeletable(self, kept: bytes, owner: str) -> SourceError | None:
        book, reader = _halves(record.opened(kept))
        if owner or (reader is not None and remake.can_be_saved(reader)) or (reader is None and book is None):
            return None
        if reader is not None:
            return SourceError(
                f'readwise: "{reader.title}" has no address on the web, so that nobody could give it back, text '
                "and all. Nothing was deleted.",
                source="readwise",
                hint="Delete it in Reader, or bring its note back: vaultsync restore NOTE.",
            )
        assert book is not None, "it is in Reader or not"
        return SourceError(
            f'readwise: "{book.title}" is not in Reader, and Readwise lets no program delete a book. '
            "Nothing was deleted.",
            source="readwise",
            hint=f"Delete it at {book.service_url or 'readwise.io'}.",
        )

    def recreate(self, kept: bytes, owner: str) -> None:
        """Make a deleted highlight or document again, under another id. Raises SourceError."""
        book, reader = _halves(record.opened(kept))
        if not owner and reader is not None:
            self._service.change("POST", "v3/save/", remake.saved(reader))
        if not owner or book is None:
            return
        highlight = _highlight(kept, owner)
        # Readwise knows it again by its text, so it may be asked twice; then it says that nothing was made.
        reply = self._service.change("POST", "v2/highlights/", remake.posted(book, highlight))
        books = remake.books(reply.body) if reply is not None else ()
        made = next(iter(remake.modified(books)), None) or self._service.highlight_in(books, highlight.text)
        if made is not None:
            self._tagging.changed(Thing("highlights", made), Edit("", made, "tags", (), highlight.tags))

    def highlighted(self, kept: bytes, new: NewHighlight, at: datetime) -> str:
        """Make a highlight in the book; return its id, "" if Readwise had it. Raises SourceError."""
        book, _reader = _halves(record.opened(kept))
        if book is None:
            raise SourceError("readwise: the book is gone there. Nothing was made.", source="readwise")
        # Readwise knows a highlight again by its text, but only in a book that is still called the same.
        reply = self._service.change("POST", "v2/highlights/", remake.marked(book, new, at), once=True)
        try:
            books = remake.books(reply.body) if reply is not None else ()
        except (msgspec.DecodeError, UnicodeDecodeError):
            return ""  # it was done, but what came back is no answer to it
        return next(iter(remake.modified(books)), "") or self._service.highlight_in(books, new.text) or ""

    def _with_highlight(self, kept: bytes, id_: str, told: wire.HighlightDetail | None) -> bytes:
        if told is None:
            return record.without_highlight(kept, id_)
        self._tagging.remember(Thing("highlights", id_), told.tags)
        return record.with_highlight(kept, id_, settle.highlight_changes(told))

    def _with_book(self, kept: bytes, id_: str) -> bytes:
        told = self._service.book(id_)
        if told is None:
            return record.without_book(kept)
        self._tagging.remember(Thing("books", id_), told.tags)
        return record.with_book(kept, settle.book_changes(told))

    def _with_document(self, kept: bytes, reader: KeptDocument) -> bytes:
        told = self._service.document(reader.id)
        if told is None:
            return record.without_document(kept)
        return record.absorbed(kept, settle.reader_document(told, reader.content))

    def _retagged_highlight(self, kept: bytes, highlight: KeptHighlight, edit: Edit) -> bytes:
        if retagged(highlight.tags, edit) == highlight.tags:
            return kept
        tags = self._tagging.changed(Thing("highlights", edit.owner), edit)
        return record.with_highlight(kept, edit.owner, settle.tag_changes(tags))

    def _retagged_document(self, kept: bytes, edit: Edit) -> bytes:
        """Send tags to Reader if it has the document, else to the book; what is removed goes from both.

        The book is first: Reader may pass its tags on at once, and then the ids of the book's are good no more.
        """
        book, reader = _halves(record.opened(kept))
        if book is not None:
            kept = self._retagged_book(kept, book, edit, adding=reader is None)
        wanted = reader and retagged(reader.tags, edit)
        if reader is None or wanted == reader.tags:
            return kept
        return self._sent_to_reader(kept, reader, {"tags": wanted})

    def _retagged_book(self, kept: bytes, book: KeptBook, edit: Edit, *, adding: bool) -> bytes:
        wanted = retagged(book.tags, edit)
        if wanted == book.tags or (not adding and wanted[: len(book.tags)] == book.tags):
            return kept
        tags = self._tagging.changed(Thing("books", str(book.id)), edit, adding=adding)
        return record.with_book(kept, {"tags": tags})

    def _updated(self, kept: bytes, edit: Edit) -> bytes:
        """Send a field to Reader. What it took is also said of the book: Reader passes it on in its own time."""
        _book, reader = _halves(record.opened(kept))
        assert reader is not None, "an edit that is refused is not sent"
        kept = self._sent_to_reader(kept, reader, sendable.reader_change(edit))
        book, now = _halves(record.opened(kept))
        if book is None or now is None or edit.field not in _SHARED:
            return kept
        value = getattr(now, edit.field)
        was_taken = value == edit.after or value != getattr(reader, edit.field)
        return record.with_book(kept, {edit.field: value}) if was_taken else kept

    def _sent_to_reader(self, kept: bytes, reader: KeptDocument, changes: dict[str, object]) -> bytes:
        """Send changes and read back what became of them: the answer says neither, not even if they were ignored."""
        if self._service.change("PATCH", f"v3/update/{reader.id}/", changes) is None:
            return record.without_document(kept)
        return self._with_document(kept, reader)


def _halves(kept: Record) -> tuple[KeptBook | None, KeptDocument | None]:
    """The document at Readwise and in Reader, as far as it is still there."""
    book = kept.book if kept.book is not None and not kept.book.deleted else None
    return book, None if kept.gone else kept.reader


def _highlight(kept: bytes, id_: str) -> KeptHighlight:
    found = next((one for one in record.opened(kept).highlights if one.id == id_), None)
    if found is None:
        raise SourceError(
            f"readwise: it has no highlight {id_} in this document. Nothing was sent.",
            source="readwise",
            hint='"vaultsync export" brings the document as it is.',
        )
    return found
