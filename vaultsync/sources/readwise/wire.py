"""What the two services send, field by field, and how a page of it is taken apart. No I/O.

Everything but the ids may be null or missing, whatever the documents say (Readwise: https://readwise.io/api_deets,
Reader: https://readwise.io/reader_api). Keys that are not named here are ignored.
"""

from __future__ import annotations

import json
from typing import Any, TypeAlias

import msgspec

from vaultsync.sources.fields import Flag, Id, Key, Moment, Number, Text, Whole
from vaultsync.sources.lenient import loose_json


class Tag(msgspec.Struct, gc=False):
    """A tag of Readwise. Its id belongs to one highlight, so it is asked for when it is needed."""

    name: Text = None


class Highlight(msgspec.Struct, gc=False):
    """A highlight in Readwise's export."""

    id: Id
    is_deleted: Flag = None
    text: Text = None
    note: Text = None
    tags: list[Tag] | None = None
    color: Text = None
    location: Whole = None
    location_type: Text = None
    url: Text = None
    readwise_url: Text = None
    highlighted_at: Moment = None
    created_at: Moment = None
    updated_at: Moment = None
    is_favorite: Flag = None
    is_discard: Flag = None
    external_id: Text = None
    end_location: Whole = None


class Book(msgspec.Struct, gc=False):
    """A book in Readwise's export: whatever was highlighted in, articles and podcasts too."""

    user_book_id: Id
    is_deleted: Flag = None
    title: Text = None
    author: Text = None
    readable_title: Text = None
    source: Text = None
    cover_image_url: Text = None
    unique_url: Text = None
    summary: Text = None
    book_tags: list[Tag] | None = None
    category: Text = None
    document_note: Text = None
    readwise_url: Text = None
    source_url: Text = None
    external_id: Text = None
    asin: Text = None
    highlights: list[Highlight] | None = None


class ReaderTag(msgspec.Struct, gc=False):
    """A tag of Reader; its key is in the object around it."""

    name: Text = None


# An object by key today; older answers have lists.
ReaderTags: TypeAlias = dict[str, ReaderTag] | list[str] | None


class ReaderDocument(msgspec.Struct, gc=False):
    """A document in Reader's list. Its highlights and their comments are documents too, with a parent_id."""

    id: Key
    url: Text = None
    source_url: Text = None
    title: Text = None
    author: Text = None
    source: Text = None
    category: Text = None
    location: Text = None
    tags: ReaderTags = None
    site_name: Text = None
    word_count: Whole = None
    reading_time: Text = None
    listening_time: Text = None
    created_at: Moment = None
    updated_at: Moment = None
    published_date: str | int | None = None
    summary: Text = None
    image_url: Text = None
    content: Text = None
    html_content: Text = None
    notes: Text = None
    parent_id: Text = None
    reading_progress: Number = None
    first_opened_at: Moment = None
    last_opened_at: Moment = None
    saved_at: Moment = None
    last_moved_at: Moment = None


class ReaderHead(msgspec.Struct, gc=False):
    """As much of a Reader document as decides whether to read the rest."""

    id: Key
    parent_id: Text = None
    category: Text = None
    location: Text = None
    updated_at: Moment = None


class SourceFile(msgspec.Struct, gc=False):
    """Where the file of a Reader document is, if it was asked for; "" if it may not be had."""

    id: Key
    title: Text = None
    category: Text = None
    raw_source_url: Text = None


class BookHead(msgspec.Struct, gc=False):
    """What the books list is asked for: which books changed, and when."""

    id: Id
    updated: Moment = None


class OwnTag(msgspec.Struct, gc=False):
    """A tag of one highlight or one book. Its id is good there only."""

    id: Id
    name: Text = None


class HighlightDetail(msgspec.Struct, gc=False):
    """A highlight asked for by its id, or the answer to a change of it. Less than the export says of it."""

    id: Id
    text: Text = None
    note: Text = None
    tags: list[OwnTag] | None = None
    color: Text = None
    location: Whole = None
    location_type: Text = None
    url: Text = None
    updated: Moment = None


class BookDetail(msgspec.Struct, gc=False):
    """A book asked for by its id. Less than the export says of it."""

    id: Id
    title: Text = None
    author: Text = None
    category: Text = None
    source: Text = None
    cover_image_url: Text = None
    source_url: Text = None
    asin: Text = None
    tags: list[OwnTag] | None = None
    document_note: Text = None


class ReviewHighlight(msgspec.Struct, gc=False):
    """A highlight in the Daily Review."""

    id: Id
    text: Text = None
    note: Text = None
    title: Text = None
    author: Text = None


class DailyReview(msgspec.Struct, gc=False):
    """The Daily Review, its highlights unread."""

    review_id: Id
    review_url: Text = None
    review_completed: Flag = None
    highlights: list[msgspec.Raw] = []


class _Envelope(msgspec.Struct, gc=False):
    results: list[msgspec.Raw]
    nextPageCursor: Any = None
    next: Any = None


class Envelope(msgspec.Struct, frozen=True):
    """A page, opened but not read. results: JSON of one thing each. after: the next page's cursor, as it came."""

    results: tuple[bytes, ...]
    after: str | int | None
    more: bool


_ENVELOPE = msgspec.json.Decoder(_Envelope)


def envelope(body: bytes) -> Envelope:
    """Open a page. Raises ValueError if it is none.

    Only the seams are looked for here, so a damaged result spoils itself alone; and one whose bytes are known
    already is never read.
    """
    try:
        page = _ENVELOPE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        page = _leniently(body)
    after = page.nextPageCursor
    if isinstance(after, bool) or not isinstance(after, (str, int)) or after == "":
        after = None
    return Envelope(tuple(bytes(raw) for raw in page.results), after, bool(page.next))


def _leniently(body: bytes) -> _Envelope:
    data = loose_json(body)
    if not isinstance(data, dict) or not isinstance(data.get("results"), list):
        raise ValueError("not a page: there are no results in it")
    results = [msgspec.Raw(json.dumps(result).encode()) for result in data["results"]]
    return _Envelope(results, data.get("nextPageCursor"), data.get("next"))
