"""Put the merged values into base and ours, so that no value is a difference between texts any more. No I/O."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from vaultsync.lens.inverse import inverse, same_text, shown
from vaultsync.lens.reading import Field, Reading, Spot
from vaultsync.rendering.tracked import Layout, Span, Steps

Edit = tuple[int, int, str]
_BLANKS = re.compile(r"[ \t]*")


class Spliced(msgspec.Struct, frozen=True):
    """A text after edits. edits: what was done, in order, none overlapping; places are those of the text before."""

    text: str
    edits: tuple[Edit, ...] = ()

    def place(self, before: int) -> int:
        """Where a place of the text before is now; one where an edit begins stays in front of it."""
        now = before
        for start, end, new in self.edits:
            if start >= before:
                break
            now += len(new) - (end - start)
        return now


def spliced(text: str, edits: Sequence[Edit]) -> Spliced:
    """Make edits; one that overlaps the one before is left out.

    >>> spliced("a b", [(0, 1, "one")]).text
    'one b'
    """
    out: list[str] = []
    made: list[Edit] = []
    at = 0
    for start, end, new in sorted(edits):
        if start >= at:
            out += [text[at:start], new]
            made.append((start, end, new))
            at = end
    return Spliced("".join([*out, text[at:]]), tuple(made))


class Values(msgspec.Struct, frozen=True):
    """What theirs prints, by field and filters; theirs holds the merged values. fields: those it prints at all."""

    texts: Mapping[tuple[Field, Steps], str]
    fields: frozenset[Field]


def printed_values(text: str, layout: Layout, asked: Collection[Field]) -> Values:
    """The values of a rendered note. asked: of these fields."""
    spans = [span for span in layout.spans if (span.owner, span.field) in asked]
    texts = {((span.owner, span.field), span.via): text[span.start : span.end] for span in spans}
    return Values(texts, frozenset((span.owner, span.field) for span in spans))


class Place(msgspec.Struct, frozen=True):
    """A value's place in base and in ours.

    deeper: by what its line is indented more in ours. blanks: what its label ends with in base and not in ours.
    """

    span: Span
    spot: Spot
    deeper: str
    blanks: str

    def undented(self, text: str) -> str:
        """Text of ours as it would be if its line were indented as in base."""
        return text.replace("\r\n", "\n").replace(f"\n{self.deeper}", "\n") if self.deeper else text

    def fitted(self, text: str) -> str:
        """A value as it goes into ours: as deep as its line, and off the label whose blanks an editor stripped."""
        first, *more = text.split("\n")
        lines = [first, *(self.deeper + line if line else line for line in more)]
        return (self.blanks if text else "") + "\n".join(lines)


def places(base: str, layout: Layout, ours: str, reading: Reading, theirs: Values | None = None) -> list[Place]:
    """Where values can be put: in the body, where what stands there is the value that was read, or still base's.

    theirs: leave out where all three say the same.
    """
    at = {spot.at for spot in reading.spots if spot.at >= layout.body}
    spans = {(span.start, span.owner, span.field): span for span in layout.spans if span.start in at}
    found = []
    for spot in reading.spots:
        span = spans.get((spot.at, spot.owner, spot.field))
        value = reading.values.get((spot.owner, spot.field))
        if span is None or value is None:
            continue
        was, have = base[span.start : span.end], ours[spot.start : spot.end]
        field = (span.owner, span.field)
        if theirs and have == was == theirs.texts.get((field, span.via)):
            continue
        place = _place(span, spot, base, ours)
        have = place.undented(have)
        if same_text(have, was) or inverse(have, span.via, value) == value:
            found.append(place)
    return found


def _place(span: Span, spot: Spot, base: str, ours: str) -> Place:
    line, base_line = _before(ours, spot.start), _before(base, span.start)
    margin, base_margin = _margin(line), _margin(base_line)
    deeper = margin[: len(margin) - len(base_margin)] if margin.endswith(base_margin) else ""
    stripped = line.strip() and line == line.rstrip(" \t")
    return Place(span, spot, deeper, base_line[len(base_line.rstrip(" \t")) :] if stripped else "")


def base_with_values(base: str, layout: Layout, reading: Reading, theirs: Values, where: Collection[Place]) -> Spliced:
    """Base with the merged values.

    Where theirs prints a field in another way, ours' value stands in for it; where it prints it no more, base keeps
    its own: so a value that was typed there is a change of ours, and stays. A value of ours that can't be put where it
    was read stands in base as theirs prints it: it is no news.
    """
    edits: list[Edit] = []
    left = {(spot.at, spot.owner, spot.field) for spot in unplaced(layout, reading, where)}
    for span in (span for span in layout.spans if (span.start, span.owner, span.field) in left):
        field = (span.owner, span.field)
        value, new = reading.values.get(field), theirs.texts.get((field, span.via))
        if value is not None and new is not None and base[span.start : span.end] != new == shown(value, span.via):
            edits.append((span.start, span.end, new))
    for place in where:
        span, field = place.span, (place.span.owner, place.span.field)
        if field in theirs.fields:
            new = theirs.texts.get((field, span.via))
            edits.append((span.start, span.end, shown(reading.values[field], span.via) if new is None else new))
    return spliced(base, edits)


def unplaced(layout: Layout, reading: Reading, where: Iterable[Place]) -> list[Spot]:
    """Where in ours' body something was read that can't be put back there: all places but `where`."""
    placed = {place.spot for place in where}
    return [spot for spot in reading.spots if spot.at >= layout.body and spot not in placed]


def ours_with_values(
    base: str, ours: str, reading: Reading, theirs: Values, where: Iterable[Place], newline: str
) -> Spliced:
    """Ours with the merged values, where they differ from what its user wrote there; every other byte stays."""
    edits: list[Edit] = []
    for place in where:
        spot, field = place.spot, (place.spot.owner, place.spot.field)
        new = theirs.texts.get((field, place.span.via))
        have = place.undented(ours[spot.start : spot.end])
        was = base[place.span.start : place.span.end]
        mine = shown(reading.values[field], place.span.via)
        # A field printed twice and changed in one place: the other is brought up to it.
        stale = same_text(have, was) and not same_text(mine, was)
        if new is not None and not same_text(have, new) and (stale or new != mine):
            edits.append((spot.start, spot.end, place.fitted(new).replace("\n", newline)))
    return spliced(ours, edits)


def _before(text: str, place: int) -> str:
    return text[text.rfind("\n", 0, place) + 1 : place]


def _margin(line: str) -> str:
    found = _BLANKS.match(line)
    return found[0] if found else ""
