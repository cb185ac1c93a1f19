"""Cut text between literals into values, and believe what every good way of cutting it says. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from vaultsync.lens.inverse import Unread, Value, read_back, same_text
from vaultsync.lens.lines import Place
from vaultsync.lens.rows import Hole

MARGIN = 0.9  # readings that cost this little more than the best one count as equally good
# What it costs to take a text for a value that was empty, for one that was another, and for one that can't be read.
SET, CHANGED, _UNREADABLE, _BARRED, _LINES = 0.5, 1.5, 2.0, 2.0, 1.0
_CLEARED = 3.5  # more than to take a line of the template for it, when the value's own line is gone
_MOST_CUTS = 64

AMBIGUOUS = "it can be read in more than one way"
OPEN_ENDED = "it has several lines, and nothing in the template marks them as its own"

Out = Value | Unread


class Edge(msgspec.Struct, frozen=True):
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


class Read(msgspec.Struct, frozen=True):
    """What the holes of a row hold."""

    cost: float
    outs: tuple[Out, ...]
    places: tuple[Place, ...]


def read_between(
    holes: Sequence[Hole], between: Sequence[str], text: str, within: Place, names: Iterable[str]
) -> Read | None:
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
    return Read(best.cost, outs, best.places)


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


def _scored(holes: Sequence[Hole], text: str, cut: Sequence[Place], names: Iterable[str]) -> Read | None:
    total = 0.0
    outs: list[Out] = []
    places: list[Place] = []
    for hole, (start, end) in zip(holes, cut, strict=True):
        part = text[start:end]
        if hole.is_one_line and "\n" in part:
            return None
        cost, out = valued(hole, part, names)
        total += cost
        outs.append(out)
        places.append((start, start + len(part.rstrip())))
    return Read(total, tuple(outs), tuple(places))


def valued(hole: Hole, part: str, names: Iterable[str]) -> tuple[float, Out]:
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
    return (CHANGED if hole.text.strip() else SET) + lines, value
