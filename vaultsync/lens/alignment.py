"""Lay the rows of a block over lines of an edited note, and believe only what every good way of doing so says. No I/O.

A way is a choice of lines for some of the rows, in order. It costs something for each value that changed, each row
that is not there and each line of the user's inside the block. Those near the cheapest one are asked for each value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

import msgspec

from vaultsync.lens.cuts import AMBIGUOUS, MARGIN, Edge, Out
from vaultsync.lens.inverse import Unread
from vaultsync.lens.lines import Lines
from vaultsync.lens.matching import edges
from vaultsync.lens.rows import Row, words_of

_LOST_SIGNS, _LOST_WORDS, _LOST_VALUE = 2.0, 4.0, 5.0
_PROSE, _MORE_PROSE = 0.5, 0.05
_SPLIT_QUOTE = 1.0  # lines of one quote that are not one's own and the template's by turns
_LEFT_QUOTE = 4.0  # a row of the template's quote that stands in another one: as likely as not, that is one's own
_NEVER = float("inf")

LOST = "its line is not in the block any more"


class Aligned(msgspec.Struct, frozen=True):
    """How rows lie over lines. edges: of the best way, by row. outs: of each row's holes, in the rows' order."""

    edges: dict[int, Edge]
    outs: tuple[tuple[Out, ...], ...]


def aligned(tail: Sequence[Row], head: Sequence[Row], lines: Lines, *, pinned: bool) -> Aligned:
    """Rows of the block above and of the block below, over the lines between their anchors.

    pinned: the last of the rows is the one with the anchor below, on the last of the lines.
    """
    rows = (*tail, *head)
    found = edges(rows, lines, pinned=pinned)
    best, near, lost = _Ways(rows, len(tail), lines, found, pinned=pinned).best()
    for number, edge in best.items():
        if any(literal.strip() for literal in rows[number].literals):  # else any empty line is such a place
            near[number] += _emptied(found, edge, is_above=number < len(tail))
    outs = tuple(_agreed(row, best.get(number), near[number], number in lost) for number, row in enumerate(rows))
    return Aligned(best, outs)


def _emptied(found: Sequence[Edge], taken: Edge, *, is_above: bool) -> Iterator[Edge]:
    """Empty places of a row between its block's anchor and the line taken for it, which may be another block's.

    is_above: the anchor is.
    """
    for edge in found:
        is_nearer = edge.end <= taken.start if is_above else edge.start >= taken.end
        if edge.row == taken.row and is_nearer and edge.outs and not any(edge.outs):
            yield edge


def _agreed(row: Row, best: Edge | None, near: Sequence[Edge], lost: bool) -> tuple[Out, ...]:
    """What all good ways say of each of a row's values."""
    if best is None:
        return (Unread(LOST),) * len(row.holes)
    said = [edge.outs for edge in near]
    return tuple(
        out if not lost and all(outs[number] == out for outs in said) else _first_unread(out)
        for number, out in enumerate(best.outs)
    )


def _first_unread(out: Out) -> Out:
    return out if isinstance(out, Unread) else Unread(AMBIGUOUS)


class _Ways:
    """All ways through the edges, from before the first row to after the last."""

    def __init__(self, rows: Sequence[Row], seam: int, lines: Lines, found: Sequence[Edge], *, pinned: bool) -> None:
        self._rows, self._seam = rows, seam
        self._lost = [0.0, *accumulate(map(_lost_cost, rows))]
        self._quoted = [text.lstrip().startswith(">") for text in lines.texts]
        self._inside = [False, *(_is_inside(one, other) for one, other in pairwise(rows))]
        self._prose = [0, *accumulate(1 if text.strip() else 0 for text in lines.texts)]
        start = Edge(-1, 0, 0, 0.0)
        ordered = sorted(found, key=lambda edge: (edge.end, edge.row))
        if pinned:
            ends = [edge for edge in ordered if edge.row == len(rows) - 1]
            self._edges = [start, *(edge for edge in ordered if edge.row < len(rows) - 1), *ends]
            self._ends = len(ends)
        else:
            count = len(lines.texts)
            self._edges = [start, *ordered, Edge(len(rows), count, count, 0.0)]
            self._ends = 1

    def best(self) -> tuple[dict[int, Edge], list[list[Edge]], set[int]]:
        """The cheapest way by row, the edges of all ways near it by row, and the rows one of those does without."""
        count = len(self._edges)
        before = [0.0] + [_NEVER] * (count - 1)
        came = [0] * count
        steps = list(self._steps())
        for one, other, cost in steps:
            total = before[one] + cost + self._edges[other].cost
            if total < before[other]:
                before[other], came[other] = total, one
        after = [_NEVER] * (count - self._ends) + [0.0] * self._ends
        for one, other, cost in reversed(steps):
            after[one] = min(after[one], cost + self._edges[other].cost + after[other])
        last = min(range(count - self._ends, count), key=before.__getitem__)
        most = before[last] + MARGIN
        near: list[list[Edge]] = [[] for _ in self._rows]
        for place, edge in enumerate(self._edges):
            if 0 <= edge.row < len(self._rows) and before[place] + after[place] <= most:
                near[edge.row].append(edge)
        lost: set[int] = set()
        for one, other, cost in steps:
            if before[one] + cost + self._edges[other].cost + after[other] <= most:
                lost.update(range(self._edges[one].row + 1, self._edges[other].row))
        return self._way(came, last), near, lost

    def _way(self, came: Sequence[int], last: int) -> dict[int, Edge]:
        way: dict[int, Edge] = {}
        while last:
            if self._edges[last].row < len(self._rows):
                way[self._edges[last].row] = self._edges[last]
            last = came[last]
        return way

    def _steps(self) -> Iterator[tuple[int, int, float]]:
        """From each edge to each that can follow it, and what lies between costs; in order of where they lead."""
        for other, to in enumerate(self._edges):
            for one in range(other):
                cost = self._between(self._edges[one], to)
                if cost < _NEVER:
                    yield one, other, cost

    def _leaves_quote(self, one: Edge, other: Edge) -> bool:
        """Whether two rows of the same quote would stand in two."""
        adjoining = one.row + 1 == other.row < len(self._rows) and self._inside[other.row]
        return adjoining and not all(self._quoted[one.end : other.start])

    def _between(self, one: Edge, other: Edge) -> float:
        if other.row <= one.row or other.start < one.end:
            return _NEVER
        lost = self._lost[other.row] - self._lost[one.row + 1]
        if other.start == one.end:
            return lost
        if one.tight or other.loose:
            return _NEVER
        prose = self._prose[other.start] - self._prose[one.end]
        if other.row < len(self._rows) and self._quoted[other.start] and self._quoted[other.start - 1]:
            lost += _SPLIT_QUOTE
        if self._leaves_quote(one, other):
            lost += _LEFT_QUOTE
        if not prose or (one.row < self._seam <= other.row):
            return lost
        return lost + _PROSE + _MORE_PROSE * (prose - 1)


def _is_inside(one: Row, other: Row) -> bool:
    """Whether a row stands in the same quote as the one before it, on the next line."""
    follows = other.start == one.start + len(one.text) + 1
    return follows and other.text.startswith(">") and one.text.rpartition("\n")[2].startswith(">")


def _lost_cost(row: Row) -> float:
    values = sum(not hole.barred for hole in row.holes)
    return _LOST_VALUE * values or (
        _LOST_WORDS if any(word[0].isalnum() for word in words_of(row.text)) else _LOST_SIGNS
    )
