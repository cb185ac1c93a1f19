"""What an account at the service holds: books with highlights (v2), documents (v3). Plain data.

The names are the service's: a "book" of v2 may be an article; in v3 highlights and comments are documents.
Times are aware and UTC.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

import msgspec


class Tag(msgspec.Struct):
    """A tag on one highlight or one book. id: of this tag on this thing, not of the name."""

    id: int
    name: str


class Highlight(msgspec.Struct, kw_only=True):
    """A highlight as v2 knows it.

    external_id: the id of the v3 document that is this highlight, if it was made in Reader.
    untagged: names once removed by hand, which an inline `.tag` in the note does not bring back.
    """

    id: int
    book_id: int
    text: str
    created: datetime
    updated: datetime
    note: str = ""
    tags: list[Tag] = []
    color: str = ""
    location: int | None = None
    location_type: str = "order"
    url: str | None = None
    highlighted_at: datetime | None = None
    external_id: str | None = None
    deleted: bool = False
    untagged: list[str] = []

    def has_tag(self, name: str) -> bool:
        """Whether a tag of this name is on the highlight; favourite and discard are such tags."""
        return any(tag.name == name for tag in self.tags)


class Book(msgspec.Struct, kw_only=True):
    """A v2 book with its highlights in the order they were made.

    external_id: the v3 document it was highlighted in. updated: moves with book-level changes and new
    highlights. changed: the newest `updated` among its highlights, or when it was deleted; kept so that an
    incremental export need not look at every highlight.
    """

    id: int
    title: str
    updated: datetime
    changed: datetime
    author: str | None = None
    category: str = "books"
    source: str = "kindle"
    cover_image_url: str | None = None
    unique_url: str | None = None
    summary: str | None = None
    document_note: str | None = None
    tags: list[Tag] = []
    source_url: str | None = None
    external_id: str | None = None
    asin: str | None = None
    deleted: bool = False
    highlights: list[Highlight] = []

    @property
    def live(self) -> list[Highlight]:
        """The highlights that are not deleted."""
        return [highlight for highlight in self.highlights if not highlight.deleted]


class ReaderDocument(msgspec.Struct, kw_only=True):
    """A v3 document; so are highlights (parent: a document) and comments on them (parent: a highlight).

    tags: name → when it was added, in milliseconds since 1970. content: the text of highlights and comments.
    raw_file: what was uploaded.
    """

    id: str
    created_at: datetime
    updated_at: datetime
    saved_at: datetime
    last_moved_at: datetime
    title: str | None = None
    author: str | None = None
    source: str | None = None
    category: str = "article"
    location: str | None = "new"
    tags: dict[str, int] = {}
    site_name: str | None = None
    word_count: int | None = None
    published_date: str | None = None
    summary: str | None = None
    image_url: str | None = None
    content: str | None = None
    source_url: str | None = None
    html_content: str | None = None
    raw_file: bytes | None = None
    notes: str = ""
    parent_id: str | None = None
    reading_progress: float = 0.0
    first_opened_at: datetime | None = None
    last_opened_at: datetime | None = None


class BookFields(TypedDict, total=False):
    """What may be said of a book when it is added. id: chosen by the library if not given."""

    id: int
    author: str | None
    category: str
    source: str
    cover_image_url: str | None
    unique_url: str | None
    summary: str | None
    document_note: str | None
    tags: list[str]
    source_url: str | None
    external_id: str | None
    asin: str | None
    updated: datetime


class BookEdit(BookFields, total=False):
    """What may be changed about a book."""

    title: str


class HighlightFields(TypedDict, total=False):
    """What may be said of a highlight when it is added; highlighted_at and updated are as `created` by default."""

    id: int
    note: str
    tags: list[str]
    color: str
    location: int | None
    location_type: str
    url: str | None
    highlighted_at: datetime | None
    created: datetime
    updated: datetime
    external_id: str | None


class HighlightEdit(TypedDict, total=False):
    """What a user may change of a highlight in the app. tags: the whole new set, by name."""

    text: str
    note: str
    tags: list[str]
    color: str


class DocumentFields(TypedDict, total=False):
    """What may be said of a Reader document when it is added."""

    id: str
    author: str | None
    source: str | None
    category: str
    location: str
    tags: list[str]
    site_name: str | None
    word_count: int | None
    published_date: str | None
    summary: str | None
    image_url: str | None
    source_url: str | None
    html_content: str | None
    raw_file: bytes | None
    notes: str
    reading_progress: float
    first_opened_at: datetime | None
    last_opened_at: datetime | None
    created_at: datetime


class DocumentEdit(DocumentFields, total=False):
    """What may be changed about a Reader document."""

    title: str | None


class Quirks(msgspec.Struct):
    """What nobody has published about the services: switches, so that a client can be tried both ways.

    patch_moves_updated: a PATCH of a highlight moves its updated_at. after_is_inclusive: `updatedAfter` lists
    what changed at that very instant. deleted_keep_text: a deleted highlight still shows its text.
    inline_tags_stay: a note's leading `.tag` stays in the note. tags_lower_cased: the server folds tag names.
    book_tags_bare: the tags of a book are a bare list rather than a page. tags_repeat: a tag that is posted again
    is there twice. texts_trimmed: the server takes the blanks off both ends of what it is sent. locations_off: what
    the user has switched off in Reader. posts_stay_apart: a posted highlight joins no book that came from elsewhere.
    """

    patch_moves_updated: bool = True
    after_is_inclusive: bool = False
    deleted_keep_text: bool = True
    inline_tags_stay: bool = True
    tags_lower_cased: bool = False
    book_tags_bare: bool = False
    tags_repeat: bool = False
    texts_trimmed: bool = False
    locations_off: tuple[str, ...] = ()
    posts_stay_apart: bool = False
