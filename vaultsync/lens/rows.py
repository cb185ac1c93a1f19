"""Cut a note's base text into blocks, and those into rows: literals and values in turn. No I/O.

A row is what stands between two newlines of the template's own. A value with newlines in it makes its row several
lines long. Lines that hold nothing count for nothing: people and linters add and drop them.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache

import msgspec

from vaultsync.lens.inverse import Value, shown, unpadded
from vaultsync.model import Document, Highlight, field_value
from vaultsync.rendering.tracked import Block, Layout, Span, Steps

_ONE_LINE = frozenset(["cell", "hashtags", "wikilinks", "join"])
_PREFIXED = frozenset(["quote", "indent"])
_WORD = re.compile(r"\w+|[^\w\s]")

# Why a value can't be edited where it stands.
BESIDE = "it stands right beside another value, with nothing between them to tell them apart"
ITEM = "tags printed one by one can't be read back; print them with hashtags, wikilinks or join"
FOREIGN = "it belongs to another block"
CHANGED = "the template prints it changed"


class Hole(msgspec.Struct, frozen=True):
    """A place in a row where a value stands; more than one if nothing is between them.

    at: numbers of its spans in the layout. text: in the base. value: the base's, "" if there is none to read.
    barred: why it is not read, "" if it is.
    """

    at: tuple[int, ...]
    text: str
    span: Span
    value: Value = ""
    barred: str = ""

    @property
    def is_prefixed(self) -> bool:
        """Whether each of its lines is marked as its own."""
        return len(self.at) == 1 and bool(self.span.via) and self.span.via[-1][0] in _PREFIXED

    @property
    def is_one_line(self) -> bool:
        """Whether it never has a second line."""
        return any(step[0] in _ONE_LINE for step in self.span.via)


class Row(msgspec.Struct, frozen=True):
    """A row of a block. literals: one more than holes. text: as the base has it. start: of it in the base."""

    text: str
    start: int
    literals: tuple[str, ...]
    holes: tuple[Hole, ...] = ()

    @property
    def tail(self) -> Hole | None:
        """The value that nothing comes after, if its further lines can be told from others."""
        if not self.holes or self.literals[-1].strip() or not self.holes[-1].is_prefixed:
            return None
        return self.holes[-1]


class BaseBlock(msgspec.Struct, eq=False):
    """A block of the base, whole lines. anchor: where it starts in the base, -1 if there is none.

    behind: where the line after its anchor begins in the base. Rows are made when they are asked for: most blocks of
    most notes are as they were.
    """

    base: Base
    owner: str
    block_id: str
    start: int
    end: int
    anchor: int
    behind: int
    _rows: tuple[tuple[Row, ...], tuple[Row, ...]] | None = None

    def _parts(self) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
        if self._rows is None:
            rows = tuple(self.base.rows(self.owner, self.start, self.end))
            seam = bisect_left([row.start for row in rows], self.behind) if self.owner else 0
            self._rows = rows[:seam], rows[seam:]
        return self._rows

    @property
    def head(self) -> tuple[Row, ...]:
        """Rows up to and with the one that holds the anchor; of the document's own block, none."""
        return self._parts()[0]

    @property
    def tail(self) -> tuple[Row, ...]:
        """Rows after the anchor."""
        return self._parts()[1]

    @property
    def line(self) -> str:
        """The line that holds its anchor, up to its end."""
        return self.base.text[self.base.text.rfind("\n", 0, self.anchor) + 1 : self.anchor + 1 + len(self.block_id)]

    @property
    def before(self) -> int:
        """How many empty lines it begins with."""
        text = self.base.text
        if self.start < self.end and text[self.start].strip():  # nearly always
            return 0
        return _gap(text[self.start : self.end].removesuffix("\n").split("\n"))

    @property
    def after(self) -> int:
        """How many empty lines it ends with."""
        text = self.base.text
        end = self.end - 1 if text[self.end - 1 : self.end] == "\n" and self.end > self.start else self.end
        if text[max(text.rfind("\n", self.start, end) + 1, self.start) : end].strip():  # nearly always
            return 0
        return _gap(text[self.start : end].split("\n")[::-1])


class Base(msgspec.Struct):
    """A note as it was written: its text, where everything stands in it, and the values it was made of."""

    text: str
    layout: Layout
    document: Document
    starts: list[int] = msgspec.field(default_factory=list)
    owners: dict[str, Document | Highlight] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        self.starts = [span.start for span in self.layout.spans]
        self.owners = {"": self.document, **{one.id: one for one in self.document.highlights}}

    def value(self, owner: str, name: str) -> Value | None:
        """A field's value; None if there is none that could be read from a note."""
        thing = self.owners.get(owner)
        return field_value(thing, name) if thing and name else None

    def starts_of(self, fields: Collection[tuple[str, str]]) -> list[int]:
        """Where some fields stand, in order."""
        return [span.start for span in self.layout.spans if (span.owner, span.field) in fields]

    def tag_lists(self) -> Iterator[tuple[str, ...]]:
        """The tags of the document and of its highlights."""
        yield self.document.tags
        yield from (highlight.tags for highlight in self.document.highlights)

    def blocks(self) -> Iterator[BaseBlock]:
        """Its blocks in order, the document's own first, if it has one."""
        at = self.layout.body
        first = min((block.start for block in self.layout.blocks), default=len(self.text))
        own = self._line_start(first, at) if self.layout.blocks else first
        if own > at:
            yield BaseBlock(self, "", "", at, own, at, at)
        at = own
        for block in self.layout.blocks:
            start = max(self._line_start(block.start, at), at)
            end = max(self.line_end(block.end), start)
            anchor = self._anchor(block, start, end)
            behind = self.line_end(anchor + 1) if anchor >= 0 else end
            yield BaseBlock(self, block.id, block.block_id, start, end, anchor, behind)
            at = end

    def _line_start(self, place: int, least: int) -> int:
        return max(self.text.rfind("\n", 0, place) + 1, least)

    def line_end(self, place: int) -> int:
        """Where the next line begins; a place at the beginning of a line is where that one does."""
        if place and self.text[place - 1] == "\n":
            return place
        end = self.text.find("\n", place)
        return len(self.text) if end < 0 else end + 1

    def holes(
        self, owner: str, start: int, end: int, asked: Collection[tuple[str, str]] | None = None
    ) -> Iterator[Hole]:
        """The places between two others that can be read, of one block; without making rows. asked: all if None."""
        low = bisect_left(self.starts, start)
        last = -1
        beside: set[int] = set()
        spans = self._spans(start, end)
        for number, span in enumerate(spans, low):
            if span.start == last:
                beside |= {number - 1, number}
            last = span.end if span.field != "anchor" else -1
        for number, span in enumerate(spans, low):
            if span.field == "anchor" or number in beside:
                continue
            if asked is None or (span.owner, span.field) in asked:
                hole = self._hole(number, span, owner)
                if not hole.barred:
                    yield hole

    def _anchor(self, block: Block, start: int, end: int) -> int:
        """Where the block's own anchor stands: not one inside a value, nor one that is part of a link."""
        for span in self._spans(start, end):
            if span.field == "anchor" and span.owner == block.id and self.text[span.start - 1 : span.start] in "\n \t":
                rest = self.text[span.end : self.line_end(span.end)]
                if not rest.strip():
                    return span.start
        return -1

    def _spans(self, start: int, end: int) -> Sequence[Span]:
        low = bisect_left(self.starts, start)
        return self.layout.spans[low : bisect_left(self.starts, end, low)]

    def rows(self, owner: str, start: int, end: int) -> Iterator[Row]:
        """The rows between two places that hold anything."""
        first = at = start
        literals: list[str] = []
        holes: list[Hole] = []
        low = bisect_left(self.starts, start)
        spans = self._spans(start, end)
        for number, span in enumerate((*spans, None), low):
            until = span.start if span is not None else end
            lines = self.text[at:until].split("\n")
            if span is not None and span.field == "anchor":
                continue  # it never changes, so it is as good as a literal
            for line in lines[:-1]:
                yield from _row(first, self.text[first : at + len(line)], [*literals, line], holes)
                at += len(line) + 1
                first, literals, holes = at, [], []
            literals.append(lines[-1])
            if span is not None:
                holes.append(self._hole(number, span, owner))
                at = span.end
        yield from _row(first, self.text[first:end], literals, holes)

    def _hole(self, number: int, span: Span, owner: str) -> Hole:
        text = self.text[span.start : span.end]
        value = self.value(span.owner, span.field)
        if not span.field or value is None or (owner, span.field) == ("", "title"):
            return Hole((number,), text, span, barred="-")
        barred = ""
        if span.owner != owner:
            barred = FOREIGN
        elif span.via[:1] == (("item",),):
            barred = ITEM
        elif shown(value, span.via) != text:
            barred = CHANGED
        return Hole((number,), text, span, value, barred)


def _row(start: int, text: str, literals: list[str], holes: list[Hole]) -> Iterator[Row]:
    if not text.strip() and all(hole.barred for hole in holes):
        return
    for number in range(len(holes) - 1, 0, -1):
        if not literals[number]:
            one, other = holes[number - 1], holes[number]
            barred = Hole(one.at + other.at, one.text + other.text, one.span, barred=BESIDE)
            holes[number - 1 : number + 1] = [barred]
            del literals[number]
    yield Row(text, start, tuple(literals), tuple(holes))


def _gap(lines: Iterable[str]) -> int:
    """How many empty lines come first."""
    count = 0
    for line in lines:
        if line.strip():
            break
        count += 1
    return count


@lru_cache(maxsize=1024)
def words_of(text: str) -> frozenset[str]:
    """Words and signs, to tell how alike two lines are."""
    return frozenset(_WORD.findall(text))


def continues(via: Steps, line: str) -> str:
    r"""Whether a line after a value is marked as the value's: "yes", "no", or "maybe" for an empty line.

    >>> continues((("quote",),), "> a"), continues((("indent", "  ", False),), ""), continues((), "a")
    ('yes', 'maybe', 'no')
    """
    marked = False
    for step in reversed(via):
        if step[0] == "indent":
            bare = unpadded(line, step[1])
            if bare is None:
                return "no"
            marked = marked or bool(step[1])
        elif step[0] == "quote":
            if not line.startswith(">"):
                return "no"
            marked, bare = True, line[1:].removeprefix(" ")
            if not bare.strip():
                return "yes"
        else:
            continue
        line = bare
    if not marked:
        return "no"
    return "yes" if line.strip() else "maybe"
