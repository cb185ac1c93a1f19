"""Follow a service's page cursors to the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from vaultsync.errors import UnexpectedReply
from vaultsync.sources.readwise.wire import Envelope

PageCursor: TypeAlias = str | int | None


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
                hint="The next run tries again.",
            )
        cursor = page.after
