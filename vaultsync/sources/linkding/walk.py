"""Go through a list whose rows move while it is being read, page by page.

linkding pages by offset. What is added or deleted meanwhile shifts the rows, and where several were added at the same
moment their order may be another one each time. `next` is not followed: it is made from the Host header, and names
another place if a proxy changed that. https://linkding.link/api.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from vaultsync.sources.linkding.wire import Answer, Row

LIMIT = 100
_OVERLAP = 1
_PASSES = 3
_MOST_STEPS_BACK = 5

Ask = Callable[[int, int], Answer]


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one page brought that no page before it had. is_last: the list has ended."""

    rows: tuple[Row, ...]
    is_last: bool


@dataclass(slots=True)
class Walk:
    """One list, read from its top. ask: for (offset, limit). seen: ids of all it named so far.

    Pages overlap by a row, so that rows that moved up past the seam are noticed: then the walk steps back to where it
    knows the ground. If fewer were seen than there are, it is made again; and at last all is asked for in one piece,
    which no move can come between.
    """

    ask: Ask
    seen: set[int] = field(default_factory=set)
    _nameless: int = 0
    _count: int = 0
    _is_lost: bool = False

    def stretches(self) -> Iterator[Stretch]:
        """Yield page after page to the end."""
        for number in range(_PASSES):
            for stretch in self._once(again=number > 0):
                yield stretch
                if stretch.is_last:
                    return
            if self._is_lost:
                break
        yield self._stretch(self.ask(0, self._count + LIMIT), is_end=True, whole=True)

    def _once(self, *, again: bool) -> Iterator[Stretch]:
        offset, steps_back = 0, 0
        before: set[int] = set()
        self._nameless = 0
        while True:
            page = self.ask(offset, LIMIT)
            ids = {row.id for row in page.rows if row.id is not None}
            if offset and before.isdisjoint(ids):
                steps_back += 1
                self._is_lost = steps_back > _MOST_STEPS_BACK
                if self._is_lost:
                    return
                offset = max(0, offset - LIMIT + _OVERLAP)
                continue
            before = ids
            is_end = not page.rows or offset + len(page.rows) >= page.count
            yield self._stretch(page, is_end=is_end or again)
            if is_end:
                return
            offset += len(page.rows) - _OVERLAP

    def _stretch(self, page: Answer, *, is_end: bool, whole: bool = False) -> Stretch:
        fresh = tuple(row for row in page.rows if row.id not in self.seen)
        self.seen |= {row.id for row in fresh if row.id is not None}
        self._nameless += sum(row.id is None for row in fresh)
        self._count = page.count
        named = len(self.seen) + self._nameless
        return Stretch(fresh, whole or (is_end and named >= page.count))
