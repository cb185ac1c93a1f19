"""Tell what of a note is as we wrote it, so that only what lies between has to be read. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from vaultsync.lens.cuts import Out
from vaultsync.lens.lines import Place
from vaultsync.lens.rows import Base, Hole, Row


class Said(msgspec.Struct, frozen=True):
    """What one place says of a value. place: characters of the note; -1 if it has none there."""

    hole: Hole
    out: Out
    place: Place = (-1, -1)


class SameEnds(msgspec.Struct, frozen=True):
    """Rows at the beginning and at the end of some lines that are unchanged.

    low, high: numbers of the rows between them. first, last: lines of the note between them. text, start: what the
    base has there, and where. top: the note's line it begins on. moved: by how many lines its end is lower.
    """

    low: int
    high: int
    first: int
    last: int
    text: str = ""
    start: int = 0
    top: int = 0
    moved: int = 0

    @classmethod
    def none(cls, rows: int, within: tuple[int, int]) -> SameEnds:
        """All has to be read."""
        return cls(0, rows, *within)

    def lines_of(self, row: Row, number: int) -> tuple[int, int]:
        """The lines an unchanged row stands on."""
        first = self._line(row.start, number)
        return first, first + row.text.count("\n") + 1

    def unchanged(self, row: Row, number: int, starts: Sequence[int]) -> Iterator[Said]:
        """What an unchanged row says."""
        at = row.start
        for literal, hole in zip(row.literals, row.holes, strict=False):
            at += len(literal)
            end = at + len(hole.text)
            yield Said(hole, hole.value, (self._moved(at, number, starts), self._moved(end, number, starts)))
            at = end

    def _line(self, at: int, number: int) -> int:
        return self.top + self.text.count("\n", 0, at - self.start) + (self.moved if number >= self.high else 0)

    def _moved(self, at: int, number: int, starts: Sequence[int]) -> int:
        column = at - self.start - (self.text.rfind("\n", 0, at - self.start) + 1)
        return starts[self._line(at, number)] + column


def same_ends(
    base: Base, within: tuple[int, int], rows: Sequence[Row], lines: tuple[int, int], texts: Sequence[str]
) -> SameEnds:
    """Compare lines of the note with those of the base.

    within: characters of the base. rows: that stand there. lines, texts: of the note. One row more than those that
    have changed is left on either side, for it may have got more lines.
    """
    text = base.text[slice(*within)]
    known = text.split("\n")
    most = min(len(known), len(texts))
    above = next((number for number in range(most) if known[number] != texts[number]), most)
    below = next((number for number in range(most - above) if known[-1 - number] != texts[-1 - number]), most - above)
    at = [text.count("\n", 0, row.start - within[0]) for row in rows]
    ends = [line + row.text.count("\n") + 1 for line, row in zip(at, rows, strict=True)]
    if above == len(known) == len(texts):
        return SameEnds(len(rows), len(rows), lines[1], lines[1], text, within[0], lines[0])
    low = max(0, sum(end <= above for end in ends) - 1)
    high = min(len(rows), sum(line < len(known) - below for line in at) + 1)
    first = lines[0] + (ends[low - 1] if low else 0)
    # What the template prints after its last row is still there, so it is no part of a value above it.
    beneath = min(below, len(known) - ends[-1]) if ends else 0
    last = lines[1] - (len(known) - at[high] if high < len(rows) else beneath)
    return SameEnds(low, max(low, high), first, last, text, within[0], lines[0], len(texts) - len(known))
