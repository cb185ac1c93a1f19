"""Merge the lines of one block: what only looks different is no difference, what can stand together does. No I/O.

Trailing blanks, the sign of a list item and how deep the whole block is indented are its user's; theirs' lines come
in that form. Lines the user deleted stay deleted. Only lines both sides rewrote are a conflict: ours stay.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from vaultsync.merging.diff3 import chunks, matches, woven

_ITEM = re.compile(r"([ \t]*)([-*+])(?=[ \t])")
_MARKER = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+")


class BlockMerge(msgspec.Struct, frozen=True):
    """A merged block. conflicts: what theirs would have instead of lines of ours, one for each stretch of lines."""

    lines: list[str]
    conflicts: list[list[str]]


def key(line: str) -> str:
    """What a line is compared by: no trailing blanks, any sign for a list item."""
    bare = line.rstrip()
    return _ITEM.sub(r"\1-", bare) if bare.lstrip(" \t")[:1] in ("*", "+") else bare


def same_lines(one: Sequence[str], two: Sequence[str]) -> bool:
    """Whether two blocks hold the same lines, blank ones and indentation of the whole aside."""
    return _solid([key(line) for line in dedented(one)]) == _solid([key(line) for line in dedented(two)])


def _solid(keys: Sequence[str]) -> list[str]:
    return [line for line in keys if line]


def margin(lines: Sequence[str]) -> str:
    """The indentation all lines have, blank ones aside."""
    margins = [line[: len(line) - len(line.lstrip(" \t"))] for line in lines if line.strip()]
    shortest = min(margins, key=len, default="")
    return shortest if all(one.startswith(shortest) for one in margins) else ""


def dedented(lines: Sequence[str]) -> list[str]:
    """Lines without the indentation all of them have."""
    common = len(margin(lines))
    return [line[common:] if line.strip() else line for line in lines]


def inside(lines: Sequence[str]) -> str:
    """The indentation with which more can be put into the block's container: into its list item, if it is one."""
    common = margin(lines)
    solid = [line for line in lines if line.strip()]
    marker = _MARKER.match(solid[0]) if solid else None
    if marker is None:
        return common
    content = " " * len(marker[0]) if "\t" not in common else f"{common}  "
    rest = [line[: len(line) - len(line.lstrip(" \t"))] for line in solid[1:]]
    return content if all(len(one.expandtabs(4)) >= len(content.expandtabs(4)) for one in rest) else common


def merge_block(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> BlockMerge:
    """Both sides' changes to one block, in ours' form.

    >>> merge_block(["- a", "b"], ["* a", "mine", "b"], ["- a", "B"]).lines
    ['* a', 'mine', 'B']
    """
    if ours == base or theirs == base:  # most blocks are as they were
        return BlockMerge(list(theirs if ours == base else ours), [])
    deeper = _deeper(base, ours)
    old = [key(line) for line in base]
    mine = [key(line.removeprefix(deeper)) for line in ours]
    new = [key(line) for line in theirs]
    arriving = [_in_form(line, base, ours, deeper) for line in theirs]
    merged = BlockMerge([], [])
    for stable, b, o, t in chunks(old, mine, new):
        if stable or new[t] in (mine[o], old[b]):
            merged.lines.extend(ours[o])
        elif mine[o] == old[b]:
            merged.lines.extend(arriving[t])
        elif _solid(new[t]) == _solid(old[b]) or _solid(mine[o]) == _solid(old[b]):  # one side moved blank lines only
            merged.lines.extend(ours[o] if _solid(new[t]) == _solid(old[b]) else arriving[t])
        else:
            both = _together(old[b], mine[o], new[t])
            lines = dict(zip(new[t], arriving[t], strict=True)) | dict(zip(mine[o], ours[o], strict=True))
            merged.lines.extend(ours[o] if both is None else [lines[line] for line in both])
            if both is None and _disputed(mine[o], new[t]):
                merged.conflicts.append(list(arriving[t]))
    return merged


def _together(old: Sequence[str], mine: Sequence[str], new: Sequence[str]) -> Sequence[str] | None:
    """Both sides' changes of some lines; None if they don't go together. What both put in is no difference.

    >>> _together(["# Old"], ["By me", "# Old"], ["By me", "# New"])
    ['By me', '# New']
    """
    head = _alike(mine, new)
    tail = _alike(mine[head:][::-1], new[head:][::-1])
    own, other = mine[head : len(mine) - tail], new[head : len(new) - tail]
    if other == old:
        return mine
    if own == old or (not own and len(_solid(mine)) >= len(_solid(old))):
        return new
    return woven(old, mine, new)


def _alike(one: Sequence[str], two: Sequence[str]) -> int:
    """How many lines are the same at the beginning."""
    return next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))


def in_common(base: Sequence[str], ours: Sequence[str]) -> list[str]:
    """The lines of base that ours has as well, however it is indented.

    >>> in_common(["- a", "b"], ["  * a", "  mine"])
    ['- a']
    """
    deeper = _deeper(base, ours)
    mine = [key(line.removeprefix(deeper)) for line in ours]
    return [line for at, _, length in matches([key(line) for line in base], mine) for line in base[at : at + length]]


def _disputed(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether lines both sides changed are worth a question: not what ours deleted, nor what ours holds already."""
    mine, new = _solid(ours), _solid(theirs)
    holds = any(mine[at : at + len(new)] == new for at in range(len(mine) - len(new) + 1))
    return bool(mine) and not holds


def _deeper(base: Sequence[str], ours: Sequence[str]) -> str:
    """By what ours is indented as a whole and base is not."""
    one, two = margin(base), margin(ours)
    return two[: len(two) - len(one)] if two.endswith(one) else ""


def _in_form(line: str, base: Sequence[str], ours: Sequence[str], deeper: str) -> str:
    """A line of theirs with ours' signs for list items and ours' indentation."""
    item = _ITEM.match(line)
    if item and item[2] not in _signs(ours) and item[2] in _signs(base):
        sign = next(iter(_signs(ours)), item[2])
        line = line[: item.start(2)] + sign + line[item.end(2) :]
    return deeper + line if line.strip() else line


def _signs(lines: Sequence[str]) -> dict[str, None]:
    return dict.fromkeys(item[2] for item in map(_ITEM.match, lines) if item)


def with_anchor(base: Sequence[str], ours: Sequence[str], block_id: str) -> list[str]:
    """Our lines with the anchor put back where base has it: at the end of its line, or on a line of its own."""
    anchor = f"^{block_id}"
    at = next((number for number, line in enumerate(base) if line.split()[-1:] == [anchor]), None)
    if at is None:
        return list(ours)
    bare = [key(line) for line in base]
    bare[at] = bare[at].removesuffix(anchor).rstrip()
    where = {a + n: b + n for a, b, length in matches(bare, [key(line) for line in ours]) for n in range(length)}
    ending = "\r" if any(line.endswith("\r") for line in ours) else ""
    if bare[at] and at in where:
        line = where[at]
        return [*ours[:line], f"{ours[line].rstrip()} {anchor}{ending}", *ours[line + 1 :]]
    place = max((where[number] + 1 for number in where if number < at and bare[number]), default=len(ours))
    own = ["" + ending, f"{margin(ours)}{anchor}{ending}", "" + ending]
    rest = ours[place:]
    while rest and not rest[0].strip():
        rest = rest[1:]
    return [*ours[:place], *own, *rest] if rest else [*ours[:place], *own[:2]]
