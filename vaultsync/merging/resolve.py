"""Answer the conflicts of a note: ours stays as it is, or theirs is put in its place. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from vaultsync.lens.reading import Reading
from vaultsync.merging.blocks import key
from vaultsync.merging.conflicts import ENDING, LINES, PROPERTY, Callout, cleared, found
from vaultsync.merging.diff3 import Match, matches
from vaultsync.merging.patch import taken
from vaultsync.merging.splice import Spliced, places, spliced
from vaultsync.merging.stretches import Part, Stretch, cut, joined
from vaultsync.note import Note, join, split
from vaultsync.rendering.tracked import Rendered


class Resolved(msgspec.Struct, frozen=True):
    """A note whose conflicts were answered. left: those that could not be, and still stand in it."""

    text: str
    left: tuple[Callout, ...] = ()


def resolved(
    text: str, side: Literal["ours", "theirs"], base: Rendered, reading: Reading, *, moved: bool = False
) -> Resolved:
    """The note with every conflict answered for one side.

    base: what the source renders to, as kept after the merge. reading: of this text, its callouts masked. moved: it is
    another note, to which the blocks of base were moved; only the conflicts about those are answered.
    """
    names = {block.block_id for block in base.layout.blocks}
    asked = [one for one in found(text) if one.kind == "conflict" and (not moved or one.block_id in names)]
    if side == "ours":
        return Resolved(cleared(text, asked))
    answers = _Answers(text, base, asked)
    done = answers.values(reading)
    note = split(done.text)
    front = answers.properties(note.front)
    body = answers.lines(done, len(note.mark) + len(note.front), reading)
    whole = join(Note(note.mark, front, body))
    conflicts = [one for one in found(whole) if one.kind == "conflict"]
    whole = cleared(whole, [one for one in conflicts if (one.field, one.block_id) in answers.given])
    conflicts = [one for one in found(whole) if one.kind == "conflict"]
    left = tuple(one for one in conflicts if not moved or one.block_id in names)
    return Resolved(whole if text.endswith("\n") else whole.rstrip("\r\n"), left)


class _Answers:
    """Theirs' answers to some conflicts of a note. given: what was answered, as field and block id."""

    def __init__(self, text: str, base: Rendered, asked: Sequence[Callout]) -> None:
        self._newline = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
        self._text = text if text.endswith("\n") else text + self._newline
        self._base, self._layout = base
        self._asked = asked
        self._names = {block.id: block.block_id for block in self._layout.blocks}
        self.given: set[tuple[str, str]] = set()

    def values(self, reading: Reading) -> Spliced:
        """The note with theirs' values in their places."""
        asked = {(one.field, one.block_id) for one in self._asked}
        edits = []
        for place in places(self._base, self._layout, self._text, reading):
            about = (place.span.field, self._names.get(place.span.owner, ""))
            if about in asked:
                new = place.fitted(self._base[place.span.start : place.span.end]).replace("\n", self._newline)
                edits.append((place.spot.start, place.spot.end, new))
                self.given.add(about)
        return spliced(self._text, edits)

    def properties(self, front: str) -> str:
        """The front matter with theirs' properties."""
        for one in self._asked:
            name = one.field.removeprefix(PROPERTY)
            patched = taken(front, self._base[: self._layout.body], name, newline=self._newline)
            if name != one.field and patched is not None:
                front = patched
                self.given.add((one.field, one.block_id))
        return front

    def lines(self, done: Spliced, start: int, reading: Reading) -> str:
        """The body with theirs' lines in place of those that differ from them. start: of the body."""
        blocks = [Part(block.id, block.start, block.end) for block in self._layout.blocks]
        old = cut(self._base, self._layout.body, blocks)
        parts = [
            Part(owner, done.place(at.start), done.place(at.end)) for owner, at in reading.regions.items() if owner
        ]
        mine = cut(done.text, start, parts)
        ending = self._newline.removesuffix("\n")
        for one in self._asked:
            told = frozenset(key(line) for line in one.theirs.split("\n") if line.strip())
            if one.field == ENDING:
                mine[-1].after = _taken(old[-1].after, mine[-1].after, told, ending)
            elif one.field == LINES:
                was, stretch = self._block(old, one.block_id), self._block(mine, one.block_id)
                if was is None or stretch is None:
                    continue
                stretch.lines = _taken(was.lines, stretch.lines, told, ending)
            else:
                continue
            self.given.add((one.field, one.block_id))
        return "".join(f"{line}\n" for line in joined(mine))

    def _block(self, stretches: Sequence[Stretch], block_id: str) -> Stretch | None:
        return next((one for one in stretches if self._names.get(one.owner, "") == block_id), None)


def _taken(base: Sequence[str], ours: Sequence[str], told: frozenset[str], ending: str) -> list[str]:
    """Our lines, with base's where those are among the lines that were told of."""
    old, mine = [key(line) for line in base], [key(line) for line in ours]
    out: list[str] = []
    i = j = 0
    for a, b, length in (*matches(old, mine), Match(len(base), len(ours), 0)):
        if told.isdisjoint(old[i:a]):
            out += ours[j:b]
        else:
            out += [*(line + ending for line in base[i:a]), *_further(ours[j:b], _paragraphs(base[i:a]))]
        out += ours[b : b + length]
        i, j = a + length, b + length
    return out


def _further(lines: Sequence[str], paragraphs: int) -> Sequence[str]:
    """What follows so many paragraphs: its user's own."""
    blank = (at for at, line in enumerate(lines) if not line.strip() and _paragraphs(lines[:at]) >= paragraphs)
    return lines[next(blank, len(lines)) :]


def _paragraphs(lines: Sequence[str]) -> int:
    """How many runs of lines there are between blank ones."""
    return sum(bool(line.strip()) and not (at and lines[at - 1].strip()) for at, line in enumerate(lines))
