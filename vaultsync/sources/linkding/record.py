"""What is remembered of one bookmark: linkding's last words about it. Pure.

Stored as MessagePack arrays, field by field. Changing the order or meaning of a field means a new version of the
state, or a full export by everyone.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from vaultsync.sources.clean import clean, one_line
from vaultsync.sources.fields import utc
from vaultsync.sources.linkding import wire

KEY = "linkding:"


class KeptBookmark(msgspec.Struct, array_like=True, gc=False):
    """A bookmark with nulls as emptiness and text made clean. snapshot: in the web archive. gone: it was deleted."""

    id: int
    url: str
    title: str
    description: str
    notes: str
    tags: tuple[str, ...]
    is_archived: bool
    unread: bool
    shared: bool
    added: datetime | None
    modified: datetime | None
    website_title: str
    website_description: str
    snapshot: str
    favicon: str
    preview: str
    gone: bool = False


class _Head(msgspec.Struct, array_like=True, gc=False):
    """The beginning of it, as far as it says whose it is; what is not named here is skipped."""

    id: int


_DECODER = msgspec.msgpack.Decoder(KeptBookmark)
_HEADS = msgspec.msgpack.Decoder(_Head)
_ENCODER = msgspec.msgpack.Encoder()


def settled(bookmark: wire.Bookmark) -> KeptBookmark:
    """Turn what linkding sends into what is kept."""
    return KeptBookmark(
        id=bookmark.id,
        url=clean(bookmark.url or "").strip(),
        title=one_line(clean(bookmark.title or "")),
        description=clean(bookmark.description or ""),
        notes=clean(bookmark.notes or ""),
        tags=names(bookmark.tag_names or ()),
        is_archived=bookmark.is_archived or False,
        unread=bookmark.unread or False,
        shared=bookmark.shared or False,
        added=utc(bookmark.date_added),
        modified=utc(bookmark.date_modified),
        website_title=one_line(clean(bookmark.website_title or "")),
        website_description=clean(bookmark.website_description or ""),
        snapshot=clean(bookmark.web_archive_snapshot_url or ""),
        favicon=clean(bookmark.favicon_url or ""),
        preview=clean(bookmark.preview_image_url or ""),
    )


def names(tags: Iterable[Any]) -> tuple[str, ...]:
    """The tags that are text or numbers, each once.

    >>> names(["a", 2024, None, "a", ["b"]])
    ('a', '2024')
    """
    texts = (str(tag) for tag in tags if isinstance(tag, (str, int)) and not isinstance(tag, bool))
    return tuple(dict.fromkeys(name for text in texts if (name := one_line(clean(text)))))


def encoded(kept: KeptBookmark) -> bytes:
    """The record. The same answer twice gives the same bytes."""
    return _ENCODER.encode(kept)


def opened(record: bytes) -> KeptBookmark:
    """Read a record."""
    return _DECODER.decode(record)


def identity(record: bytes) -> str:
    """Whose a record is, without reading all of it."""
    return f"{KEY}{_HEADS.decode(record).id}"


def without(record: bytes) -> bytes:
    """The record when linkding no longer has the bookmark. What it said is kept: the note may have to stay."""
    return encoded(msgspec.structs.replace(opened(record), gone=True))
