"""Where the last fetch ended: of each list how far back to ask, and which one an interrupted sweep was at. Pure.

All times are linkding's own. What changes after a list's first page was answered bears a later time than all that page
says: so `since` becomes the newest time on it, not the newest of all.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from vaultsync.sources.linkding.wire import Row

OVERLAP = timedelta(seconds=60)  # an import is visible when it is done, with times from while it ran
_MOST_EDGE = 2000
PLACES = ("bookmarks", "archived")


class Stage(msgspec.Struct, omit_defaults=True):
    """One list. since: changes later than this are asked for.

    edge: what is known to lie within the overlap, as {id: microseconds}, so that asking for it again is not mistaken
    for news.
    """

    since: datetime | None = None
    edge: dict[str, int] = {}

    @property
    def asked(self) -> datetime | None:
        """What the list is asked for changes after."""
        return self.since and self.since - OVERLAP

    def reach(self, rows: Iterable[Row], now: datetime) -> None:
        """Move on to the newest time of a list's first page; times yet to come are no times of changes."""
        moments = [row.modified for row in rows if row.modified and row.modified.year >= 1970 and row.modified <= now]
        self.since = max([*moments, *([self.since] if self.since else [])], default=None)

    def is_known(self, row: Row) -> bool:
        """Whether an earlier fetch told of the bookmark as it is."""
        return row.modified is not None and self.edge.get(str(row.id)) == microseconds(row.modified)

    def remember(self, rows: Iterable[Row]) -> None:
        """Keep what lies within the overlap of the next fetch."""
        seen = {str(row.id): microseconds(row.modified) for row in rows if row.modified}
        start = microseconds(self.asked) if self.asked else 0
        kept = {id_: when for id_, when in {**self.edge, **seen}.items() if when > start}
        # More than this were made by an import; reading them twice is cheaper than remembering them all.
        self.edge = dict(sorted(kept.items())) if len(kept) <= _MOST_EDGE else {}


class Sweep(msgspec.Struct, omit_defaults=True):
    """A complete listing under way. place: the list it is at. count: of bookmarks in the lists before."""

    place: str
    count: int = 0


class Cursor(msgspec.Struct, omit_defaults=True):
    """Both lists. was_swept: they have been listed completely, or are being."""

    was_swept: bool = False
    sweep: Sweep | None = None
    bookmarks: Stage = msgspec.field(default_factory=Stage)
    archived: Stage = msgspec.field(default_factory=Stage)

    def begin(self, *, full: bool) -> None:
        """Start a sweep if one is due, or go on with one that was interrupted."""
        if self.sweep is None and (full or not self.was_swept):
            self.sweep = Sweep(PLACES[0])
        self.was_swept = True

    def stage(self, place: str) -> Stage:
        """The list at a place."""
        return self.archived if place == "archived" else self.bookmarks

    def text(self) -> str:
        """Return it as vaultsync keeps it. The same cursor is always the same text."""
        return msgspec.json.encode(self).decode()


def read(text: str | None) -> Cursor:
    """Read a cursor; one that can't be read means starting over, which costs time and nothing else."""
    if not text:
        return Cursor()
    try:
        return msgspec.json.decode(text, type=Cursor)
    except (msgspec.DecodeError, UnicodeError):
        return Cursor()


def microseconds(moment: datetime) -> int:
    """Return Unix time in microseconds, which is as exact as linkding is."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def asked_for(moment: datetime) -> str:
    """Write a time as linkding reads it; a "+" in it would have to be encoded, or everything comes.

    >>> asked_for(datetime(2026, 1, 1, tzinfo=UTC))
    '2026-01-01T00:00:00.000000Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
