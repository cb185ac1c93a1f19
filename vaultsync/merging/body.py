"""Merge a note's body block by block: what comes, what goes, what is to be told, and where. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from vaultsync.lens.alignment import LOST
from vaultsync.lens.reading import Reading
from vaultsync.merging.blocks import BlockMerge, in_common, inside, key, merge_block, same_lines, with_anchor
from vaultsync.merging.conflicts import ENDING, LINES, PROPERTY, Aside, FieldConflict, with_asides
from vaultsync.merging.splice import Spliced
from vaultsync.merging.stretches import Part, Stretch, cut, is_heading, joined, put_in, set_apart, take_back, take_out
from vaultsync.note import anchors, split
from vaultsync.rendering.tracked import Layout

_RUNS = (">", "|")


class _Telling(NamedTuple):
    """What is to be told. owner: of the block it comes after, None for the top. line: it comes after its paragraph."""

    owner: str | None
    field: str
    block_id: str
    theirs: str | None
    line: str = ""


class Body(msgspec.Struct):
    """The merge of one note's body; used once.

    layout: of base; new_layout: of theirs. ending: a carriage return, if lines of ours end with one. agreed: base as it
    was before any value was put into it. adopting: nobody knows the base; what it has in common with ours stands in for
    it. stretches: the note as it comes to be. kept: highlights gone at the source whose blocks stay.
    """

    reading: Reading
    layout: Layout
    new_layout: Layout
    ending: str
    agreed: str | None = None
    adopting: bool = False
    stretches: list[Stretch] = msgspec.field(default_factory=list)
    tellings: list[_Telling] = msgspec.field(default_factory=list)
    kept: list[str] = msgspec.field(default_factory=list)

    def merge(self, was: Spliced, mine: Spliced, theirs: str) -> None:
        """Merge block by block. was, mine: base and ours with the merged values in them; theirs: the text."""
        # Without blocks in base, all of it is the document's own: the first ones come with the text around them. But
        # if any is in ours already, as the first that was made of a passage in it is, it is not to come again.
        first = not self.layout.blocks and not self.adopting and not self._anchors(mine.text)
        self._merge(was, mine, theirs, apart=not first)
        if first and len(self._anchors("\n".join(joined(self.stretches)))) < len(self.new_layout.blocks):
            # Something of its user's stands in their way: text that can't be merged is told, a block is put in.
            self.tellings.clear()
            self._merge(was, mine, theirs, apart=True)

    def _anchors(self, text: str) -> Mapping[str, object]:
        """Those of theirs that stand in a text."""
        return anchors(text, {one.block_id for one in self.new_layout.blocks})

    def _merge(self, was: Spliced, mine: Spliced, theirs: str, *, apart: bool) -> None:
        """Merge; apart: the blocks of theirs each by itself."""
        old, new = self._rendered(was, theirs, apart=apart)
        note = split(mine.text)
        start = len(note.mark) + len(note.front)
        if note.body.replace("\r\n", "\n") == was.text[self.layout.body :]:
            self.stretches = new
            return
        if len(old) == 1 and not self.adopting:
            take_back(new)
        regions = {**self.reading.regions, **self.reading.orphans} if len(old) > 1 else {}
        parts = [Part(owner, mine.place(at.start), mine.place(at.end)) for owner, at in regions.items() if owner]
        self.stretches = cut(mine.text, start, parts)
        self._merge_blocks({one.owner: one for one in old}, {one.owner: one for one in new})
        self._merge_gaps(old, new)
        self._take_out({one.owner: one for one in old}, {one.owner for one in new})
        self._put_in({one.owner for one in old}, new)

    def _rendered(self, was: Spliced, theirs: str, *, apart: bool) -> tuple[list[Stretch], list[Stretch]]:
        """Base and theirs as stretches; lines of theirs end as ours do."""
        blocks = [Part(one.id, was.place(one.start), was.place(one.end)) for one in self.layout.blocks]
        old = cut(was.text, self.layout.body, blocks)
        blocks = [Part(one.id, one.start, one.end) for one in self.new_layout.blocks]
        new = cut(theirs, self.new_layout.body, blocks if apart else [])
        if len(new) == 1:
            set_apart(new[0], old[-1].after)
        for stretch in new if self.ending else ():
            stretch.lines = [line + self.ending for line in stretch.lines]
            stretch.after = [line + self.ending for line in stretch.after]
        return old, new

    def _merge_blocks(self, old: dict[str, Stretch], new: dict[str, Stretch]) -> None:
        for stretch in self.stretches:
            was, theirs = old[stretch.owner], new.get(stretch.owner)
            if stretch.owner in self.reading.orphans:
                stretch.lines = with_anchor(was.lines, stretch.lines, self._name(stretch.owner))
            if theirs is None:
                continue
            merged = merge_block(self._base(was.lines, stretch.lines), stretch.lines, theirs.lines)
            if self.adopting and self._is_unread(stretch.owner):
                merged = _all_ours(stretch.lines, theirs.lines)
            stretch.lines = merged.lines
            if merged.conflicts:
                self._tell(stretch.owner, LINES, _hunks(merged.conflicts))

    def _is_unread(self, owner: str) -> bool:
        """Whether what a block says can't be told, though it says something."""
        return any(one.owner == owner and one.reason != LOST for one in self.reading.refusals)

    def _merge_gaps(self, old: Sequence[Stretch], new: Sequence[Stretch]) -> None:
        """Merge what the template prints between blocks, where the same block comes next in all three texts."""
        was, theirs = _following(old), _following(new)
        for owner, (mine, stretch) in _following(self.stretches).items():
            if mine and owner in was and owner in theirs and mine == was[owner][0] == theirs[owner][0]:
                before = self._base(was[owner][1].after, stretch.after)
                stretch.after = merge_block(before, stretch.after, theirs[owner][1].after).lines
        before = self._base(old[-1].after, self.stretches[-1].after)
        merged = merge_block(before, self.stretches[-1].after, new[-1].after)
        self.stretches[-1].after = merged.lines
        if merged.conflicts:
            self.tellings.append(_Telling(None, ENDING, "", _hunks(merged.conflicts)))

    def _base(self, known: Sequence[str], ours: Sequence[str]) -> Sequence[str]:
        return in_common(known, ours) if self.adopting else known

    def _take_out(self, old: dict[str, Stretch], new: set[str]) -> None:
        for stretch in list(self.stretches):
            if stretch.owner in new:
                continue
            if same_lines(old[stretch.owner].lines, stretch.lines):
                take_out(self.stretches, stretch.owner)
            else:
                self.kept.append(stretch.owner)
                self._tell(stretch.owner, "", None)

    def _put_in(self, old: set[str], new: Sequence[Stretch]) -> None:
        """Insert what is new; a block whose anchor is there, though nobody knew it, is told of if it differs."""
        names = {block.id: block.block_id for block in self.new_layout.blocks}
        if names.keys() <= old:
            return
        lines = joined(self.stretches)
        there = anchors("".join(f"{line}\n" for line in lines), names.values())
        for at, stretch in enumerate(new):
            if stretch.owner in old:
                continue
            if names[stretch.owner] not in there:
                put_in(self.stretches, new, at)
            elif not _holds(lines, stretch.lines):
                name = names[stretch.owner]
                line = next(line for line in lines if line.split()[-1:] == [f"^{name}"])
                text = "\n".join(line.rstrip("\r") for line in stretch.lines)
                self.tellings.append(_Telling("", LINES, name, text, line))

    def _tell(self, owner: str, name: str, theirs: str | None) -> None:
        self.tellings.append(_Telling(owner, name, self._name(owner), theirs))

    def _name(self, owner: str) -> str:
        return next((block.block_id for block in self.layout.blocks if block.id == owner), "")

    def tell_property(self, key: str, theirs: str) -> None:
        """Tell of a property both sides changed."""
        self.tellings.append(_Telling(None, PROPERTY + key, "", theirs))

    def tell(self, conflict: FieldConflict, mine: Spliced) -> None:
        """Tell of a field both sides changed, if its block is here."""
        theirs = conflict.theirs if isinstance(conflict.theirs, str) else ", ".join(conflict.theirs)
        if conflict.owner:
            if any(stretch.owner == conflict.owner for stretch in self.stretches):
                self._tell(conflict.owner, conflict.field, theirs)
            return
        spots = (spot for spot in self.reading.spots if (spot.owner, spot.field) == ("", conflict.field))
        spot = next(spots, None)
        if spot is not None:
            line = _line_at(mine.text, mine.place(spot.start))
            self.tellings.append(_Telling("", conflict.field, "", theirs, line))
            return
        keys = [one.key for one in self.new_layout.properties if one.field == conflict.field]
        for key_ in keys:
            self.tell_property(key_, theirs)

    def text(self) -> str:
        """The merged body with its callouts."""
        lines = joined(self.stretches)
        ends: dict[str, int] = {}
        at = 0
        for stretch in self.stretches:
            ends[stretch.owner] = at + len(stretch.lines)
            at = ends[stretch.owner] + len(stretch.after)
        blocks = {stretch.owner: stretch.lines for stretch in self.stretches}
        asides = [_placed(one, lines, ends, blocks) for one in self.tellings]
        return with_asides(lines, asides, self.ending, known=None if self.adopting else self.agreed)

    def lives(self, block_id: str) -> bool:
        """Whether the source has a highlight."""
        return any(block.block_id == block_id for block in self.new_layout.blocks)


def _placed(one: _Telling, lines: Sequence[str], ends: Mapping[str, int], blocks: Mapping[str, Sequence[str]]) -> Aside:
    """Where a callout goes: after the paragraph of a line, at the top, at the end, or after a block."""
    indent = ""
    if one.field == ENDING:
        at = len(lines)
    elif one.owner is None:
        at = 0
    elif one.line.strip() and one.line in lines:
        at = _while(lines, lines.index(one.line), lambda line: bool(line.strip()))
    else:
        at = ends[one.owner]
        if one.owner:
            indent = inside(blocks[one.owner])
            at = _past(lines, at, indent)
        else:
            at = next((n for n in range(at, 0, -1) if lines[n - 1].strip() and not is_heading(lines[n - 1])), at)
    return Aside(at, one.field, one.block_id, one.theirs, indent)


def _all_ours(ours: Sequence[str], theirs: Sequence[str]) -> BlockMerge:
    """Ours, with what it lacks of theirs as a conflict: the same value in two versions is not to become one text."""
    have = {key(line) for line in ours}
    lacking = [line for line in theirs if line.strip() and key(line) not in have]
    return BlockMerge(list(ours), [lacking] if lacking else [])


def _past(lines: Sequence[str], at: int, indent: str) -> int:
    """Behind what a callout would tear apart: a table, a quote, what else is in the list item."""
    run = lines[at - 1].lstrip()[:1]
    if run in _RUNS:
        return _while(lines, at, lambda line: line.lstrip()[:1] == run)
    return _while(lines, at, lambda line: line.strip() != "" and line.startswith((indent, "\t"))) if indent else at


def _while(lines: Sequence[str], at: int, holds: Callable[[str], bool]) -> int:
    while at < len(lines) and holds(lines[at]):
        at += 1
    return at


def _line_at(text: str, place: int) -> str:
    return text[text.rfind("\n", 0, place) + 1 : text.index("\n", place)]


def _hunks(conflicts: Iterable[Sequence[str]]) -> str:
    """Lines of theirs as one text, a blank line between stretches of them."""
    return "\n\n".join("\n".join(line.rstrip("\r") for line in lines) for lines in conflicts)


def _following(stretches: Sequence[Stretch]) -> dict[str, tuple[str | None, Stretch]]:
    """By owner: the owner of the next stretch, None at the end, and the stretch."""
    owners = [*(stretch.owner for stretch in stretches[1:]), None]
    return {stretch.owner: (after, stretch) for stretch, after in zip(stretches, owners, strict=True)}


def _holds(lines: Sequence[str], block: Sequence[str]) -> bool:
    """Whether a block stands somewhere, line by line, blank ones aside."""
    all_lines, wanted = ([key(line) for line in many if line.strip()] for many in (lines, block))
    return any(all_lines[at : at + len(wanted)] == wanted for at in range(len(all_lines)))
