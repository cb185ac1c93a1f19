"""Find the ways in which the rows of a block can be read from lines of an edited note. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import msgspec

from vaultsync.lens.altered import altered, unread
from vaultsync.lens.cuts import AMBIGUOUS, CHANGED, OPEN_ENDED, Edge, read_between
from vaultsync.lens.inverse import Unread
from vaultsync.lens.lines import (
    Head,
    Lines,
    Place,
    as_in_base,
    closing,
    head,
    is_quoted,
    place_of,
    run_end,
    text_of,
)
from vaultsync.lens.rows import Row, continues

_MOST_LINES = 30  # of a value that only a literal ends
_MOST_EDGES = 60  # of a row; one with more of them is as good as without literals
_DEEP = 5  # lines


def edges(rows: Sequence[Row], lines: Lines, *, pinned: bool) -> list[Edge]:
    """All ways to read the rows. pinned: the last row holds an anchor, and ends with the last line."""
    count, last = len(lines.texts), len(rows) - 1
    heads = [{at: start for at in range(count) if (start := head(row, lines.texts[at]))} for row in rows]
    texts = {row.text for row in rows}
    free = [at for at in range(count) if lines.texts[at].strip() and lines.texts[at].rstrip() not in texts]
    found: list[Edge] = []
    for number, row in enumerate(rows):
        ending = range(count, count + 1) if pinned and number == last else range(count + 1 - pinned)
        strict = _few(_strict(number, heads, row, lines, ending), row)
        found += strict
        if min((edge.cost for edge in strict), default=CHANGED) >= CHANGED:
            whole = {edge.start for edge in strict}
            others = [at for at in free if at + 1 in ending and at not in whole]
            found += altered(number, heads[number], row, lines, others)
        if pinned and number == last and (not found or found[-1].row != last):
            found.append(unread(number, row, (count - 1, count)))
    return found


def _strict(number: int, heads: Sequence[Mapping[int, Head]], row: Row, lines: Lines, ending: range) -> list[Edge]:
    """The ways to read a row whose literals are all there."""
    found: list[Edge] = []
    others = {at + 1 for other in (*heads[:number], *heads[number + 1 :]) for at in other}
    opening, in_a_row = row.text.split("\n")[0], 0
    for at, start in heads[number].items():
        loose = _is_loose(row, at, start, lines)
        in_a_row = in_a_row + 1 if loose else 0
        # Deep inside a quote no value begins, unless something in it says so.
        if in_a_row > _DEEP and at not in others and lines.texts[at] != opening:
            continue
        if len(found) > 2 * _MOST_EDGES:
            break
        for end, tight in _ends(row, at, start, lines, heads[number + 1 :]):
            edge = _edge(number, row, (at, end), start, lines) if end in ending else None
            if edge is not None:
                found.append(msgspec.structs.replace(edge, tight=tight, loose=loose))
    return found


def _few(found: list[Edge], row: Row) -> list[Edge]:
    """So many ways that a change could be anywhere are cut down to some, and none of those is believed."""
    if len(found) <= _MOST_EDGES:
        return found
    known = [hole.value for hole in row.holes]
    best = sorted(found, key=lambda edge: edge.cost)[:_MOST_EDGES]
    return [
        msgspec.structs.replace(
            edge,
            outs=tuple(
                out if out == value else Unread(AMBIGUOUS) for out, value in zip(edge.outs, known, strict=False)
            ),
        )
        for edge in best
    ]


def _is_loose(row: Row, at: int, start: Head, lines: Lines) -> bool:
    """Whether the line before looks like part of the value the row begins with."""
    if not at or row.literals[0] or not row.holes or not is_quoted(row.holes[0]):
        return False
    return continues(row.holes[0].span.via, as_in_base(lines.texts[at - 1], start)) == "yes"


def _ends(
    row: Row, at: int, start: Head, lines: Lines, later: Sequence[Mapping[int, Head]]
) -> Iterator[tuple[int, bool]]:
    """Where the row may end, and whether the line there looks like more of it."""
    own = row.text.count("\n") + 1
    if row.tail is not None:
        full = run_end(row.tail, at, start, lines)
        split = (end for end in range(at + 1, full) if any(end in heads for heads in later))
        yield from ((end, True) for end in islice(split, _MOST_EDGES + 1))
        yield full, False
    elif any(not hole.is_one_line for hole in row.holes) and (last := row.literals[-1].strip()):
        most = 1 if own == 1 and last in lines.texts[at] else max(own, _MOST_LINES)
        for end in range(at + 1, min(at + most, len(lines.texts)) + 1):
            if last in lines.texts[end - 1]:
                yield end, False
    else:
        yield from ((end, False) for end in {at + 1, at + own} if end <= len(lines.texts))


def _edge(number: int, row: Row, at: Place, start: Head, lines: Lines) -> Edge | None:
    """How the row reads from these lines, None if it does not."""
    text = text_of(at, start, lines)
    if not row.holes:
        return Edge(number, *at, start.cost)
    end = closing(row.literals[-1], text, start.at)
    if end is None:
        return None
    read = read_between(row.holes, row.literals[1:-1], text, (start.at, end), lines.names)
    if read is None:
        return None
    places = tuple(place_of(place, at[0], start, lines) for place in read.places)
    outs = read.outs
    if start.boxed and outs[0] != row.holes[0].value:
        outs = (Unread(AMBIGUOUS), *outs[1:])
    if _is_open_ended(row) and outs[-1] != row.holes[-1].value:
        outs = (*outs[:-1], Unread(OPEN_ENDED))
    return Edge(number, *at, start.cost + read.cost, outs, places)


def _is_open_ended(row: Row) -> bool:
    """Whether the row ends with several lines of a value that nothing marks as its own."""
    return not row.literals[-1].strip() and "\n" in row.holes[-1].text and not row.holes[-1].is_prefixed
