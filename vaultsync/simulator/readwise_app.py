"""What a user does in the Readwise app or at Kindle, with the silence the service keeps about it.

An incremental export lists a highlight only if its `updated` moved. New text and edits at the source move it;
notes, tags, favourite and discard set in the app do not, nor does anything about the book.
"""

from __future__ import annotations

import re
from typing import Any, Unpack

from vaultsync.simulator.records import (
    Book,
    BookEdit,
    BookFields,
    Highlight,
    HighlightEdit,
    HighlightFields,
    Tag,
)
from vaultsync.simulator.shelf import Shelf

_INLINE_TAGS = re.compile(r"(?:\.[^\s.]+(?:\s+|$))+")


class ReadwiseApp(Shelf):
    """The v2 side of an account: books and highlights, and what happens to them."""

    def add_book(self, title: str, **fields: Unpack[BookFields]) -> Book:
        """Add a book without highlights."""
        when = fields.get("updated") or self.now()
        given: dict[str, Any] = {"updated": when, "changed": when, **fields}
        given["id"] = fields.get("id") or self.new_id("book")
        given["tags"] = [self.new_tag(name) for name in fields.get("tags", [])]
        return self.shelve(Book(title=title, **given))

    def add_highlight(self, book: Book | int, text: str, **fields: Unpack[HighlightFields]) -> Highlight:
        """Add a highlight after the book's last one, now, however long ago the passage was marked."""
        home = book if isinstance(book, Book) else self.books[book]
        made = fields.get("created") or self.now()
        given: dict[str, Any] = {"location": len(home.highlights) + 1, "highlighted_at": made}
        given |= {"created": made, "updated": made, **fields, "tags": [], "note": ""}
        given["id"] = fields.get("id") or self.new_id("highlight")
        highlight = Highlight(book_id=home.id, text=text, **given)
        for name in fields.get("tags", []):
            self.tag(highlight, name)
        self.set_note(highlight, fields.get("note", ""))
        home.updated = max(home.updated, highlight.updated)
        return self.shelve_highlight(highlight)

    def edit_highlight_in_app(self, highlight_id: int, **edit: Unpack[HighlightEdit]) -> Highlight:
        """Change a highlight in the app. Only new text moves its `updated`."""
        highlight = self.highlight(highlight_id)
        if "note" in edit:
            self.set_note(highlight, edit["note"])
        if "tags" in edit:
            gone = [tag.name for tag in highlight.tags if tag.name not in edit["tags"]]
            self.retag_in_app(highlight_id, add=edit["tags"], remove=gone)
        highlight.color = edit.get("color", highlight.color)
        if "text" in edit and edit["text"] != highlight.text:
            highlight.text = edit["text"]
            self.touch(highlight)
        return highlight

    def retag_in_app(
        self, highlight_id: int, *, add: list[str] | None = None, remove: list[str] | None = None
    ) -> Highlight:
        """Add and remove tags by name, `favorite` and `discard` among them, without a trace in `updated`."""
        highlight = self.highlight(highlight_id)
        for tag in [tag for tag in highlight.tags if tag.name in (remove or [])]:
            self.untag(highlight, tag)
        for name in add or []:
            self.tag(highlight, name)
        return highlight

    def edit_highlight_at_source(self, highlight_id: int, **edit: Unpack[HighlightEdit]) -> Highlight:
        """Change a highlight where it was made (Kindle, Snipd); the import after it moves its `updated`."""
        highlight = self.edit_highlight_in_app(highlight_id, **edit)
        self.touch(highlight)
        return highlight

    def delete_highlight(self, highlight_id: int) -> None:
        """Delete a highlight; a tombstone stays, seen only with includeDeleted."""
        highlight = self.highlight(highlight_id)
        highlight.deleted = True
        self.touch(highlight)

    def delete_book(self, book_id: int) -> None:
        """Delete a book with all its highlights; tombstones stay."""
        book = self.books[book_id]
        for highlight in book.live:
            self.delete_highlight(highlight.id)
        book.deleted = True
        book.changed = book.updated = self.now()

    def edit_book(self, book_id: int, **fields: Unpack[BookEdit]) -> Book:
        """Change what is said of a book; only the book's own `updated` moves. tags: the whole new set."""
        book = self.books[book_id]
        for name, value in fields.items():
            if name not in ("id", "tags"):
                setattr(book, name, value)
        if "tags" in fields:
            kept = {tag.name: tag for tag in book.tags}
            book.tags = [kept.get(name) or self.new_tag(name) for name in fields["tags"]]
        book.updated = self.now()
        return book

    def touch(self, highlight: Highlight) -> None:
        """Move a highlight's `updated`, and its book's, as a change that exports show."""
        book = self.books[highlight.book_id]
        highlight.updated = book.changed = book.updated = self.now()

    def tag(self, thing: Highlight | Book, name: str) -> Tag:
        """Put a tag on a highlight or book; one that is there already is returned as it is."""
        wanted = self.new_tag(name)
        found = next((tag for tag in thing.tags if tag.name == wanted.name), None)
        if found is None:
            thing.tags = [*thing.tags, wanted]
        return found or wanted

    def untag(self, thing: Highlight | Book, tag: Tag) -> None:
        """Take a tag off a highlight or book."""
        thing.tags = [other for other in thing.tags if other.id != tag.id]
        if isinstance(thing, Highlight):
            thing.untagged = [*thing.untagged, tag.name]

    def set_note(self, highlight: Highlight, note: str) -> None:
        """Give a highlight its note; words with a dot at its very beginning become tags.

        >>> app = ReadwiseApp()
        >>> walden = app.add_book("Walden")
        >>> [tag.name for tag in app.add_highlight(walden, "Simplify.", note=".life .short how?").tags]
        ['life', 'short']
        """
        commands = _INLINE_TAGS.match(note)
        for word in commands.group().split() if commands else ():
            if word[1:] not in highlight.untagged:
                self.tag(highlight, word[1:])
        stripped = commands and not self.quirks.inline_tags_stay
        highlight.note = note[commands.end() :] if stripped and commands else note
