"""A note's body as stretches: the document's own block and every highlight's, each with what follows it. No I/O.

What follows a block, up to the next one, is mostly its user's text. New blocks are put in below it and others taken
out of the row without a line of it being moved or lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from vaultsync.merging.blocks import key

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_IN_LIST = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]|[ \t]+\S")


class Stretch(msgspec.Struct):
    """A block and the lines after it, up to the next block. owner: "" is the document's own block."""

    owner: str
    lines: list[str]
    after: list[str] = msgspec.field(default_factory=list)


class Part(msgspec.Struct, frozen=True):
    """Where a block stands in a text. start, end: characters; of whole lines, or cut out of them."""

    owner: str
    start: int
    end: int


def lines_of(text: str) -> list[str]:
    """The lines of a text that ends with a newline, or is empty."""
    return text.split("\n")[:-1]


def cut(text: str, body: int, parts: Iterable[Part]) -> list[Stretch]:
    """The body of a text, cut into stretches, in order; the document's own block is the first of them.

    Blank lines at a block's ends belong to what follows it, and to what follows the block before.
    """
    lines = lines_of(text[body:])
    stretches = [Stretch("", [])]
    at = 0
    above, counted = 0, body  # lines up to a place
    for part in sorted(parts, key=lambda part: part.start):
        above, counted = above + text.count("\n", counted, part.start), max(counted, part.start)
        begin = max(at, above)
        ends = above + text.count("\n", counted, part.end) + (text[part.end - 1 : part.end] != "\n")
        end = min(ends, len(lines))
        while begin < end and not lines[begin].strip():
            begin += 1
        if begin >= end:
            continue
        while not lines[end - 1].strip():
            end -= 1
        stretches[-1].after += lines[at:begin]
        stretches.append(Stretch(part.owner, lines[begin:end]))
        at = end
    stretches[-1].after += lines[at:]
    own = stretches[0]
    solid = len(own.after) - _blanks(own.after[::-1])
    own.lines, own.after = own.after[:solid], own.after[solid:]
    return stretches


def set_apart(own: Stretch, ending: Sequence[str]) -> None:
    """Where theirs has no blocks any more: take what came after the last one for that again. ending: of base."""
    solid = [key(line) for line in ending[_blanks(ending) : len(ending) - _blanks(ending[::-1])]]
    if solid and [key(line) for line in own.lines[-len(solid) :]] == solid:
        lines = own.lines[: -len(solid)]
        kept = len(lines) - _blanks(lines[::-1])
        own.after = [*own.lines[kept:], *own.after]
        own.lines = own.lines[:kept]


def take_back(theirs: Sequence[Stretch]) -> None:
    """Where base has no blocks: take what comes after theirs' last one for the document's own, as it is in base."""
    own, last = theirs[0], theirs[-1]
    if last is not own:
        lines = [*own.lines, *last.after]
        solid = len(lines) - _blanks(lines[::-1])
        own.lines, own.after, last.after = lines[:solid], lines[solid:] or own.after, []


def is_heading(line: str) -> bool:
    """Whether a line is a heading."""
    return _HEADING.match(line) is not None


def joined(stretches: Iterable[Stretch]) -> list[str]:
    """The lines of stretches again."""
    return [line for stretch in stretches for line in (*stretch.lines, *stretch.after)]


def _blanks(lines: Sequence[str]) -> int:
    """How many lines are blank at the beginning."""
    if lines and lines[0].strip():  # nearly always
        return 0
    return next((number for number, line in enumerate(lines) if line.strip()), len(lines))


def take_out(stretches: list[Stretch], owner: str) -> None:
    """Remove a block with one of the gaps around it; what its user wrote after it stays."""
    at = next(number for number, stretch in enumerate(stretches) if stretch.owner == owner)
    before, gone = stretches[at - 1], stretches.pop(at)
    upper, lower = before.after, gone.after
    above, below = _blanks(upper[::-1]), _blanks(lower)
    ends = at == len(stretches) and below == len(lower)
    gap = lower[:below] if below or ends else upper[len(upper) - above :]
    before.after = [*upper[: len(upper) - above], *gap, *lower[below:]]


def put_in(stretches: list[Stretch], theirs: Sequence[Stretch], at: int) -> None:
    """Insert the block theirs has at `at`: after the nearest block before it that ours has, else before the next.

    It comes below what its user wrote after that block, but stays in the same section.
    """
    have = {stretch.owner: number for number, stretch in enumerate(stretches)}
    before = next((have[one.owner] for one in theirs[at - 1 : 0 : -1] if one.owner in have), None)
    if before is not None:
        place = _below(stretches, before, theirs[at - 1].after, theirs[at].after)
    else:
        following = (have[one.owner] for one in theirs[at + 1 :] if one.owner in have)
        before = next(following, len(stretches)) - 1
        place = len(stretches[before].after)
    _insert(stretches, before, place, theirs[at - 1].after, Stretch(theirs[at].owner, list(theirs[at].lines)))


def _insert(stretches: list[Stretch], before: int, place: int, above: Sequence[str], new: Stretch) -> None:
    """Put a block into what follows another, with the blank lines the template has around. above: its gap in theirs."""
    old = stretches[before]
    upper, lower = old.after[:place], old.after[place:]
    solid = len(above) - _blanks(above[::-1])
    gap = len(above) - solid
    known = {key(line) for line in joined(stretches)}
    heading = above[_blanks(above) : solid] if before and not all(key(line) in known for line in above[:solid]) else []
    blank = new.lines[0][len(new.lines[0].rstrip("\r")) :]
    last = upper[-1 - _blanks(upper[::-1])] if any(line.strip() for line in upper) else ""
    first = (heading or new.lines)[0]
    apart = max(gap, 1) if last and not (_IN_LIST.match(last) and _IN_LIST.match(first)) else gap
    old.after = [*_spaced(upper, apart, blank), *heading, *([blank] * gap if heading else [])]
    more = any(line.strip() for line in lower)
    new.after = lower
    if more or before + 1 < len(stretches):
        wanted = max(gap, 1) if more else gap
        new.after = [blank] * max(0, wanted - _blanks(lower)) + lower
    stretches.insert(before + 1, new)


def _spaced(lines: Sequence[str], wanted: int, blank: str) -> list[str]:
    """Lines with at least so many blank ones at the end."""
    return [*lines, *[blank] * max(0, wanted - _blanks(lines[::-1]))]


def _below(stretches: Sequence[Stretch], at: int, above: Sequence[str], below: Sequence[str]) -> int:
    """Where a new block goes in the lines after a block.

    Below those that stand before it in theirs, above those that stand behind it, before a heading that ends the
    section. above, below: what stands before and behind it in theirs.
    """
    after = stretches[at].after
    keys = [key(line) for line in after]
    low = next((n + 1 for line in reversed(above) if line.strip() for n in _where(keys, key(line))), 0)
    high = next((n for line in below if line.strip() for n in _where(keys, key(line)) if n >= low), len(after))
    section = _level([*stretches[0].lines, *(line for stretch in stretches[:at] for line in stretch.after)])
    ending = (n for n, depth in _headings(after) if low <= n < high and depth <= section)
    return next(ending, high)


def _where(keys: Sequence[str], wanted: str) -> list[int]:
    return [number for number, line in enumerate(keys) if line == wanted]


def _headings(lines: Sequence[str]) -> list[tuple[int, int]]:
    """Line numbers and levels of headings, outside code fences; a fence nobody closed is none."""
    found: list[tuple[int, int]] = []
    at = 0
    while at < len(lines):
        fence = _FENCE.match(lines[at])
        closing = fence and next((n for n in range(at + 1, len(lines)) if _closes(lines[n], fence[1])), None)
        heading = _HEADING.match(lines[at])
        if heading:
            found.append((at, len(heading[1])))
        at = closing + 1 if closing else at + 1
    return found


def _closes(line: str, fence: str) -> bool:
    return line.strip().startswith(fence) and not line.strip().strip(fence[0])


def _level(lines: Sequence[str]) -> int:
    """The level of the last heading; 0 if there is none."""
    headings = _headings(lines)
    return headings[-1][1] if headings else 0
