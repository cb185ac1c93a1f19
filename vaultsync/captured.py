"""Text that a template joined itself, with the values in it still known by their place. No I/O.

Macros, `{% set %}` with a body and `{% filter %}` need one string. Each piece in it is wrapped in Unicode noncharacters
with its number, and taken out again afterwards. The number is written in noncharacters too, so that no filter
mistakes it for text. No text of ours contains them: sources strip them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, TypeGuard

from vaultsync.tracked import (
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

_DIGITS = {ord(digit): chr(0xFDE0 + int(digit)) for digit in "0123456789"}


class Marked(Piece):
    """Text a template joined, with marks around the pieces in it; compares and counts as if without them."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return unmarked(self) == (unmarked(other) if isinstance(other, Marked) else other)

    def __ne__(self, other: object) -> bool:  # str has its own, which would be found first
        return not self == other

    def __hash__(self) -> int:
        return hash(unmarked(self))

    def __len__(self) -> int:
        return len(unmarked(self))

    def __bool__(self) -> bool:
        return bool(unmarked(self))

    def __contains__(self, part: object) -> bool:
        return isinstance(part, str) and unmarked(part) in unmarked(self)


def printed(value: Any) -> str:
    """What a template prints for `value`, as a piece."""
    kind = type(value)
    if kind is str:
        if not value.isascii() and has_marks(value):
            return Marked(value)
        piece = Printed(value)
        piece.value = value
        return piece
    if isinstance(value, Piece):
        return value
    if isinstance(value, str):
        if has_marks(value):
            return Marked(value)
    elif kind is not int and kind is not date and isinstance(value, Iterator):
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
        return f"{OPEN}{number}{MIDDLE}{piece}{CLOSE}"

    def split(self, text: str) -> Iterator[str]:
        """The literals and pieces of marked text; a piece whose text a filter changed is read-only text now."""
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
