"""Values that remember which field they are while a template prints them. No I/O.

A template prints `{{ h.note | indent }}`. The value enters as a `Tracked` string, a lens filter returns a `Tracked`
again, and rendering gets it as a piece of its own: so every value is known by its place, for properties to be put
in as data and for edits to be read back. Anything else a template makes of a value (`upper`, `~`, slices) is a
plain string: printed, but read-only.

Where a template joins pieces itself (macros, `{% set %}` with a body, `{% filter %}`), each is wrapped in Unicode
noncharacters with its number, and taken out again afterwards. No text of ours contains them: the model strips them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

OPEN, MIDDLE, CLOSE = "\ufdd0", "\ufdd1", "\ufdd2"
NONCHARACTERS = "\ufdd0-\ufdef\ufffe\uffff"

Steps = tuple[tuple[Any, ...], ...]


class Piece(str):
    """Something a template printed that is more than its text. Stays itself under str(), as Jinja prints it."""

    __slots__ = ()

    def __str__(self) -> str:
        return self


class Tracked(Piece):
    """A field's value as text.

    owner: the highlight's id, "" for the document. field: the field's name. via: the lens filters it went through,
    first one first, each with its arguments.
    """

    __slots__ = ("field", "owner")
    owner: str
    field: str
    via: Steps = ()

    def through(self, text: str, *step: Any) -> Tracked:
        """The same field after a lens filter made `text` of it."""
        return lensed(text, self.owner, self.field, (*self.via, step))


class Lensed(Tracked):
    """A tracked value that went through lens filters."""

    __slots__ = ("via",)
    via: Steps


class Joined(Lensed):
    """A list printed by `join`: as text it is one value; as part of a property its items are values of their own."""

    __slots__ = ("items", "separator")
    items: tuple[Any, ...]
    separator: str


class Printed(Piece):
    """A value that is no field, or a field that can't be read back; `value` is what it was before it became text."""

    __slots__ = ("value",)
    value: Any


class Opened(Piece):
    """Where a block begins; empty as text."""

    __slots__ = ("block_id", "owner")
    owner: str
    block_id: str


class Closed(Piece):
    """Where a block ends; empty as text."""

    __slots__ = ()


class Marked(Piece):
    """Text a template joined, with marks around the pieces in it."""

    __slots__ = ()


def tracked(text: str, owner: str, field: str) -> Tracked:
    """Make a tracked value."""
    value = Tracked(text)
    value.owner, value.field = owner, field
    return value


def lensed(text: str, owner: str, field: str, via: Steps) -> Lensed:
    """Make a tracked value that went through lens filters."""
    value = Lensed(text)
    value.owner, value.field, value.via = owner, field, via
    return value


def joined(items: tuple[Any, ...], separator: str, source: object) -> Joined:
    """Make what `join` prints. source: what was joined; a `TagList` keeps its field."""
    value = Joined(separator.join(plain_text(item) for item in items))
    value.items, value.separator, value.via = items, separator, (("join", separator),)
    value.owner, value.field = (source.owner, source.field) if isinstance(source, TagList) else ("", "")
    return value


def opened(owner: str, block_id: str) -> Opened:
    """Make the beginning of a highlight's block."""
    piece = Opened()
    piece.owner, piece.block_id = owner, block_id
    return piece


class TagList:
    """A field that is a list of tags; items are tracked, `names` are the service's spellings."""

    __slots__ = ("field", "names", "owner")

    def __init__(self, names: tuple[str, ...], owner: str, field: str = "tags") -> None:
        self.names, self.owner, self.field = names, owner, field

    def __iter__(self) -> Iterator[Tracked]:
        return (self._item(name) for name in self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Tracked:
        return self._item(self.names[index])

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __str__(self) -> str:
        return ", ".join(self.names)

    def _item(self, name: str) -> Tracked:
        return lensed(name, self.owner, self.field, (("item",),))


def printed(value: Any) -> str:
    """What a template prints for `value`, as a piece."""
    if isinstance(value, Piece):
        return value
    if isinstance(value, str) and OPEN in value:
        return Marked(value)
    piece = Printed(plain_text(value))
    piece.value = value
    return piece


_MARK = re.compile(f"{OPEN}(\\d+){MIDDLE}([^{OPEN}{MIDDLE}{CLOSE}]*){CLOSE}")
_LEFTOVER = re.compile(f"{OPEN}(?:\\d*{MIDDLE})?|{MIDDLE}|{CLOSE}")


class Joiner:
    """Joins pieces into marked text where a template needs one string, and takes it apart again."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: list[Piece] = []

    def clear(self) -> None:
        """Forget the pieces of the last rendering."""
        self._pieces.clear()

    def join(self, parts: Iterable[str]) -> str:
        """One string of the parts; pieces in it keep their place by marks."""
        return "".join([self._marked(part) if isinstance(part, Piece) else part for part in parts])

    def _marked(self, piece: Piece) -> str:
        if type(piece) is Marked:
            return piece
        self._pieces.append(piece)
        return f"{OPEN}{len(self._pieces) - 1}{MIDDLE}{piece}{CLOSE}"

    def split(self, text: str) -> Iterator[str]:
        """The literals and pieces of marked text; a piece whose text a filter changed is read-only text now."""
        at = 0
        for match in _MARK.finditer(text):
            if match.start() > at:
                yield _LEFTOVER.sub("", text[at : match.start()])
            piece = self._pieces[int(match[1])]
            yield piece if piece == match[2] else printed(match[2])
            at = match.end()
        if at < len(text):
            yield _LEFTOVER.sub("", text[at:])


def plain_text(value: Any) -> str:
    """How a value that is not text reads in a note: nothing for None, ISO dates in UTC, true and false.

    >>> from datetime import date
    >>> plain_text(None), plain_text(True), plain_text(date(2024, 5, 1)), plain_text(3)
    ('', 'true', '2024-05-01', '3')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return iso_seconds(value)
    if isinstance(value, list | tuple):
        return ", ".join(plain_text(item) for item in value)
    return str(value)


def iso_seconds(moment: datetime) -> str:
    """Date and time as Obsidian's property type wants it: UTC, whole seconds, no zone.

    >>> iso_seconds(datetime(2024, 5, 1, 12, 30, 9, tzinfo=UTC))
    '2024-05-01T12:30:09'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


class Span(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where a value stands in a note's text.

    start, end: characters. owner: the highlight's id, "" for the document. field: "" if it is read-only.
    via: lens filters from the field's value to the text, first one first.
    """

    start: int
    end: int
    owner: str
    field: str
    via: Steps = ()


class Block(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where a highlight's block stands. start, end: characters. id: of the highlight; block_id: of its anchor."""

    start: int
    end: int
    id: str
    block_id: str


class Property(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A top-level property vaultsync owns. field: the document's field it holds, "" if it is read-only."""

    key: str
    field: str
    via: Steps = ()


class Layout(msgspec.Struct, frozen=True, array_like=True):
    """Everything known about where things stand in a rendered note; kept with its text."""

    body: int
    blocks: tuple[Block, ...] = ()
    spans: tuple[Span, ...] = ()
    properties: tuple[Property, ...] = ()
