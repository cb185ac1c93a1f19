"""Put the merged values into base and ours, so that no value is a difference between texts any more. No I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vaultsync.lens import Field, Reading, Spot, shown
from vaultsync.tracked import Layout, Span, Steps

Edit = tuple[int, int, str]
_BLANKS = re.compile(r"[ \t]*")


@dataclass(frozen=True, slots=True)
class Spliced:
    """A text after edits. edits: what was done, in order, none overlapping; places are those of the text before."""

    text: str
    edits: tuple[Edit, ...] = ()

    def place(self, before: int) -> int:
        """Where a place of the text before is now; one where an edit begins stays in front of it."""
        return before + sum(len(new) - (end - start) for start, end, new in self.edits if start < before)


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


@dataclass(frozen=True, slots=True)
class Values:
    """What theirs prints, by field and filters; theirs holds the merged values. fields: those it prints at all."""

    texts: Mapping[tuple[Field, Steps], str]
    fields: frozenset[Field]


def printed_values(text: str, layout: Layout) -> Values:
    """The values of a rendered note."""
    spans = [span for span in layout.spans if span.field]
    texts = {((span.owner, span.field), span.via): text[span.start : span.end] for span in spans}
    return Values(texts, frozenset((span.owner, span.field) for span in spans))


def base_with_values(base: str, layout: Layout, reading: Reading, theirs: Values) -> Spliced:
    """Base with the merged values where they could be read.

    Where theirs prints a field in another way, ours' value stands in for it; where it prints it no more, base keeps
    its own: so a value that was typed there is a change of ours, and stays.
    """
    edits: list[Edit] = []
    for span in layout.spans:
        field = (span.owner, span.field)
        if span.start < layout.body or field not in reading.values or field not in theirs.fields:
            continue
        new = theirs.texts.get((field, span.via))
        new = shown(reading.values[field], span.via) if new is None else new
        if new != base[span.start : span.end]:
            edits.append((span.start, span.end, new))
    return spliced(base, edits)


def ours_with_values(
    base: str, layout: Layout, ours: str, reading: Reading, theirs: Values, *, newline: str = "\n"
) -> Spliced:
    """Ours with the merged values, where they differ from what its user wrote there; every other byte stays."""
    spans = {span.start: span for span in layout.spans}
    edits: list[Edit] = []
    for spot in reading.spots:
        span = spans.get(spot.at)
        new = theirs.texts.get(((spot.owner, spot.field), spot.via))
        if span is None or span.start < layout.body or new is None or _stays(spot, span, base, ours, reading, new):
            continue
        edits.append((spot.start, spot.end, _fitted(new, spot, span, base, ours).replace("\n", newline)))
    return spliced(ours, edits)


def _stays(spot: Spot, span: Span, base: str, ours: str, reading: Reading, new: str) -> bool:
    """Whether a spot keeps its bytes: it says what theirs says, or what its user wants."""
    field = (spot.owner, spot.field)
    have, was = _bare(ours[spot.start : spot.end]), base[span.start : span.end]
    if have == _bare(new) or field not in reading.values:
        return True
    mine = shown(reading.values[field], spot.via)
    # A field printed twice and changed in one place: the other is brought up to it.
    return mine == new and not (have == _bare(was) and mine != was)


def _bare(text: str) -> str:
    return "\n".join(line.strip() for line in text.split("\n"))


def _fitted(new: str, spot: Spot, span: Span, base: str, ours: str) -> str:
    """A value as it goes into ours: as deep as its line is indented there, and off the label an editor stripped."""
    line, base_line = _before(ours, spot.start), _before(base, span.start)
    margin, base_margin = _margin(line), _margin(base_line)
    deeper = margin[: len(margin) - len(base_margin)] if margin.endswith(base_margin) else ""
    if deeper:
        new = "\n".join(
            part if not number or not part else deeper + part for number, part in enumerate(new.split("\n"))
        )
    blanks = base_line[len(base_line.rstrip(" \t")) :]
    if new and blanks and line == line.rstrip(" \t") and line.strip():
        new = blanks + new
    return new


def _before(text: str, place: int) -> str:
    return text[text.rfind("\n", 0, place) + 1 : place]


def _margin(line: str) -> str:
    found = _BLANKS.match(line)
    return found[0] if found else ""
