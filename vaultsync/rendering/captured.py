"""Text that a template joined itself, with the values in it still known by their place. No I/O.

Macros, `{% set %}` with a body and `{% filter %}` need one string. Each piece in it is wrapped in Unicode noncharacters
with its number, and taken out again afterwards. The number is written in noncharacters too, so that no filter
mistakes it for text. No text of ours contains them: sources strip them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any, TypeGuard

from vaultsync.rendering.tracked import (
    CLOSE,
    MIDDLE,
    OPEN,
    Closed,
    Opened,
    Piece,
    Printed,
    Tracked,
    has_marks,
    plain_text,
    unmarked,
)

_BLOCK = "\ufdd3"
_DIGITS = {ord(digit): chr(0xFDE0 + int(digit)) for digit in "0123456789"}


class Marked(Piece):
    """Text a template joined, with marks around the pieces in it.

    Whoever looks at it (compares, counts, slices, splits it) sees, and gets, text without marks.
    """

    __slots__ = ()


def _unmarked_first(name: str) -> Callable[..., Any]:
    method = getattr(str, name)

    def looked_at(self: Marked, *args: Any) -> Any:
        found = method(unmarked(self), *(unmarked(arg) if isinstance(arg, Marked) else arg for arg in args))
        if _BLOCK in str.__str__(self) and not isinstance(found, int):
            raise TypeError("text that holds a {% highlight %} block can't be cut or changed this way")
        return found

    return looked_at


# These work as well with marks in the text. And format must stay str's own, for the sandbox to know and guard it.
_WORK_ON_MARKS = {"upper", "lower", "swapcase", "casefold", "replace", "format", "format_map"}
_LOOKS = {"__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__", "__len__", "__contains__"}
_CUTS = {"__getitem__", "__iter__"}
for _name in {name for name in dir(str) if not name.startswith("_")} - _WORK_ON_MARKS | _LOOKS | _CUTS:
    setattr(Marked, _name, _unmarked_first(_name))


def printed(value: Any) -> str:
    """What a template prints for `value` that is no piece yet, as one."""
    if isinstance(value, str):
        if has_marks(value):
            return Marked(value)
    # Numbers and days are printed most, and whether something is an iterator is slow to ask.
    elif type(value) is not int and type(value) is not date and isinstance(value, Iterator):
        value = list(value)
    piece = Printed(plain_text(value))
    piece.value = value
    return piece


_MARKED = re.compile(f"{OPEN}([\ufde0-\ufde9]+){MIDDLE}([^\ufdd0-\ufdef]*){CLOSE}")


class Joiner:
    """Joins pieces into marked text where a template needs one string, and takes it apart again."""

    __slots__ = ("_count", "_pieces")

    def __init__(self) -> None:
        # Numbers are never used again: text of an earlier note, kept by some filter's cache, must not find a piece.
        self._count = 0
        self._pieces: dict[str, Piece] = {}

    def clear(self) -> None:
        """Forget the pieces of the last rendering."""
        self._pieces.clear()

    def join(self, parts: Iterable[str]) -> str:
        """One string of the parts; pieces in it keep their place by marks."""
        return Marked("".join([self._marked(part) if isinstance(part, Piece) else part for part in parts]))

    def _marked(self, piece: Piece) -> str:
        if type(piece) is Marked:
            return piece
        self._count += 1
        number = str(self._count).translate(_DIGITS)
        self._pieces[number] = piece
        sign = _BLOCK if isinstance(piece, Opened | Closed) else ""
        return f"{sign}{OPEN}{number}{MIDDLE}{piece}{CLOSE}"

    def split(self, text: str) -> Iterator[str]:
        """The literals and pieces of marked text; a piece whose text a filter changed is read-only text now."""
        text = str.__str__(text)  # as it is, marks and all
        at = 0
        for match in _MARKED.finditer(text):
            if match.start() > at:
                yield unmarked(text[at : match.start()])
            piece = self._pieces.get(match[1])
            yield piece if piece is not None and piece == match[2] else printed(match[2])
            at = match.end()
        yield unmarked(text[at:])


class BlockJoiner(Joiner):
    """Keeps track of blocks and their anchors only: for templates that look at the text they capture."""

    __slots__ = ()

    def join(self, parts: Iterable[str]) -> str:
        """Text; with marks where it holds a block, else a value like any other."""
        text = "".join([self._marked(part) if _is_of_block(part) else part for part in parts])
        return Marked(text) if OPEN in text else text


def _is_of_block(part: str) -> TypeGuard[Piece]:
    return isinstance(part, Opened | Closed | Marked) or (isinstance(part, Tracked) and part.field == "anchor")
