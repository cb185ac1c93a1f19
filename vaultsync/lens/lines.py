"""Lines of an edited note, and where on them a row's first literal ends. No I/O.

Blanks at a literal's end, indentation, the sign of a list item and a task box are decoration.
"""

from __future__ import annotations

import re

import msgspec

from vaultsync.lens.rows import Hole, Row, continues, words_of

_START = re.compile(r"([ \t]*)([-*+](?:[ \t]+|$))?(\[[^\]\n]\][ \t]+)?")
_BOX = re.compile(r"\[[^\]\n]\](?:[ \t]+|$)")
_DECORATED = 0.25

Place = tuple[int, int]


class Head(msgspec.Struct, frozen=True):
    """Where the first literal of a row ends on a line. was, now: indentation in the base and in the note.

    boxed: after a task box that could also be the beginning of a value.
    """

    at: int
    cost: float = 0.0
    was: str = ""
    now: str = ""
    boxed: bool = False


class Lines(msgspec.Struct, frozen=True):
    """Lines of an edited note. starts: of each, in characters. names: tags by their names at the service."""

    texts: list[str]
    starts: list[int]
    names: tuple[str, ...] = ()

    def alike(self, line: int, row: Row) -> float:
        """How many words and signs a line shares with a row, from 0 to 1."""
        ours, base = words_of(self.texts[line]), words_of(row.text)
        return 2 * len(ours & base) / ((len(ours) + len(base)) or 1)


def head(row: Row, line: str) -> Head | None:
    """Where the row's first literal ends on the line; None if it does not stand there."""
    literal = row.literals[0]
    if not literal and row.holes:
        return _valued_head(row.holes[0], line)
    start = _literal_head(literal, line)
    if start is None or not row.holes:
        return None if start is None or line[start.at :].strip() else start
    return _unboxed(row, line, start)


def _literal_head(literal: str, line: str) -> Head | None:
    at = _past(literal, line, 0)
    if at is not None:
        return Head(at)
    base, ours = _START.match(literal), _START.match(line)
    if base is None or ours is None or bool(base[2]) != bool(ours[2]) or not (base[2] or literal.strip()):
        return None
    at = _past(literal[base.end() :], line, ours.end() if base[2] else ours.end(1))
    return None if at is None else Head(at, _DECORATED, base[1], ours[1])


def _unboxed(row: Row, line: str, start: Head) -> Head:
    """The head with a task box taken in, if the item begins with a value that had none."""
    bare = _START.fullmatch(row.literals[0])
    if bare is None or not bare[2] or bare[3] or _BOX.match(row.holes[0].text):
        return start
    box = _BOX.match(line, start.at)
    return msgspec.structs.replace(start, at=box.end(), cost=_DECORATED, boxed=True) if box else start


def _valued_head(hole: Hole, line: str) -> Head | None:
    if not hole.is_prefixed or continues(hole.span.via, "x") == "yes" or not is_quoted(hole):
        return Head(0)
    bare = line.lstrip(" \t")
    if not bare.startswith(">"):
        return None
    width = len(line) - len(bare)
    return Head(width, _DECORATED if width else 0.0, "", line[:width])


def is_quoted(hole: Hole) -> bool:
    """Whether the value stands in a quote."""
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


def as_in_base(line: str, start: Head) -> str:
    """A line with the indentation its row has in the base."""
    if start.was == start.now or not line.startswith(start.now):
        return line
    return start.was + line[len(start.now) :]


def run_end(tail: Hole, at: int, start: Head, lines: Lines) -> int:
    """Where the lines end that are marked as the value's own."""
    end = at + 1
    for place in range(at + 1, len(lines.texts)):
        state = continues(tail.span.via, as_in_base(lines.texts[place], start))
        if state == "no":
            break
        end = place + 1 if state == "yes" else end
    return end


def text_of(at: Place, start: Head, lines: Lines) -> str:
    """Some lines as one text, with the indentation they would have in the base."""
    if at[1] == at[0] + 1:
        return lines.texts[at[0]]
    return "\n".join([lines.texts[at[0]], *(as_in_base(line, start) for line in lines.texts[at[0] + 1 : at[1]])])


def closing(literal: str, text: str, start: int) -> int | None:
    """Where the last literal begins, None if the text does not end with it."""
    last, bare = literal.rstrip(), text.rstrip()
    if not last:
        return len(text)
    end = len(bare) - len(last)
    return end if end >= start and bare.endswith(last) else None


def place_of(place: Place, first: int, start: Head, lines: Lines) -> Place:
    """Characters of a row's text as characters of the note."""

    def moved(at: int) -> int:
        number, left = first, at
        while left > (width := len(as_in_base(lines.texts[number], start) if number > first else lines.texts[number])):
            left, number = left - width - 1, number + 1
        if number > first and as_in_base(lines.texts[number], start) != lines.texts[number]:
            left = max(0, left - len(start.was) + len(start.now))
        return lines.starts[number] + left

    return moved(place[0]), moved(place[1])
