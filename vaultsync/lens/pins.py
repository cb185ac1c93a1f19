"""Find where the blocks of a note stand after its user has been at work: by their anchors, or by their text. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher

import msgspec

from vaultsync.lens.lines import head
from vaultsync.lens.rows import BaseBlock, Row

_ANCHOR = re.compile(r"(?:^|[ \t])\^([A-Za-z0-9-]+)(?=[ \t\r]|$)", re.MULTILINE)
_AT_END = re.compile(r"(?:^|[ \t])\^([A-Za-z0-9-]+)[ \t]*$")
_SAME_ENOUGH = 0.9


class Pin(msgspec.Struct, frozen=True):
    """A line that holds a block's anchor. cut: where the line ends but for what was written behind the anchor."""

    line: int
    block: BaseBlock
    cut: int


class Pinned(msgspec.Struct, frozen=True):
    """Where blocks stand. pins: in the order of their lines. homes: the pin that is each block's, by owner.

    orphans: first line and line after the last, by owner, of blocks whose anchor is gone. absent: owners. foreign:
    lines with anchors of other documents' blocks, or of one that is gone; what stands behind is of no block before.
    """

    pins: tuple[Pin, ...]
    homes: Mapping[str, Pin]
    orphans: Mapping[str, tuple[int, int]] = msgspec.field(default_factory=dict)
    absent: tuple[str, ...] = ()
    foreign: tuple[int, ...] = ()


def pinned(blocks: Sequence[BaseBlock], base: str, lines: Sequence[str]) -> Pinned:
    """Where blocks stand among the lines of a note's body."""
    by_id = {block.block_id: block for block in blocks if block.owner}
    marked = [number for number, line in enumerate(lines) if "^" in line]
    found = _candidates(by_id, lines, marked, _impostors(by_id, base))
    homes: dict[str, Pin] = {}
    pins: list[Pin] = []
    for owner, candidates in found.items():
        if len(candidates) == 1 and lines[candidates[0].line] == candidates[0].block.line:  # as we wrote it
            homes[owner] = candidates[0]
            pins.append(candidates[0])
            continue
        likely = [pin for pin in candidates if _is_likely(pin, lines)] or candidates[:1]
        homes[owner] = min(likely, key=lambda pin: _strangeness(pin, lines))
        pins += [pin for pin in likely if pin is homes[owner] or _has_company(pin, lines)]
    # Of two on one line only the last is an anchor.
    last = {pin.line: pin for pin in sorted(pins, key=lambda pin: (pin.line, pin.cut))}
    homes = {owner: pin for owner, pin in homes.items() if last[pin.line] is pin}
    pins = [pin for pin in last.values() if pin.block.owner in homes]
    missing = [block for block in blocks if block.owner and block.owner not in homes]
    taken = [pin.line for pin in pins]
    orphans = {
        block.owner: place for block in missing if (place := _orphan(block, base, lines, taken, missing)) is not None
    }
    absent = tuple(one.owner for one in missing if one.owner not in orphans)
    return Pinned(tuple(pins), homes, orphans, absent, tuple(_foreign(by_id, base, lines, marked)))


def _impostors(blocks: Mapping[str, BaseBlock], base: str) -> set[str]:
    """Lines of the base with what looks like an anchor, inside a value."""
    if base.count("^") == sum(block.anchor >= 0 for block in blocks.values()):  # as in most notes
        return set()
    lines: set[str] = set()
    real: set[str] = set()
    for match in _ANCHOR.finditer(base):
        block = blocks.get(match[1])
        if block is not None:
            line = base[base.rfind("\n", 0, match.start() + 1) + 1 : base.find("\n", match.end())].rstrip()
            (real if match.end() - len(match[1]) - 1 == block.anchor else lines).add(line)
    return lines - real


def _foreign(blocks: Mapping[str, BaseBlock], base: str, lines: Sequence[str], marked: Iterable[int]) -> Iterator[int]:
    """Lines with an anchor that is made as ours are and none of ours; one that base has as well stands in a value."""
    kinds = {(name.removesuffix(block.owner), block.owner.isdigit()) for name, block in blocks.items()}
    for number in marked:
        line = lines[number]
        found = _AT_END.search(line)
        if found is None or found[1] in blocks:
            continue
        kind = (found[1].rstrip("0123456789"), True)
        alike = any(kind == one or (not one[1] and found[1].startswith(one[0])) for one in kinds if one[0])
        if alike and f"{line.rstrip()}\n" not in base:
            yield number


def _candidates(
    blocks: Mapping[str, BaseBlock], lines: Sequence[str], marked: Iterable[int], not_one: set[str]
) -> dict[str, list[Pin]]:
    """Lines with an anchor at their end; of a block that has none, those with text behind it. marked: with its sign."""
    proper: dict[str, list[Pin]] = {}
    loose: dict[str, list[Pin]] = {}
    for number in marked:
        line = lines[number]
        if line.rstrip() in not_one:
            continue
        for match in _ANCHOR.finditer(line):
            block = blocks.get(match[1])
            if block is not None:
                kind = loose if line[match.end() :].strip() else proper
                kind.setdefault(block.owner, []).append(Pin(number, block, match.end()))
    return {**loose, **proper}


def _anchor_row(pin: Pin) -> Row | None:
    return pin.block.head[-1] if pin.block.head else None


def _is_likely(pin: Pin, lines: Sequence[str]) -> bool:
    """Whether the line has what the template puts beside the anchor: one typed into a value has not."""
    row = _anchor_row(pin)
    if row is None:
        return False
    line = lines[pin.line][: pin.cut]
    start = head(row, line)
    if row.holes:
        return line.endswith(row.literals[-1].rstrip()) and (start is not None or "\n" in row.text)
    return start is not None


def _strangeness(pin: Pin, lines: Sequence[str]) -> tuple[bool, bool, int]:
    """Sorts a block's own place before others: the line as it was, then one that begins as it did, then the first."""
    row, line = _anchor_row(pin), lines[pin.line][: pin.cut]
    if row is None:
        return True, True, pin.line
    start = head(row, line)
    return row.text.split("\n")[-1].rstrip() != line, start is None or start.cost > 0, pin.line


def _has_company(pin: Pin, lines: Sequence[str]) -> bool:
    """Whether a further anchor stands in a copy of the block, and not just in something its user wrote."""
    above, below = pin.block.head[:-1], pin.block.tail
    row = _anchor_row(pin)
    if not above or (row is not None and row.holes):
        return True
    before = next((line for line in reversed(lines[: pin.line]) if line.strip()), "")
    after = next((line for line in lines[pin.line + 1 :] if line.strip()), "")
    return head(above[-1], before) is not None or bool(below and head(below[0], after) is not None)


def _orphan(
    block: BaseBlock, base: str, lines: Sequence[str], taken: Sequence[int], missing: Sequence[BaseBlock]
) -> tuple[int, int] | None:
    """Where a block stands that lost its anchor: the one place with its longest line, if the rest is there too."""
    anchor = re.compile(rf"[ \t]*\^{re.escape(block.block_id)}[ \t]*$", re.MULTILINE)
    known = [line for line in anchor.sub("", base[block.start : block.end]).split("\n") if line.strip()]
    if not known:
        return None
    longest = max(known, key=len).strip()
    places = [number for number, line in enumerate(lines) if line.strip() == longest]
    if (
        len(places) != 1
        or base.count(longest) != 1
        or any(longest in base[one.start : one.end] for one in missing if one is not block)
    ):
        return None
    least = max((line + 1 for line in taken if line < places[0]), default=0)
    most = min((line for line in taken if line > places[0]), default=len(lines))
    start, end = _around(places[0], [line.strip() for line in known].index(longest), len(known), lines, (least, most))
    ours = [line.strip() for line in lines[start:end] if line.strip()]
    alike = SequenceMatcher(None, "\n".join(line.strip() for line in known), "\n".join(ours), autojunk=False).ratio()
    return (start, end) if alike >= _SAME_ENOUGH else None


def _around(place: int, above: int, count: int, lines: Sequence[str], within: tuple[int, int]) -> tuple[int, int]:
    """Lines around a place: so many that hold anything above it, and so many in all."""
    start = place
    left = above
    while left and start > within[0]:
        start -= 1
        left -= bool(lines[start].strip())
    end, left = place + 1, count - above - 1
    while left and end < within[1]:
        left -= bool(lines[end].strip())
        end += 1
    return start, end
