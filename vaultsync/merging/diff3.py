"""Merge three versions of a list of lines: base, ours, theirs. No I/O.

Lines are any values that compare equal or not. Where both sides changed the same lines, or lines next to each other,
in different ways, ours stay and theirs are told as a conflict. `woven` is for those who know that changes that only
touch each other do not disturb each other.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

import msgspec


class Match(NamedTuple):
    """`length` lines that are equal, from line `a` of one text and from line `b` of the other."""

    a: int
    b: int
    length: int


class Chunk(NamedTuple):
    """A stretch of lines in all three texts, as half-open ranges. stable: equal in all three."""

    stable: bool
    base: slice
    ours: slice
    theirs: slice


class LineConflict(msgspec.Struct, frozen=True):
    """Lines both sides changed. at: where ours begin in the merged lines."""

    at: int
    ours: tuple[str, ...]
    theirs: tuple[str, ...]


class Merged(msgspec.Struct, frozen=True):
    """The lines of a merge, with ours where it could not be made, and what theirs would have been there."""

    lines: tuple[str, ...]
    conflicts: tuple[LineConflict, ...] = ()


def merge_lines(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> Merged:
    """Both sides' changes in one text.

    >>> merge_lines("abc", "aBc", "abcd")
    Merged(lines=('a', 'B', 'c', 'd'), conflicts=())
    >>> merge_lines("abc", "aBc", "axc").conflicts
    (LineConflict(at=1, ours=('B',), theirs=('x',)),)
    """
    out: list[str] = []
    conflicts: list[LineConflict] = []
    for _, b, o, t in chunks(base, ours, theirs):
        was, mine, new = base[b], ours[o], theirs[t]
        if new not in (mine, was) and mine != was:
            conflicts.append(LineConflict(len(out), tuple(mine), tuple(new)))
        out += new if mine == was else mine
    return Merged(tuple(out), tuple(conflicts))


def chunks(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> Iterator[Chunk]:
    """Cut three texts where lines are equal in all of them; stable chunks and others in turn, none of them empty."""
    b = o = t = 0
    for begin, at_ours, at_theirs, length in _common(matches(base, ours), matches(base, theirs)):
        if (b, o, t) != (begin, at_ours, at_theirs):
            yield Chunk(False, slice(b, begin), slice(o, at_ours), slice(t, at_theirs))
        b, o, t = begin + length, at_ours + length, at_theirs + length
        yield Chunk(True, slice(begin, b), slice(at_ours, o), slice(at_theirs, t))
    if (b, o, t) != (len(base), len(ours), len(theirs)):
        yield Chunk(False, slice(b, len(base)), slice(o, len(ours)), slice(t, len(theirs)))


def _common(ours: Sequence[Match], theirs: Sequence[Match]) -> Iterator[tuple[int, int, int, int]]:
    """Where base lines are matched on both sides: begin in base, in ours, in theirs, and how many lines."""
    i = j = 0
    while i < len(ours) and j < len(theirs):
        mine, other = ours[i], theirs[j]
        begin, end = max(mine.a, other.a), min(mine.a + mine.length, other.a + other.length)
        if begin < end:
            yield begin, mine.b + begin - mine.a, other.b + begin - other.a, end - begin
        if mine.a + mine.length < other.a + other.length:
            i += 1
        else:
            j += 1


def matches(a: Sequence[str], b: Sequence[str]) -> list[Match]:
    """Lines of one text that are lines of the other, in order: ends first, then lines that are unique, then the rest.

    >>> matches("abcd", "abxd")
    [Match(a=0, b=0, length=2), Match(a=3, b=3, length=1)]
    """
    found: list[Match] = []
    for match in _matched(a, b, (0, len(a), 0, len(b))):
        last = found[-1] if found else None
        if last and (last.a + last.length, last.b + last.length) == (match.a, match.b):
            found[-1] = Match(last.a, last.b, last.length + match.length)
        else:
            found.append(match)
    return found


_Window = tuple[int, int, int, int]


def _matched(a: Sequence[str], b: Sequence[str], window: _Window) -> Iterator[Match]:
    """Matches within a[alo:ahi] and b[blo:bhi], in order."""
    alo, ahi, blo, bhi = window
    head = _shared(a, b, window)
    alo, blo = alo + head, blo + head
    tail = 0
    while alo < ahi - tail and blo < bhi - tail and a[ahi - tail - 1] == b[bhi - tail - 1]:
        tail += 1
    if head:
        yield Match(alo - head, blo - head, head)
    yield from _inside(a, b, (alo, ahi - tail, blo, bhi - tail))
    if tail:
        yield Match(ahi - tail, bhi - tail, tail)


def _shared(a: Sequence[str], b: Sequence[str], window: _Window) -> int:
    """How many lines two windows have in common at their beginnings."""
    alo, ahi, blo, bhi = window
    length = 0
    while alo + length < ahi and blo + length < bhi and a[alo + length] == b[blo + length]:
        length += 1
    return length


def _inside(a: Sequence[str], b: Sequence[str], window: _Window) -> Iterator[Match]:
    """Matches of windows whose ends differ."""
    alo, ahi, blo, bhi = window
    if alo == ahi or blo == bhi:
        return
    pairs = _anchors(a, b, window)
    if not pairs:
        for at, to, size in SequenceMatcher(None, a[alo:ahi], b[blo:bhi], autojunk=False).get_matching_blocks()[:-1]:
            yield Match(alo + at, blo + to, size)
        return
    for i, j in pairs:
        if i >= alo and j >= blo:  # else it is part of the run before
            yield from _matched(a, b, (alo, i, blo, j))
            length = _shared(a, b, (i, ahi, j, bhi))
            yield Match(i, j, length)
            alo, blo = i + length, j + length
    yield from _matched(a, b, (alo, ahi, blo, bhi))


def _anchors(a: Sequence[str], b: Sequence[str], window: _Window) -> list[tuple[int, int]]:
    """Lines that stand once in either window: the longest run of them in the same order in both (patience)."""
    alo, ahi, blo, bhi = window
    once = {line for line, count in Counter(a[alo:ahi]).items() if count == 1}
    where = {line: j for j, line in enumerate(b[blo:bhi], blo) if line in once}
    once &= {line for line, count in Counter(b[blo:bhi]).items() if count == 1}
    return _rising([(i, where[line]) for i, line in enumerate(a[alo:ahi], alo) if line in once])


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest subsequence whose second numbers rise, too."""
    tops: list[int] = []  # of each pile, the number of the pair on top
    heights: list[int] = []  # and its second number
    before: list[int | None] = []
    for number, (_, j) in enumerate(pairs):
        pile = bisect_left(heights, j)
        before.append(tops[pile - 1] if pile else None)
        tops[pile : pile + 1], heights[pile : pile + 1] = [number], [j]
    run: list[tuple[int, int]] = []
    at = tops[-1] if tops else None
    while at is not None:
        run.append(pairs[at])
        at = before[at]
    return run[::-1]


class _Change(NamedTuple):
    """Lines begin:end of base replaced by others."""

    begin: int
    end: int
    lines: tuple[str, ...]


def _changes(base: Sequence[str], other: Sequence[str]) -> list[_Change]:
    found = []
    i = j = 0
    for match in (*matches(base, other), Match(len(base), len(other), 0)):
        if (i, j) != (match.a, match.b):
            found.append(_Change(i, match.a, tuple(other[j : match.b])))
        i, j = match.a + match.length, match.b + match.length
    return found


def woven(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> tuple[str, ...] | None:
    """Both sides' changes where they touch but nowhere overlap; ours come first. None if they overlap.

    What both sides add must be different lines: a line added twice is more likely one that both moved.

    >>> woven("ab", ["a", "mine", "b"], ["A", "b"])
    ('A', 'mine', 'b')
    """
    mine, other = _changes(base, ours), _changes(base, theirs)
    added = {line for change in mine for line in change.lines if line.strip()}
    if any(line in added for change in other for line in change.lines):
        return None
    if any(max(one.begin, two.begin) < min(one.end, two.end) or _within(one, two) for one in mine for two in other):
        return None
    out: list[str] = []
    at = 0
    # An addition stands before the change of the line it was put in front of; of two additions, ours is first.
    for change in sorted((*mine, *other), key=lambda change: (change.begin, change.end > change.begin)):
        out += [*base[at : change.begin], *change.lines]
        at = change.end
    return (*out, *base[at:])


def _within(one: _Change, two: _Change) -> bool:
    """Whether one adds lines in the middle of what the other replaces."""
    return one.begin < two.begin == two.end < one.end or two.begin < one.begin == one.end < two.end
