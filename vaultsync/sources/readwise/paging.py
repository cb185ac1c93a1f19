"""Follow a service's page cursors to the end, and gather what a page brought."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TypeAlias

from vaultsync.errors import UnexpectedReply
from vaultsync.hookspecs import Piece, Problem
from vaultsync.sources.readwise.wire import Envelope

PageCursor: TypeAlias = str | int | None


@dataclass(slots=True)
class Haul:
    """What one answer brought, while it is being read."""

    pieces: list[Piece] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)
    unchanged: int = 0


def paged(ask: Callable[[PageCursor], Envelope], start: PageCursor = None) -> Iterator[Envelope]:
    """Yield page after page. start: the cursor to go on at; a service that has forgotten it is asked from the top."""
    asked: set[PageCursor] = set()
    cursor = start
    while True:
        asked.add(cursor)
        try:
            page = ask(cursor)
        except UnexpectedReply as error:
            if start is None or cursor != start or error.status not in (400, 404):
                raise
            start = cursor = None
            asked.clear()
            continue
        yield page
        if page.after is None:
            return
        if page.after in asked:
            raise UnexpectedReply(
                f"readwise: the list goes round in circles (page {page.after!r} again). What came before it is kept.",
                source="readwise",
                hint='Run "vaultsync export" again later.',
            )
        cursor = page.after


def digest(raw: bytes) -> bytes:
    """Return what a result is known by without being read."""
    # Most processors have instructions for it; it is half of what a full listing without news does.
    return sha256(raw).digest()[:16]
