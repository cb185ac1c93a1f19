"""An account at linkding, with verbs for what its user does in the browser; the API changes it by the same verbs."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Unpack
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from vaultsync.simulator.linkding_records import (
    Asset,
    Bookmark,
    BookmarkEdit,
    BookmarkFields,
    Bundle,
    LinkdingQuirks,
    LinkdingTag,
)
from vaultsync.simulator.times import Clock, SteppingClock

_SAVING = timedelta(microseconds=5)  # between the two times of a new bookmark


class LinkdingAccount:
    """Everything one user has at a server. bookmarks, tags, assets, bundles: by id.

    >>> account = LinkdingAccount()
    >>> tea = account.add("https://example.org/tea", tag_names=["To read", "green, black"])
    >>> account.tag_names(tea)
    ['To-read', 'black', 'green']
    """

    def __init__(self, *, clock: Clock | None = None, quirks: LinkdingQuirks | None = None) -> None:
        self.quirks = quirks or LinkdingQuirks()
        self.bookmarks: dict[int, Bookmark] = {}
        self.tags: dict[int, LinkdingTag] = {}
        self.assets: dict[int, Asset] = {}
        self.bundles: dict[int, Bundle] = {}
        self._clock = clock or SteppingClock()
        self._last = datetime(1970, 1, 1, tzinfo=UTC)
        self._ids: dict[str, int] = {}

    def now(self) -> datetime:
        """Tell the time of the next change: no two are the same."""
        self._last = max(self._clock(), self._last + timedelta(microseconds=10))
        return self._last

    def wind_to(self, when: datetime) -> None:
        """Let the next change be later than this."""
        self._last = max(when, self._last)
        if isinstance(self._clock, SteppingClock):
            self._clock.wind_to(when)

    def new_id(self, kind: str) -> int:
        """Return the next id of a kind; they are never used again."""
        self._ids[kind] = self._ids.get(kind, 0) + 1
        return self._ids[kind]

    def add(self, url: str, **fields: Unpack[BookmarkFields]) -> Bookmark:
        """Bookmark an address. date_added, date_modified: as if it had been imported."""
        given: dict[str, Any] = dict(fields)
        now = self.now()
        names = given.pop("tag_names", [])
        given.setdefault("date_added", now)
        given.setdefault("date_modified", now + _SAVING)
        bookmark = Bookmark(id=self.new_id("bookmark"), url=url, **given)
        self.bookmarks[bookmark.id] = bookmark
        self._tag(bookmark, names)
        return bookmark

    def edit(self, id_: int, **fields: Unpack[BookmarkEdit]) -> Bookmark:
        """Change a bookmark; whatever is changed, and be it nothing, moves its time. tag_names: the whole new set."""
        bookmark = self.bookmarks[id_]
        for name, value in fields.items():
            if name not in ("tag_names", "date_modified"):
                setattr(bookmark, name, value)
        self._tag(bookmark, fields.get("tag_names", self.tag_names(bookmark)))
        bookmark.date_modified = self.now()
        return bookmark

    def archive(self, id_: int, *, archived: bool = True) -> Bookmark:
        """Put a bookmark into the archive, or take it out of it."""
        bookmark = self.bookmarks[id_]
        bookmark.is_archived, bookmark.date_modified = archived, self.now()
        return bookmark

    def delete(self, id_: int) -> None:
        """Delete a bookmark with its files. Nothing is left of it."""
        del self.bookmarks[id_]
        self.assets = {key: asset for key, asset in self.assets.items() if asset.bookmark != id_}

    def keep(
        self, bookmark: int, name: str, content: bytes, content_type: str = "text/html", *, status: str = ""
    ) -> Asset:
        """Keep a file with a bookmark. status: of a snapshot that is being made ("pending") or failed ("failure")."""
        now = self.now()
        kept_as = f"upload_{now:%Y-%m-%d_%H%M%S}_{name}"
        asset = Asset(
            id=self.new_id("asset"),
            bookmark=bookmark,
            date_created=now,
            file_size=None if status else len(gzip.compress(content)) + len(kept_as) + 1,
            content_type=content_type,
            display_name=name,
            content=content,
            asset_type="snapshot" if status else "upload",
            status=status or "complete",
        )
        self.assets[asset.id] = asset
        return asset

    def rename_tag(self, name: str, new: str) -> None:
        """Rename a tag. No bookmark's time moves."""
        found = self.tag(name)
        assert found is not None, f"no tag {name}"
        found.name = new

    def delete_tag(self, id_: int) -> None:
        """Delete a tag. It goes from every bookmark, and none of their times moves."""
        del self.tags[id_]
        for bookmark in self.bookmarks.values():
            bookmark.tags = [tag for tag in bookmark.tags if tag != id_]

    def tag(self, name: str) -> LinkdingTag | None:
        """Find a tag, whatever the case of its name."""
        return next((tag for tag in self.tags.values() if tag.name.lower() == name.lower()), None)

    def made_tag(self, name: str) -> LinkdingTag:
        """Find a tag, or make it."""
        found = self.tag(name)
        if found is None:
            found = LinkdingTag(self.new_id("tag"), name, self.now())
            self.tags[found.id] = found
        return found

    def tag_names(self, bookmark: Bookmark) -> list[str]:
        """The names of a bookmark's tags, sorted as linkding does."""
        return sorted(self.tags[tag].name for tag in bookmark.tags)

    def auto_tags(self, url: str) -> list[str]:
        """The tags that rules put on bookmarks of an address."""
        return self.quirks.auto_tags.get(urlsplit(url).hostname or "", [])

    def known(self, url: str) -> Bookmark | None:
        """The bookmark of an address, however that is spelled."""
        wanted = normalized(url)
        return next((one for one in self.bookmarks.values() if normalized(one.url) == wanted), None)

    def _tag(self, bookmark: Bookmark, names: Iterable[str]) -> None:
        wanted = [*spelled(names), *self.auto_tags(bookmark.url)]
        bookmark.tags = list(dict.fromkeys(self.made_tag(name).id for name in wanted))


def spelled(names: Iterable[str]) -> list[str]:
    """Tag names as linkding keeps them: cut at commas, without blanks, each once, in the order they are made.

    >>> spelled(["Python", "to read", "a,b", "python", "  Trim  "])
    ['a', 'b', 'python', 'to-read', 'Trim']
    """
    parts = [part.strip().replace(" ", "-") for part in ",".join(names).split(",")]
    return sorted({part.lower(): part for part in parts if part}.values(), key=str.lower)


def normalized(url: str) -> str:
    """An address as duplicates are found by.

    >>> normalized("https://Example.com/Path/?b=2&a=1#frag")
    'https://example.com/Path?a=1&b=2#frag'
    """
    parts = urlsplit(url.strip())
    query = urlencode(sorted(parse_qsl(parts.query, keep_blank_values=True)))
    return urlunsplit((parts.scheme.lower(), parts.netloc.lower(), parts.path.rstrip("/"), query, parts.fragment))
