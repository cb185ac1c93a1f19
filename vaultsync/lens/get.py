"""Read values back out of an edited note: the `get` of the lens, for any template. No I/O.

The base text is literals and values in turn. A block of the edited note is found by its anchor; its values are what
stands between the template's own literals, and count only if there is exactly one way to read them. Otherwise the
field is refused: its text stays its user's, and nothing is taken for an edit.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

import msgspec

from vaultsync.lens.alignment import LOST, aligned
from vaultsync.lens.cuts import Edge, Out
from vaultsync.lens.guard import guarded
from vaultsync.lens.inverse import Unread, Value
from vaultsync.lens.lines import Lines
from vaultsync.lens.pins import Pin, pinned
from vaultsync.lens.properties import property_values
from vaultsync.lens.reading import Field, Reading, Refusal, Region, Spot
from vaultsync.lens.rows import Base, BaseBlock, Row
from vaultsync.lens.same import Said, SameEnds, same_ends
from vaultsync.model import Document
from vaultsync.note import split
from vaultsync.rendering.tracked import Layout
from vaultsync.tags import local_tag

TWICE = "its block stands in the note more than once, and the copies differ"
DIFFERENT = "it stands in the note more than once, and the places differ"


def read(
    base: str,
    layout: Layout,
    ours: str,
    document: Document,
    tags: Iterable[str] = (),
    *,
    asked: Collection[Field] | None = None,
) -> Reading:
    """What an edited note says, field by field, with places.

    base, layout: as the note was written. ours: as it is now. document: what the base was rendered from.
    tags: more of those the service has; the document's own come first. asked: fields to be told of, beside those whose
    lines were changed; all if None. Most lines of most notes are as they were, and most fields are not asked about.
    """
    return _Reader(Base(base, layout, document), ours, tags).reading(asked)


class _Occurrence(msgspec.Struct):
    """A block as it stands in the note. first, last: its lines, the last excluded."""

    block: BaseBlock
    first: int
    last: int
    said: list[Said] = msgspec.field(default_factory=list)

    def cover(self, first: int, last: int) -> None:
        """Take in some more lines."""
        if not self.last or first < self.first:
            self.first = first
        if last > self.last:
            self.last = last


class _Still(NamedTuple):
    """Unchanged lines of a block. start, end: characters of the base; in the note they stand `by` further down."""

    block: _Occurrence
    start: int
    end: int
    by: int

    def say(self, base: Base, asked: Collection[Field] | None) -> None:
        """Tell what stands in them."""
        for hole in base.holes(self.block.block.owner, self.start, self.end, asked):
            self.block.said.append(Said(hole, hole.value, (hole.span.start + self.by, hole.span.end + self.by)))


class _Reader:
    """The pass over one note."""

    def __init__(self, base: Base, ours: str, tags: Iterable[str]) -> None:
        self._base, self._ours = base, ours
        note = split(ours)
        self._front, self._body = note.front, len(note.mark) + len(note.front)
        lines = note.body.split("\n")
        self._starts = list(accumulate((len(line) + 1 for line in lines), initial=self._body))
        self._returns = "\r" in ours
        self._lines = [line.rstrip("\r") for line in lines] if self._returns else lines
        self._blocks = tuple(base.blocks())
        own = dict.fromkeys(name for names in base.tag_lists() for name in names)
        spelled = {local_tag(name).casefold() for name in own}
        self._names = (*own, *(name for name in tags if local_tag(name).casefold() not in spelled))
        self._pinned = pinned(self._blocks, base.text, self._lines)
        self._places: dict[int, _Occurrence] = {}
        self._still: list[_Still] = []
        self._order = {block.owner: number for number, block in enumerate(self._blocks)}

    def reading(self, asked: Collection[Field] | None) -> Reading:
        """All that is said; of what stands in unchanged lines only what is asked, or was changed elsewhere."""
        self._walk()
        properties = tuple(self._properties())
        changed = {key for place in self._places.values() for one in place.said for key in self._told(one)}
        changed |= {("", name) for name, value in properties if value != self._base.value("", name)}
        wanted = None if asked is None else changed.union(asked)
        starts = None if wanted is None else self._base.starts_of(wanted)
        for still in self._still:
            if starts is None or bisect_left(starts, still.start) < bisect_left(starts, still.end):
                still.say(self._base, wanted)
        said: dict[Field, list[Out]] = {}
        for place in self._homes():
            for one in place.said:
                for key in self._told(one):
                    said.setdefault(key, []).append(one.out)
        for name, value in properties:
            said.setdefault(("", name), []).append(value)
        twice = {place.block.owner for at, place in self._places.items() if not self._is_home(at, place)}
        differing = self._differing()
        agreed = {key: self._agreed(key, outs, differing, twice) for key, outs in said.items()}
        values = {key: out for key, out in agreed.items() if not isinstance(out, Unread)}
        refusals = [Refusal(*key, out.reason, out.typed) for key, out in agreed.items() if isinstance(out, Unread)]
        homes = self._pinned.homes
        return Reading(
            values,
            tuple(sorted(self._spots(values), key=lambda spot: (spot.start, spot.at))),
            tuple(refusals),
            dict(self._regions()),
            self._pinned.absent,
            {owner: self._region(*lines) for owner, lines in self._pinned.orphans.items()},
            tuple(owner for owner in homes if owner in twice),
            tuple(owner for owner, pin in homes.items() if self._lines[pin.line][pin.cut :].strip()),
        )

    def _told(self, one: Said) -> Iterator[Field]:
        """The fields a place says something about: of one that can't be read only that it was changed."""
        if not one.hole.barred or one.out == Unread(one.hole.barred):
            for number in one.hole.at:
                span = self._base.layout.spans[number]
                key = (span.owner, span.field)
                if key != ("", "title") and self._base.value(*key) is not None:
                    yield key

    def _walk(self) -> None:
        """Read what lies between one anchor and the next, from the top of the note to its end."""
        above: _Occurrence | None = None
        if self._blocks and not self._blocks[0].owner:
            above = self._places[-1] = _Occurrence(self._blocks[0], 0, 0)
        at = 0
        stops: list[tuple[int, int, Pin | None]] = [(pin.line, pin.line + 1, pin) for pin in self._pinned.pins]
        stops += [(start, end, None) for start, end in self._pinned.orphans.values()]
        stops += [(line, line + 1, None) for line in self._pinned.foreign]
        for start, end, pin in sorted(stops, key=lambda stop: stop[:2]):
            below = None
            if pin is not None:
                below = self._places[pin.line] = _Occurrence(pin.block, pin.line, pin.line + 1)
            self._between(above, below, (at, end if pin is not None else start), pin)
            above, at = below, end
        self._between(above, None, (at, len(self._lines)), None)

    def _between(
        self, above: _Occurrence | None, below: _Occurrence | None, within: tuple[int, int], pin: Pin | None
    ) -> None:
        """Read the rest of the block above and the beginning of the one below."""
        same_text = self._is_same(above, below, within, pin)
        if same_text is not None:
            self._unchanged(above, below, same_text, within)
            return
        texts = self._lines[slice(*within)]
        if pin is not None:
            texts[-1] = texts[-1][: pin.cut]
        tail, head = above.block.tail if above else (), below.block.head if below else ()
        rows = [*((row, above) for row in tail), *((row, below) for row in head)]
        same = self._same(above, below, [row for row, _ in rows], within, texts)
        for number in (*range(same.low), *range(same.high, len(rows))):
            row, block = rows[number]
            self._take(block, same.lines_of(row, number), same.unchanged(row, number, self._starts))
        first, last = same.first, same.last
        lines = Lines(texts[first - within[0] : last - within[0]], self._starts[first:last], self._names)
        pinned_still = pin is not None and same.high == len(rows) > same.low
        upper, lower = tail[same.low : same.high], head[max(0, same.low - len(tail)) : max(0, same.high - len(tail))]
        found = aligned(upper, lower, lines, pinned=pinned_still)
        outs = guarded((*upper, *lower), found, lines)
        for number in range(same.low, same.high):
            row, block = rows[number]
            edge = found.edges.get(number - same.low)
            at = (first + edge.start, first + edge.end) if edge is not None else None
            self._take(block, at, _said(row, edge, outs[number - same.low]))

    def _take(self, block: _Occurrence | None, at: tuple[int, int] | None, said: Iterator[Said]) -> None:
        assert block is not None  # a row is of one of the two
        if at is not None:
            block.cover(*at)
        block.said += said

    def _same(
        self,
        above: _Occurrence | None,
        below: _Occurrence | None,
        rows: Sequence[Row],
        within: tuple[int, int],
        texts: Sequence[str],
    ) -> SameEnds:
        """What need not be read, for it is as we wrote it and where we wrote it."""
        known = self._known(above, below, within)
        if known is None:
            return SameEnds.none(len(rows), within)
        return same_ends(self._base, known, rows, within, texts)

    def _known(
        self, above: _Occurrence | None, below: _Occurrence | None, within: tuple[int, int]
    ) -> tuple[int, int] | None:
        """What stands in the base between two anchors, if they follow each other there as well."""
        before = self._order[above.block.owner] if above else -1
        following = self._order[below.block.owner] if below else len(self._blocks)
        if following != before + 1 or (above is None and within[0]):
            return None
        start = above.block.behind if above else self._base.layout.body
        end = below.block.behind if below else len(self._base.text)
        return start, end - (below is not None and self._base.text[end - 1] == "\n")

    def _is_same(
        self, above: _Occurrence | None, below: _Occurrence | None, within: tuple[int, int], pin: Pin | None
    ) -> tuple[int, int] | None:
        """Where these very lines stand in the base, if they do."""
        known = None if self._returns else self._known(above, below, within)
        if known is None:
            return None
        start = self._starts[within[0]]
        end = self._starts[pin.line] + pin.cut if pin is not None else max(self._starts[within[1]] - 1, start)
        same = end - start == known[1] - known[0] and self._ours.startswith(self._base.text[slice(*known)], start)
        return known if same else None

    def _unchanged(
        self, above: _Occurrence | None, below: _Occurrence | None, known: tuple[int, int], within: tuple[int, int]
    ) -> None:
        """Take lines for what they are in the base; most lines of most notes are."""
        base = self._base.text
        by = (self._starts[within[0]] if within[0] < len(self._starts) else len(self._ours)) - known[0]
        for block, start, end in (
            (above, known[0], min(above.block.end, known[1]) if above else 0),
            (below, max(below.block.start, known[0]) if below else 0, known[1]),
        ):
            text = base[start:end].rstrip() if block is not None else ""
            if block is None or not text:
                continue
            bare = text.lstrip()
            line = within[0] + base.count("\n", known[0], start + len(text) - len(bare))
            block.cover(line, line + bare.count("\n") + 1)
            self._still.append(_Still(block, start, end, by))

    def _homes(self) -> Iterator[_Occurrence]:
        return (place for at, place in self._places.items() if self._is_home(at, place))

    def _is_home(self, at: int, place: _Occurrence) -> bool:
        return at < 0 or self._pinned.homes[place.block.owner].line == at

    def _properties(self) -> Iterator[tuple[str, Out]]:
        layout = self._base.layout
        values = {
            one.field: value for one in layout.properties if (value := self._base.value("", one.field)) is not None
        }
        return property_values(self._base.text[: layout.body], self._front, layout.properties, values, self._names)

    def _differing(self) -> set[Field]:
        """Fields that a copy of their block has with another value; a line that was not copied says nothing."""
        copies = (one for at, place in self._places.items() if not self._is_home(at, place) for one in place.said)
        return {
            (one.hole.span.owner, one.hole.span.field)
            for one in copies
            if one.out not in (one.hole.value, Unread(LOST))
        }

    def _agreed(self, key: Field, outs: Sequence[Out], differing: set[Field], twice: set[str]) -> Out:
        """One answer of all the places a field stands in: a change in one of them counts, if no other differs."""
        base = self._base.value(*key)
        assert base is not None  # of others nothing is told
        changed = [out for out in outs if out != base]
        if key in differing or (changed and key[0] in twice):
            return Unread(TWICE)
        if unread := [out for out in outs if isinstance(out, Unread)]:
            return unread[0]
        return base if not changed else changed[0] if all(out == changed[0] for out in changed) else Unread(DIFFERENT)

    def _spots(self, values: Mapping[Field, Value]) -> Iterator[Spot]:
        for place in self._homes():
            for one in place.said:
                span = one.hole.span
                if (span.owner, span.field) in values and not one.hole.barred and one.place[0] >= 0:
                    yield Spot(span.owner, span.field, *one.place, span.start, span.via)

    def _regions(self) -> Iterator[tuple[str, Region]]:
        """Blocks with the empty lines they begin and end with, each line in one of them."""
        least = 0
        for at, place in sorted(self._places.items(), key=lambda pair: pair[1].first):
            start, end = place.first, place.last
            if not end:
                continue
            while start > least and not self._lines[start - 1].strip() and place.first - start < place.block.before:
                start -= 1
            while end < len(self._lines) and not self._lines[end].strip() and end - place.last < place.block.after:
                end += 1
            least = end
            if self._is_home(at, place):
                yield place.block.owner, self._region(start, end)

    def _region(self, start: int, end: int) -> Region:
        return Region(self._starts[start], min(self._starts[end], len(self._ours)))


def _said(row: Row, edge: Edge | None, outs: Sequence[Out]) -> Iterator[Said]:
    for number, hole in enumerate(row.holes):
        known = edge is not None and not isinstance(outs[number], Unread)
        yield Said(hole, outs[number], edge.places[number] if edge is not None and known else (-1, -1))
