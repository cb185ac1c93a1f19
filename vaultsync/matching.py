"""Find the ways in which one row of a block can be read from lines of an edited note. No I/O.

A row is recognised by its literals. Blanks at their ends, indentation, the sign of a list item and a task box are
decoration; any other change to a literal costs the values beside it their reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from vaultsync.inverse import Unread, Value, read_back, same_text
from vaultsync.rows import Hole, Row, continues, words_of

_START = re.compile(r"([ \t]*)([-*+](?:[ \t]+|$))?(\[[^\]\n]\][ \t]+)?")
_BOX = re.compile(r"\[[^\]\n]\](?:[ \t]+|$)")
_DECORATED = 0.25
_SET, _CHANGED, _UNREADABLE, _BARRED, _LINES, _ALTERED = 0.5, 1.5, 2.0, 2.0, 1.0, 2.0
_CLEARED = 3.5  # more than to take a line of the template for it, when the value's own line is gone
MARGIN = 0.9  # readings that cost this little more than the best one count as equally good
_MOST_LINES = 30  # of a value that only a literal ends
_MOST_CUTS = 64
_ALIKE = 0.6

AMBIGUOUS = "it can be read in more than one way"
ALTERED = "the words beside it were changed"
OPEN_ENDED = "it has several lines, and nothing in the template marks them as its own"

Out = Value | Unread
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Head:
    """Where the first literal of a row ends on a line. was, now: indentation in the base and in the note.

    boxed: after a task box that could also be the beginning of a value.
    """

    at: int
    cost: float = 0.0
    was: str = ""
    now: str = ""
    boxed: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """One way to read a row. row: its number. start, end: lines. outs, places: of its holes; characters of the note.

    tight: the line after it carries the mark of its last value, so no text of the user's can follow. loose: the
    line before it carries the mark of its first value, so none can stand there.
    """

    row: int
    start: int
    end: int
    cost: float
    outs: tuple[Out, ...] = ()
    places: tuple[Place, ...] = ()
    tight: bool = False
    loose: bool = False


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of an edited note. starts: of each, in characters. names: tags by their names at the service."""

    texts: list[str]
    starts: list[int]
    names: tuple[str, ...] = ()

    def alike(self, line: int, row: Row) -> float:
        """How many words and signs a line shares with a row, from 0 to 1."""
        ours, base = words_of(self.texts[line]), words_of(row.text)
        return 2 * len(ours & base) / ((len(ours) + len(base)) or 1)


def head(row: Row, line: str) -> Head | None:
    """Where the row's first literal ends on the line, None if it does not begin with it."""
    literal = row.literals[0]
    if not literal and row.holes:
        return _valued_head(row.holes[0], line)
    at = _past(literal, line, 0)
    if at is not None:
        return Head(at) if not row.holes else _unboxed(row, line, Head(at))
    base, ours = _START.match(literal), _START.match(line)
    if base is None or ours is None or bool(base[2]) != bool(ours[2]) or not (base[2] or literal.strip()):
        return None
    at = _past(literal[base.end() :], line, ours.end() if base[2] else ours.end(1))
    return None if at is None else _unboxed(row, line, Head(at, _DECORATED, base[1], ours[1]))


def _unboxed(row: Row, line: str, start: Head) -> Head:
    """The head with a task box taken in, if the item begins with a value that had none."""
    bare = _START.fullmatch(row.literals[0])
    if bare is None or not bare[2] or bare[3] or not row.holes or _BOX.match(row.holes[0].text):
        return start
    box = _BOX.match(line, start.at)
    return replace(start, at=box.end(), cost=_DECORATED, boxed=True) if box else start


def _valued_head(hole: Hole, line: str) -> Head | None:
    if not hole.is_prefixed or continues(hole.span.via, "x") == "yes" or not _is_quoted(hole):
        return Head(0)
    bare = line.lstrip(" \t")
    if not bare.startswith(">"):
        return None
    width = len(line) - len(bare)
    return Head(width, _DECORATED if width else 0.0, "", line[:width])


def _is_quoted(hole: Hole) -> bool:
    return any(step[0] == "quote" for step in hole.span.via)


def _past(literal: str, line: str, at: int) -> int | None:
    """Where the literal ends if it stands there; the blanks it ends with may be missing."""
    if line.startswith(literal, at):
        return at + len(literal)
    core = literal.rstrip(" \t")
    end = at + len(core)
    if not core or not line.startswith(core, at) or (core[-1].isalnum() and line[end : end + 1].isalnum()):
        return None
    return end


def edges(rows: Sequence[Row], lines: Lines, *, pinned: bool) -> list[Edge]:
    """All ways to read the rows. pinned: the last row holds an anchor, and ends with the last line."""
    count, last = len(lines.texts), len(rows) - 1
    heads = [{at: start for at in range(count) if (start := head(row, lines.texts[at]))} for row in rows]
    texts = {row.text for row in rows}
    free = [at for at in range(count) if lines.texts[at].strip() and lines.texts[at].rstrip() not in texts]
    found: list[Edge] = []
    for number, row in enumerate(rows):
        ending = range(count, count + 1) if pinned and number == last else range(count + 1 - pinned)
        strict = _strict(number, heads, row, lines, ending)
        found += strict
        if min((edge.cost for edge in strict), default=_CHANGED) >= _CHANGED:
            whole = {edge.start for edge in strict}
            others = [at for at in free if at + 1 in ending and at not in whole]
            found += _altered(number, heads[number], row, lines, others)
        if pinned and number == last and (not found or found[-1].row != last):
            found.append(_unread(number, row, (count - 1, count)))
    return found


def _strict(number: int, heads: Sequence[Mapping[int, Head]], row: Row, lines: Lines, ending: range) -> list[Edge]:
    """The ways to read a row whose literals are all there."""
    found = []
    for at, start in heads[number].items():
        for end, tight in _ends(row, at, start, lines, heads[number + 1 :]):
            edge = _edge(number, row, (at, end), start, lines) if end in ending else None
            if edge is not None:
                found.append(replace(edge, tight=tight, loose=_is_loose(row, at, start, lines)))
    return found


def _is_loose(row: Row, at: int, start: Head, lines: Lines) -> bool:
    """Whether the line before looks like part of the value the row begins with."""
    if not at or row.literals[0] or not row.holes or not _is_quoted(row.holes[0]):
        return False
    return continues(row.holes[0].span.via, _as_in_base(lines.texts[at - 1], start)) == "yes"


def _as_in_base(line: str, start: Head) -> str:
    """A line with the indentation its row has in the base."""
    if start.was == start.now or not line.startswith(start.now):
        return line
    return start.was + line[len(start.now) :]


def _ends(
    row: Row, at: int, start: Head, lines: Lines, later: Sequence[Mapping[int, Head]]
) -> Iterator[tuple[int, bool]]:
    """Where the row may end, and whether the line there looks like more of it."""
    own = row.text.count("\n") + 1
    if row.tail is not None:
        full = _run(row.tail, at, start, lines)
        for end in range(at + 1, full):
            if any(end in heads for heads in later):
                yield end, True
        yield full, False
    elif any(not hole.is_one_line for hole in row.holes) and (closing := row.literals[-1].strip()):
        most = 1 if own == 1 and closing in lines.texts[at] else max(own, _MOST_LINES)
        for end in range(at + 1, min(at + most, len(lines.texts)) + 1):
            if closing in lines.texts[end - 1]:
                yield end, False
    else:
        yield from ((end, False) for end in {at + 1, at + own} if end <= len(lines.texts))


def _run(tail: Hole, at: int, start: Head, lines: Lines) -> int:
    """Where the lines end that are marked as the value's own."""
    end = at + 1
    for place in range(at + 1, len(lines.texts)):
        state = continues(tail.span.via, _as_in_base(lines.texts[place], start))
        if state == "no":
            break
        end = place + 1 if state == "yes" else end
    return end


def _edge(number: int, row: Row, at: Place, start: Head, lines: Lines) -> Edge | None:
    """How the row reads from these lines, None if it does not."""
    text = _text(at, start, lines)
    if not row.holes:
        return Edge(number, *at, start.cost) if not text[start.at :].strip() else None
    end = _end(row.literals[-1], text, start.at)
    if end is None:
        return None
    read = _read(row.holes, row.literals[1:-1], text, (start.at, end), lines.names)
    if read is None:
        return None
    places = tuple(_place(place, at[0], start, lines) for place in read.places)
    outs = read.outs
    if start.boxed and outs[0] != row.holes[0].value:
        outs = (Unread(AMBIGUOUS), *outs[1:])
    if _is_open_ended(row) and outs[-1] != row.holes[-1].value:
        outs = (*outs[:-1], Unread(OPEN_ENDED))
    return Edge(number, *at, start.cost + read.cost, outs, places)


def _is_open_ended(row: Row) -> bool:
    """Whether the row ends with several lines of a value that nothing marks as its own."""
    return not row.literals[-1].strip() and "\n" in row.holes[-1].text and not row.holes[-1].is_prefixed


def _text(at: Place, start: Head, lines: Lines) -> str:
    if at[1] == at[0] + 1:
        return lines.texts[at[0]]
    return "\n".join([lines.texts[at[0]], *(_as_in_base(line, start) for line in lines.texts[at[0] + 1 : at[1]])])


def _end(literal: str, text: str, start: int) -> int | None:
    """Where the last literal begins, None if the text does not end with it."""
    closing, bare = literal.rstrip(), text.rstrip()
    if not closing:
        return len(text)
    end = len(bare) - len(closing)
    return end if end >= start and bare.endswith(closing) else None


def _place(place: Place, first: int, start: Head, lines: Lines) -> Place:
    """Characters of a row's text as characters of the note."""

    def moved(at: int) -> int:
        number, left = first, at
        while left > (width := len(_as_in_base(lines.texts[number], start) if number > first else lines.texts[number])):
            left, number = left - width - 1, number + 1
        if number > first and _as_in_base(lines.texts[number], start) != lines.texts[number]:
            left = max(0, left - len(start.was) + len(start.now))
        return lines.starts[number] + left

    return moved(place[0]), moved(place[1])


@dataclass(frozen=True, slots=True)
class _Read:
    """What the holes of a row hold."""

    cost: float
    outs: tuple[Out, ...]
    places: tuple[Place, ...]


def _read(
    holes: Sequence[Hole], between: Sequence[str], text: str, within: Place, names: Iterable[str]
) -> _Read | None:
    """The one way to cut the text between the literals; values that several ways disagree on are not read."""
    cuts = list(islice(_cuts(text, between, *within), _MOST_CUTS + 1))
    reads = [read for cut in cuts if (read := _scored(holes, text, cut, names)) is not None]
    if not reads:
        return None
    best = min(reads, key=lambda read: read.cost)
    near = reads if len(cuts) > _MOST_CUTS else [read for read in reads if read.cost <= best.cost + MARGIN]
    outs = tuple(
        out if all(read.outs[number] == out for read in near) else Unread(AMBIGUOUS)
        for number, out in enumerate(best.outs)
    )
    return _Read(best.cost, outs, best.places)


def _cuts(text: str, between: Sequence[str], start: int, end: int) -> Iterator[tuple[Place, ...]]:
    if not between:
        yield ((start, end),)
        return
    literal = between[0]
    core = literal.rstrip(" \t") or literal
    at = text.find(core, start, end)
    while at >= 0:
        after = at + len(core)
        while after < min(end, at + len(literal)) and text[after] in " \t":
            after += 1
        for rest in _cuts(text, between[1:], after, end):
            yield ((start, at), *rest)
        at = text.find(core, at + 1, end)


def _scored(holes: Sequence[Hole], text: str, cut: Sequence[Place], names: Iterable[str]) -> _Read | None:
    total = 0.0
    outs: list[Out] = []
    places: list[Place] = []
    for hole, (start, end) in zip(holes, cut, strict=True):
        part = text[start:end]
        if hole.is_one_line and "\n" in part:
            return None
        cost, out = _valued(hole, part, names)
        total += cost
        outs.append(out)
        places.append((start, start + len(part.rstrip())))
    return _Read(total, tuple(outs), tuple(places))


def _valued(hole: Hole, part: str, names: Iterable[str]) -> tuple[float, Out]:
    """What a hole's text costs, and the value it stands for."""
    if same_text(part, hole.text):
        return 0.0, hole.value
    if hole.barred:
        return _BARRED, Unread(hole.barred)
    lines = _LINES if "\n" in part and "\n" not in hole.text and not hole.is_prefixed else 0.0
    value = read_back(part, hole.span.via, hole.value, names)
    if not hole.is_prefixed and 0 < hole.text.count("\n") < part.count("\n"):
        value = Unread(OPEN_ENDED)
    if isinstance(value, Unread):
        return _UNREADABLE + lines, value
    if value == hole.value:
        return 0.0, value
    if not value:
        return _CLEARED, value
    # Nothing is as easily found by chance, so where it stood says little.
    return (_CHANGED if hole.text.strip() else _SET) + lines, value


def _altered(number: int, heads: Mapping[int, Head], row: Row, lines: Lines, free: Iterable[int]) -> Iterator[Edge]:
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
        end = _run(row.tail, at, start, lines) if row.tail else at + 1
        text = _text((at, end), start, lines)
        read = _relaxed(row, text, start.at if at in heads else None, lines.names)
        places = tuple(_place(place, at, start, lines) for place in read.places)
        yield Edge(number, at, end, _ALTERED + read.cost, read.outs, places)


def _relaxed(row: Row, text: str, start: int | None, names: Iterable[str]) -> _Read:
    """What can be read if one of the literals is not looked at: the values that do not touch it."""
    reads = []
    for gone, literal in enumerate(row.literals):
        end = len(text) if gone == len(row.holes) else _end(row.literals[-1], text, start or 0)
        begin = 0 if gone == 0 else start
        if literal.strip() and begin is not None and end is not None and end >= begin:
            read = _without(row, gone, text, (begin, end), names)
            reads += [] if read is None else [read]
    if not reads:
        outs = tuple(_found(hole, text) for hole in row.holes)
        return _Read(_CHANGED * len(outs), outs, ((0, 0),) * len(outs))
    best = min(reads, key=lambda read: read.cost)
    outs = tuple(
        out if all(read.outs[number] == out for read in reads) else Unread(ALTERED)
        for number, out in enumerate(best.outs)
    )
    return _Read(best.cost, outs, best.places)


def _without(row: Row, gone: int, text: str, within: Place, names: Iterable[str]) -> _Read | None:
    """Read a row as if the literal of this number had no fixed text."""
    touched = [number for number in (gone - 1, gone) if 0 <= number < len(row.holes)]
    first = touched[0]
    joined = Hole((), "", row.holes[first].span, barred=ALTERED)
    holes = [*row.holes[:first], joined, *row.holes[touched[-1] + 1 :]]
    between = [row.literals[number] for number in range(1, len(row.holes)) if number != gone]
    read = _read(holes, between, text, within, names)
    if read is None:
        return None
    part = text[slice(*read.places[first])]
    outs = [*read.outs[:first], *(_found(row.holes[number], part) for number in touched), *read.outs[first + 1 :]]
    places = [*read.places[:first], *(read.places[first] for _ in touched), *read.places[first + 1 :]]
    return _Read(read.cost, tuple(outs), tuple(places))


def _found(hole: Hole, text: str) -> Out:
    """The base's value if it stands there as it was, whatever is around it."""
    known = hole.text.strip()
    if not hole.barred and known and text.count(known) == 1:
        return hole.value
    return Unread(hole.barred or ALTERED)


def _unread(number: int, row: Row, at: Place) -> Edge:
    outs = tuple(Unread(hole.barred or ALTERED) for hole in row.holes)
    return Edge(number, *at, 3 * _ALTERED, outs, ((0, 0),) * len(outs))
