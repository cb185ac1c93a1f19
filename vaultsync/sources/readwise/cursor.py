"""Where the last fetch ended: per listing how far back to ask, and the page to go on at after an interruption. Pure.

All times are the service's own. What changes after a listing's last round has begun bears a later time than all
that was listed by then: so `since` becomes the newest time seen up to that round's first page, not the newest of
all. A full listing is followed by a round of updates, for what changed on its first pages while the last were read.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

OVERLAP = timedelta(seconds=60)  # changes become visible a little later than their time says
_MOST_EDGE = 2000


class Run(msgspec.Struct, omit_defaults=True):
    """A listing under way.

    place: the part of it being listed. page: the service's cursor of the next page, as it came. mark: the newest
    time known when it began; the round of updates goes back to it. reached: what `since` will become. newest: of
    all pages so far. count: documents listed so far.
    """

    full: bool = False
    place: str = ""
    page: str | int | None = None
    mark: datetime | None = None
    reached: datetime | None = None
    newest: datetime | None = None
    count: int = 0

    def saw(self, moment: datetime | None) -> None:
        """Take note of when something changed."""
        if moment is not None and moment.year >= 1970 and (self.newest is None or moment > self.newest):
            self.newest = moment


class Stage(msgspec.Struct, omit_defaults=True):
    """One kind of listing. asked: the options its last full listing was made with; others need a new one.

    edge: what is known to lie within the overlap, as {id: [milliseconds, deleted]}, so that asking for it again
    is not mistaken for news.
    """

    asked: str = ""
    since: datetime | None = None
    run: Run | None = None
    edge: dict[str, tuple[int, bool]] = {}

    def begin(self, asked: str, *, full: bool) -> Run:
        """Go on with the listing that was interrupted, or start one."""
        full = full or self.since is None or self.asked != asked
        if self.run is None or self.asked != asked or (full and not self.run.full):
            # Whatever was listed before stays true, so `since` remains the least that is known.
            self.run = Run(full=full, mark=self.since, newest=self.since)
            self.asked = asked
        return self.run

    def finish(self) -> None:
        """Let the next listing start where this one began its last round."""
        if self.run is not None:
            self.since = self.run.reached or self.since
        self.run = None

    def remember(self, seen: dict[str, tuple[int, bool]]) -> None:
        """Keep what lies within the overlap of the next listing."""
        upto = self.run and (self.run.reached or self.run.newest)
        if upto:
            start = milliseconds(upto - OVERLAP)
            kept = {id_: mark for id_, mark in {**self.edge, **seen}.items() if mark[0] > start}
            # More than this were made by an import; reading them twice is cheaper than remembering them all.
            self.edge = dict(sorted(kept.items())) if len(kept) <= _MOST_EDGE else {}


class Cursor(msgspec.Struct, omit_defaults=True):
    """The listings: Reader's documents, Readwise's highlights, which of its books changed, Reader's children."""

    reader: Stage = msgspec.field(default_factory=Stage)
    export: Stage = msgspec.field(default_factory=Stage)
    books: datetime | None = None
    children: Stage = msgspec.field(default_factory=Stage)

    def text(self) -> str:
        """Return it as vaultsync keeps it. The same cursor is always the same text."""
        return msgspec.json.encode(self).decode()


def read(text: str | None) -> Cursor:
    """Read a cursor; one that can't be read means starting over, which costs time and nothing else."""
    if not text:
        return Cursor()
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return Cursor()


def milliseconds(moment: datetime) -> int:
    """Return Unix time in milliseconds, which is as exact as the export is."""
    return round(moment.timestamp() * 1000)


def asked_for(moment: datetime) -> str:
    """Write a time as both services read it.

    >>> from datetime import UTC
    >>> asked_for(datetime(2026, 1, 1, tzinfo=UTC))
    '2026-01-01T00:00:00.000000Z'
    """
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


# Made here, for what a type is made of is looked up once: not while a test has another clock stand in for this one.
_decoder = msgspec.json.Decoder(Cursor)
