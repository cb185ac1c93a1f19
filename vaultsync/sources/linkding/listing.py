"""List bookmarks: all of them, or what changed. https://linkding.link/api.

linkding has two lists, of what is archived and of what is not, and no tombstones; changes of tags (renamed, merged,
deleted) and imports need not show in `modified_since`. Before 1.41 it does not know that parameter and sends
everything: what did not change since is left unread then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial

from vaultsync.hookspecs import Fetch, Listing, Page, Piece, Problem
from vaultsync.sources.haul import Haul, digest
from vaultsync.sources.linkding import record, wire
from vaultsync.sources.linkding.cursor import PLACES, Cursor, Stage, Sweep, asked_for
from vaultsync.sources.linkding.service import Service
from vaultsync.sources.linkding.walk import Walk
from vaultsync.sources.linkding.wire import Row

Known = Callable[[bytes, Row], bool]


class Lists:
    """Both lists."""

    def __init__(self, service: Service, now: Callable[[], datetime]) -> None:
        self._service = service
        self._now = now

    def pages(self, fetch: Fetch, cursor: Cursor) -> Iterator[Page]:
        """List everything or what changed, moving the cursor along. The last page of a sweep says that it is one."""
        cursor.begin(full=fetch.full)
        # An interrupted list is begun again: nobody was looking while its rows moved.
        start = PLACES.index(cursor.sweep.place) if cursor.sweep else 0
        for place in PLACES[start:]:
            yield from self._list(place, fetch, cursor)

    def only(self, keys: tuple[str, ...], fetch: Fetch) -> Iterator[Page]:
        """Ask for single bookmarks; the cursor stays as it was given."""
        for key in keys:
            told = self._service.bookmark(key.removeprefix(record.KEY))
            pieces = () if told is None else (_piece(told, None),)
            yield Page(pieces, fetch.cursor or "", label="bookmarks")

    def _list(self, place: str, fetch: Fetch, cursor: Cursor) -> Iterator[Page]:
        stage, sweep = cursor.stage(place), cursor.sweep
        asked = None if sweep else stage.asked
        count = sweep.count if sweep else 0
        now, is_first = self._now(), True
        walk = Walk(partial(self._service.listed, place, asked_for(asked) if asked else None))
        for stretch in walk.stretches():
            changed = [row for row in stretch.rows if _is_later(row, asked)]
            haul = _haul(changed, partial(_is_known, fetch, None if sweep else stage))
            haul.unchanged += len(stretch.rows) - len(changed)
            if is_first:
                reached, is_first = Stage(stage.since, stage.edge), False
                reached.reach(changed, now)
            reached.remember(changed)
            listing = None
            if stretch.is_last:
                stage.since, stage.edge = reached.since, reached.edge
                listing = _ended(place, cursor, count + len(walk.seen))
            listed = _keys(stretch.rows) if sweep else ()
            yield _page(haul, cursor.text(), listed=listed, listing=listing, done=count + len(walk.seen))


def _ended(place: str, cursor: Cursor, count: int) -> Listing | None:
    """Go on to the next list of a sweep, or end it."""
    if cursor.sweep is None:
        return None
    following = PLACES[PLACES.index(place) + 1 :]
    cursor.sweep = Sweep(following[0], count) if following else None
    return None if following else Listing(prefix=record.KEY, count=count, names_all=True)


def _is_later(row: Row, asked: datetime | None) -> bool:
    """Whether a row is among what was asked for; of what has no time that can't be told."""
    return asked is None or row.modified is None or row.modified > asked


def _is_known(fetch: Fetch, stage: Stage | None, known_by: bytes, row: Row) -> bool:
    return known_by in fetch.known or (stage is not None and stage.is_known(row))


def _haul(rows: list[Row], is_known: Known) -> Haul:
    """Read rows, but for those that are known as they are."""
    haul = Haul()
    for row in rows:
        haul.problems += row.problems
        if row.id is None:
            continue
        known_by = digest(row.raw)
        if is_known(known_by, row):
            haul.unchanged += 1
            continue
        bookmark, problems = wire.bookmark(row.raw)
        haul.problems += problems
        if bookmark is not None:
            haul.pieces.append(_piece(bookmark, known_by))
    return haul


def _piece(bookmark: wire.Bookmark, known_by: bytes | None) -> Piece:
    return Piece(f"{record.KEY}{bookmark.id}", known_by, record.settled(bookmark))


def _keys(rows: tuple[Row, ...]) -> tuple[str, ...]:
    return tuple(f"{record.KEY}{row.id}" for row in rows if row.id is not None)


def _page(haul: Haul, cursor: str, *, listed: tuple[str, ...], listing: Listing | None, done: int) -> Page:
    problems: tuple[Problem, ...] = tuple(haul.problems)
    return Page(
        pieces=tuple(haul.pieces),
        cursor=cursor,
        listed=listed,
        listing=listing,
        unchanged=haul.unchanged,
        problems=problems,
        label="bookmarks",
        done=done,
    )
