"""The values that cross every boundary: documents and highlights as a template sees them. No I/O.

Shapes are msgspec structs rather than dataclasses: they are frozen all the same, and a library of 125,000
highlights is made of them in a second instead of ten. Text is clean here: LF newlines, no control
characters, no Unicode noncharacters (rendering uses those as marks), no lone surrogates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeAlias, TypeVar

import msgspec

# A field as it is read from a note and sent to a source. Tags are tuples, all else is text.
Value: TypeAlias = str | tuple[str, ...]
# What the name of a field begins with that is a truth value of `extra`, and can be edited: "extra.unread".
EXTRA = "extra."
# The one date that can be.
PUBLISHED = "published"
# What a document of a service may be, as templates are told; another word is possible.
CATEGORIES = (
    "books",
    "articles",
    "tweets",
    "podcasts",
    "supplementals",
    "emails",
    "pdfs",
    "epubs",
    "videos",
    "bookmarks",
)
# The category of what vaultsync itself makes of a daily review.
REVIEWS = "daily-reviews"

_EPOCH = datetime(1, 1, 1, tzinfo=UTC)


class Highlight(msgspec.Struct, frozen=True, kw_only=True):
    """One marked passage with its note, tags and colour.

    id: the service's own. block_id: what its block is called in a note, without the caret ("rw456"); letters,
    digits and dashes; it never changes. location: sorts within the document, in units of location_type.
    extra: the service's remaining fields by their own names, always the same keys.
    """

    id: str
    block_id: str
    text: str
    note: str = ""
    tags: tuple[str, ...] = ()
    color: str = ""
    location: int | None = None
    location_type: str = ""
    url: str = ""
    service_url: str = ""
    highlighted_at: datetime | None = None
    created: datetime | None = None
    updated: datetime | None = None
    favorite: bool = False
    discarded: bool = False
    deleted: bool = False
    extra: Mapping[str, Any] = {}


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One book, article, tweet, podcast or bookmark at a source, with its highlights in reading order.

    id: "<account>:<id>", what the property vaultsync_id holds. source: the plugin it came by ("readwise"); where
    the text was read ("kindle") is extra["source"]. account: the section [sources.NAME] it came by, which is named
    for the source or otherwise ("work"); cover_file: what the cover is called in the vault, empty if it is on the
    web only; vaultsync fills both in, no source does. view: inbox, later, shortlist,
    archive, feed-unseen, feed-seen, or empty. content: the full text as Markdown, empty unless asked for. deleted:
    gone at the service.
    """

    id: str
    title: str
    author: str = ""
    category: str = ""
    source: str = ""
    account: str = ""
    url: str = ""
    service_url: str = ""
    cover: str = ""
    cover_file: str = ""
    summary: str = ""
    note: str = ""
    tags: tuple[str, ...] = ()
    highlights: tuple[Highlight, ...] = ()
    published: date | None = None
    created: datetime | None = None
    updated: datetime | None = None
    location: str = ""
    view: str = ""
    site_name: str = ""
    word_count: int | None = None
    reading_progress: float | None = None
    content: str = ""
    deleted: bool = False
    extra: Mapping[str, Any] = {}

    @property
    def live(self) -> tuple[Highlight, ...]:
        """The highlights the service still has, in reading order."""
        return tuple(highlight for highlight in self.highlights if not highlight.deleted)


T = TypeVar("T", Document, Highlight)


def is_data(name: str) -> bool:
    """Whether a field is edited as data, in a property of its own, and nowhere else."""
    return name.startswith(EXTRA) or name == PUBLISHED


def field_value(thing: Document | Highlight, name: str) -> Value | None:
    """What a field holds that can be edited; None if there is no such field, or if it is another date or a number.

    >>> bookmark = Document(id="linkding:1", title="Tea", published=date(2024, 2, 29), extra={"unread": True, "n": ""})
    >>> [field_value(bookmark, name) for name in ("title", "published", "extra.unread", "extra.n", "created")]
    ['Tea', '2024-02-29', 'true', None, None]
    """
    if name.startswith(EXTRA):
        found = thing.extra.get(name.removeprefix(EXTRA))
        return ("true" if found else "false") if isinstance(found, bool) else None
    value = getattr(thing, name, None)
    if name == PUBLISHED:
        return value.isoformat() if isinstance(value, date) else None
    return value if isinstance(value, str) or (isinstance(value, tuple) and name == "tags") else None


def with_fields(thing: T, values: Mapping[str, Value]) -> T:
    """The thing with other values in some of its fields.

    >>> with_fields(Document(id="linkding:1", title="", extra={"unread": True}), {"extra.unread": "false"}).extra
    {'unread': False}
    """
    flags = {name.removeprefix(EXTRA): value == "true" for name, value in values.items() if name.startswith(EXTRA)}
    others: dict[str, Any] = {name: value for name, value in values.items() if not name.startswith(EXTRA)}
    if isinstance(day := others.get(PUBLISHED), str):
        others[PUBLISHED] = date.fromisoformat(day) if day else None
    if flags:
        others["extra"] = {**thing.extra, **flags}
    return msgspec.structs.replace(thing, **others) if others else thing


def with_values(document: Document, values: Mapping[tuple[str, str], Value]) -> Document:
    """The document with other values in some of its fields, by owner (a highlight's id, "" for the document) and name.

    What is of a highlight it has not counts for nothing.
    """
    if not values:
        return document
    of: dict[str, dict[str, Value]] = {}
    for (owner, name), value in values.items():
        of.setdefault(owner, {})[name] = value
    highlights = tuple(with_fields(one, of[one.id]) if one.id in of else one for one in document.highlights)
    return msgspec.structs.replace(with_fields(document, of.get("", {})), highlights=highlights)


def values_of(document: Document, fields: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Value]:
    """What a document holds in some of its fields, by owner and name as above; without those it has not.

    >>> values_of(Document(id="r:1", title="Tea"), [("", "title"), ("7", "note")])
    {('', 'title'): 'Tea'}
    """
    owners: dict[str, Document | Highlight] = {"": document, **{one.id: one for one in document.highlights}}
    found = {(owner, name): field_value(owners[owner], name) for owner, name in fields if owner in owners}
    return {field: value for field, value in found.items() if value is not None}


def differing_fields(one: Document, other: Document) -> frozenset[tuple[str, str]]:
    """The fields two versions of a document have otherwise, each with its owner: a highlight's id, "" for the document.

    A highlight only one of them has counts for nothing.
    """
    known = {highlight.id: highlight for highlight in one.highlights}
    pairs = [("", one, other), *((new.id, known.get(new.id, new), new) for new in other.highlights)]
    return frozenset(
        (owner, name)
        for owner, was, new in pairs
        if was is not new
        for name in was.__struct_fields__
        if getattr(was, name) != getattr(new, name)
    )


def reading_order(highlights: Iterable[Highlight]) -> tuple[Highlight, ...]:
    """Sort as read: by location, then by time, then by id; what has no location comes last.

    >>> a, b = Highlight(id="2", block_id="rw2", text="", location=9), Highlight(id="1", block_id="rw1", text="")
    >>> [h.id for h in reading_order([b, a])]
    ['2', '1']
    """
    return tuple(sorted(highlights, key=_place))


def _place(highlight: Highlight) -> tuple[bool, int, datetime, int, str]:
    when = highlight.highlighted_at or highlight.created or _EPOCH
    # Ids are numbers at most services, and "9" was made before "10".
    return (highlight.location is None, highlight.location or 0, when, len(highlight.id), highlight.id)
