"""What an account at linkding holds: bookmarks, tags, files, bundles. Plain data, by linkding's own names.

Times are aware and UTC.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

import msgspec


class LinkdingTag(msgspec.Struct):
    """A tag of the account; bookmarks have it by its id."""

    id: int
    name: str
    date_added: datetime


class Bookmark(msgspec.Struct, kw_only=True):
    """A bookmark. tags: their ids. website_title and website_description: filled before 1.35, null since."""

    id: int
    url: str
    date_added: datetime
    date_modified: datetime
    title: str = ""
    description: str = ""
    notes: str = ""
    web_archive_snapshot_url: str = ""
    favicon_url: str | None = None
    preview_image_url: str | None = None
    is_archived: bool = False
    unread: bool = False
    shared: bool = False
    tags: list[int] = []
    website_title: str | None = None
    website_description: str | None = None


class Asset(msgspec.Struct, kw_only=True):
    """A file kept with a bookmark. file_size: of the compressed file, None while there is none."""

    id: int
    bookmark: int
    date_created: datetime
    file_size: int | None
    content_type: str
    display_name: str
    content: bytes
    asset_type: str = "upload"
    status: str = "complete"


class Bundle(msgspec.Struct, kw_only=True):
    """A search that is kept."""

    id: int
    name: str
    date_created: datetime
    date_modified: datetime
    search: str = ""
    any_tags: str = ""
    all_tags: str = ""
    excluded_tags: str = ""
    filter_unread: str = "off"
    filter_shared: str = "off"
    order: int = 0


class BookmarkFields(TypedDict, total=False):
    """What may be said of a bookmark when it is added. tag_names: as typed; the account has its own spelling."""

    title: str
    description: str
    notes: str
    is_archived: bool
    unread: bool
    shared: bool
    tag_names: list[str]
    date_added: datetime
    date_modified: datetime
    favicon_url: str | None
    preview_image_url: str | None
    web_archive_snapshot_url: str
    website_title: str | None
    website_description: str | None


class BookmarkEdit(BookmarkFields, total=False):
    """What may be changed of a bookmark."""

    url: str


class LinkdingQuirks(msgspec.Struct):
    """How this server differs from others; switches, so that a client can be tried with all of them.

    version: of linkding; before 1.41 `modified_since` is ignored. path: the context path it is at, "" or "/links".
    host: what a proxy in front of it passes on as Host, "" if the client's. auto_tags: tags that rules put on all
    bookmarks of a host. web: title and description of the pages it can load. shuffled: bookmarks added at the same
    moment come in another order every time, as with some databases. development: its settings are those of a
    developer, where a change sent to an address without its last slash ends in a 500 instead of a redirect.
    """

    version: str = "1.46.2"
    path: str = ""
    host: str = ""
    auto_tags: dict[str, list[str]] = {}
    web: dict[str, tuple[str, str]] = {}
    shuffled: bool = False
    development: bool = False

    @property
    def knows_changes(self) -> bool:
        """Whether it can list what changed since some time."""
        major, minor, *_ = (int(number) for number in self.version.split("."))
        return (major, minor) >= (1, 41)
