"""Take back readings that look like half of a value: what was cut off stands there as text of its own. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from vaultsync.lens.alignment import Aligned
from vaultsync.lens.cuts import Edge, Out
from vaultsync.lens.inverse import Unread
from vaultsync.lens.lines import Lines
from vaultsync.lens.rows import Hole, Row

CUT = "a part of it stands outside its place, in lines that are not marked as its own"

# What begins something else than one more line of the paragraph before.
_STARTS = re.compile(r"[ \t]*(?:[-*+][ \t]|\d+[.)][ \t]|#{1,6}[ \t]|>|\||```|~~~|---|\^|<|!?\[\[|!\[)")
_ITEM = re.compile(r"[ \t>]*(?:[-*+][ \t]+(?:\[.\][ \t]+)?)?")


def guarded(rows: Sequence[Row], found: Aligned, lines: Lines) -> tuple[tuple[Out, ...], ...]:
    """What the rows say, without the values a part of which seems to stand in lines after them."""
    outs = list(found.outs)
    taken = {line for edge in found.edges.values() for line in range(edge.start, edge.end)}
    for number, edge in found.edges.items():
        row = rows[number]
        if row.holes and not row.literals[-1].strip() and _is_cut(row.holes[-1], outs[number][-1], edge, taken, lines):
            outs[number] = (*outs[number][:-1], Unread(CUT))
    return tuple(outs)


def _is_cut(hole: Hole, out: Out, edge: Edge, taken: set[int], lines: Lines) -> bool:
    if not isinstance(out, str) or out == hole.value or hole.is_one_line or not isinstance(hole.value, str):
        return False
    ends = edge.end in taken or edge.end >= len(lines.texts)
    following = "" if ends else lines.texts[edge.end]
    if following.strip() and not _STARTS.match(following):
        return True
    prose = {_bare(text) for number, text in enumerate(lines.texts) if number not in taken and text.strip()}
    return any(part in prose for part in _missing(hole.value, out))


def _missing(was: str, now: str) -> Iterator[str]:
    """Lines of a value that are not in it any more, and what was cut off its end."""
    lines = [line.strip() for line in now.split("\n")]
    yield from (bare for line in was.split("\n") if (bare := _bare(line)) and line.strip() not in lines)
    if was.startswith(now) and now:
        yield was[len(now) :].strip()


def _bare(line: str) -> str:
    start = _ITEM.match(line)
    return line[start.end() :].strip() if start else line.strip()
