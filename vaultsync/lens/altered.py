"""Find a row some literal of which its user has changed, and read the values that do not touch it. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from vaultsync.lens.cuts import CHANGED, Edge, Out, Read, read_between
from vaultsync.lens.inverse import Unread
from vaultsync.lens.lines import Head, Lines, Place, closing, place_of, run_end, text_of
from vaultsync.lens.rows import Hole, Row

_ALTERED = 2.0
_ALIKE = 0.6  # share of words and signs that makes a line the row it resembles

ALTERED = "the words beside it were changed"


def altered(number: int, heads: Mapping[int, Head], row: Row, lines: Lines, free: Iterable[int]) -> Iterator[Edge]:
    """Lines that may be this row with a literal changed."""
    for at in free:
        line = lines.texts[at]
        known = any(len(hole.text) > 3 and not hole.barred and hole.text in line for hole in row.holes)
        if not known and lines.alike(at, row) < _ALIKE:
            continue
        if not row.holes:
            yield Edge(number, at, at + 1, _ALTERED)
            continue
        start = heads.get(at, Head(0))
        end = run_end(row.tail, at, start, lines) if row.tail else at + 1
        text = text_of((at, end), start, lines)
        read = _relaxed(row, text, start.at if at in heads else None, lines.names)
        places = tuple(place_of(place, at, start, lines) for place in read.places)
        yield Edge(number, at, end, _ALTERED + read.cost, read.outs, places)


def _relaxed(row: Row, text: str, start: int | None, names: Iterable[str]) -> Read:
    """What can be read if one of the literals is not looked at: the values that do not touch it."""
    reads = []
    for gone, literal in enumerate(row.literals):
        end = len(text) if gone == len(row.holes) else closing(row.literals[-1], text, start or 0)
        begin = 0 if gone == 0 else start
        if literal.strip() and begin is not None and end is not None and end >= begin:
            read = _without(row, gone, text, (begin, end), names)
            reads += [] if read is None else [read]
    if not reads:
        outs = tuple(_found(hole, text) for hole in row.holes)
        return Read(CHANGED * len(outs), outs, ((0, 0),) * len(outs))
    best = min(reads, key=lambda read: read.cost)
    outs = tuple(
        out if all(read.outs[number] == out for read in reads) else Unread(ALTERED)
        for number, out in enumerate(best.outs)
    )
    return Read(best.cost, outs, best.places)


def _without(row: Row, gone: int, text: str, within: Place, names: Iterable[str]) -> Read | None:
    """Read a row as if the literal of this number had no fixed text."""
    touched = [number for number in (gone - 1, gone) if 0 <= number < len(row.holes)]
    first = touched[0]
    joined = Hole((), "", row.holes[first].span, barred=ALTERED)
    holes = [*row.holes[:first], joined, *row.holes[touched[-1] + 1 :]]
    between = [row.literals[number] for number in range(1, len(row.holes)) if number != gone]
    read = read_between(holes, between, text, within, names)
    if read is None:
        return None
    part = text[slice(*read.places[first])]
    outs = [*read.outs[:first], *(_found(row.holes[number], part) for number in touched), *read.outs[first + 1 :]]
    places = [*read.places[:first], *(read.places[first] for _ in touched), *read.places[first + 1 :]]
    return Read(read.cost, tuple(outs), tuple(places))


def _found(hole: Hole, text: str) -> Out:
    """The base's value if it stands there as it was, whatever is around it."""
    known = hole.text.strip()
    if not hole.barred and known and text.count(known) == 1:
        return hole.value
    return Unread(hole.barred or ALTERED)


def unread(number: int, row: Row, at: Place) -> Edge:
    """A row that has to stand there, though nothing in it can be recognised."""
    outs = tuple(Unread(hole.barred or ALTERED) for hole in row.holes)
    return Edge(number, *at, 3 * _ALTERED, outs, ((0, 0),) * len(outs))
