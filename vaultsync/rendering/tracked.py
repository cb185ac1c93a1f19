"""Values that remember which field they are while a template prints them. No I/O.

A template prints `{{ h.note | indent }}`. The value enters as a `Tracked` string, a lens filter returns a `Tracked`
again, and rendering gets it as a piece of its own: so every value is known by its place, for properties to be put
in as data and for edits to be read back. Anything else a template makes of a value (`upper`, `~`, slices) is a
plain string: printed, but read-only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple, overload

import msgspec

OPEN, MIDDLE, CLOSE = "\ufdd0", "\ufdd1", "\ufdd2"
NONCHARACTERS = "\ufdd0-\ufdef\ufffe\uffff"
_MARKS = re.compile("[\ufdd0-\ufdef]+")

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


class Flag(int):
    """A truth value that is a field: true or false to a template that asks, and printed as that. field: its name."""

    field: str

    def __str__(self) -> str:
        return "true" if self else "false"


# How a property holds one: as YAML's own, not as text.
AS_FLAG: Steps = (("flag",),)


def flag(value: bool, field: str) -> Flag:
    """Make a truth value that is a field."""
    made = Flag(value)
    made.field = field
    return made


class Day(date):
    """A date that is a field: a date to a template that asks. field: its name, "" of a day made out of one."""

    field: str = ""


# How a property holds one.
AS_DAY: Steps = (("day",),)


def day(value: date, field: str) -> Day:
    """Make a date that is a field."""
    made = Day(value.year, value.month, value.day)
    made.field = field
    return made


class Opened(Piece):
    """Where a block begins; empty as text. file, line: of its tag in the templates."""

    __slots__ = ("block_id", "file", "line", "owner")
    owner: str
    block_id: str
    file: str
    line: int


class Closed(Piece):
    """Where a block ends; empty as text. file, line: of its tag in the templates."""

    __slots__ = ("file", "line")
    file: str
    line: int


def has_marks(text: str) -> bool:
    """Whether there are marks in the text, whole or not."""
    return not text.isascii() and _MARKS.search(text) is not None


def unmarked(text: str) -> str:
    """The text without marks."""
    return _MARKS.sub("", text)


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


def opened(owner: str, block_id: str, file: str, line: int) -> Opened:
    """Make the beginning of a highlight's block."""
    piece = Opened()
    piece.owner, piece.block_id, piece.file, piece.line = owner, block_id, file, line
    return piece


@lru_cache(maxsize=256)  # one for every tag in the templates
def closed(file: str, line: int) -> Closed:
    """Make the end of a highlight's block."""
    piece = Closed()
    piece.file, piece.line = file, line
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

    @overload
    def __getitem__(self, index: int) -> Tracked: ...
    @overload
    def __getitem__(self, index: slice) -> list[Tracked]: ...
    def __getitem__(self, index: int | slice) -> Tracked | list[Tracked]:
        return list(self)[index] if isinstance(index, slice) else self._item(self.names[index])

    def __add__(self, more: Iterable[Any]) -> list[Any]:
        return [*self, *more]

    def __radd__(self, before: Iterable[Any]) -> list[Any]:
        return [*before, *self]

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __str__(self) -> str:
        return ", ".join(self.names)

    def _item(self, name: str) -> Tracked:
        return lensed(name, self.owner, self.field, (("item",),))


def plain_text(value: Any) -> str:
    """How a value that is not text reads in a note: nothing for None, ISO dates in UTC, true and false.

    >>> from datetime import date
    >>> plain_text(None), plain_text(True), plain_text(date(2024, 5, 1)), plain_text(3)
    ('', 'true', '2024-05-01', '3')
    """
    if isinstance(value, str):
        return value if isinstance(value, Piece) else str(value)
    # Before what is slow to ask: whether it is an iterator.
    if type(value) is int or type(value) is date:
        return str(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return iso_seconds(value)
    if isinstance(value, list | tuple | Iterator):
        return ", ".join(plain_text(item) for item in value)
    text = str(value)  # first: what is undefined says so here, and passes for a function too
    if text and callable(value):  # so is what an inline "if" gives that has no "else", and prints as nothing
        # Its text would hold an address, another one in every run.
        raise TypeError("a function was printed; call it with ()")
    return text


def iso_seconds(moment: datetime) -> str:
    """Date and time as Obsidian's property type wants it: UTC, whole seconds, no zone.

    >>> iso_seconds(datetime(2024, 5, 1, 12, 30, 9, tzinfo=UTC))
    '2024-05-01T12:30:09'
    """
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")


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


class Rendered(NamedTuple):
    """A note's text, and where its blocks, values and properties stand in it."""

    text: str
    layout: Layout
