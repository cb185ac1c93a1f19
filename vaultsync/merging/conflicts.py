"""Callouts that tell a note's user what both sides changed: write, find, count and remove them. No I/O.

    > [!vaultsync-conflict] note [[#^rw1]]
    > what the source says

names the field and, for a highlight, its block by a link; below stand the source's words. `property x` is the
property x, `lines` are lines that are no field, `ending` those after the last block. `[!vaultsync-deleted]` marks a
block that is gone at the source and stays because its user wrote in it. Between blank lines, so that neither is part
of anything around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from vaultsync.lens.inverse import Value
from vaultsync.merging.patch import with_count
from vaultsync.note import Note, join, split

LINES = "lines"
ENDING = "ending"
PROPERTY = "property "
_EMPTY = " (empty at the source)"
_HEAD = re.compile(r"[ \t]*> ?\[!vaultsync-(conflict|deleted)\][-+]?[ \t]*(.*)")
_TITLE = re.compile(
    r"(.*?)[ \t]*(?:\[\[#\^([A-Za-z0-9-]+)\]\])?(?: \(empty at the source\)| is gone at the source)?[ \t]*"
)
_BODY = re.compile(r"[ \t]*> ?(.*)")
# An anchor in someone's words would be one in the callout, too: a backslash keeps Obsidian and us from taking it so.
_ANCHOR = re.compile(r"(^|[ \t])(\\*\^[A-Za-z0-9-]+[ \t]*)$", re.MULTILINE)
_ESCAPED = re.compile(r"(^|[ \t])\\(\\*\^[A-Za-z0-9-]+[ \t]*)$", re.MULTILINE)


class FieldConflict(msgspec.Struct, frozen=True):
    """A field both sides changed. owner: the highlight's id, "" for the document."""

    owner: str
    field: str
    ours: Value
    theirs: Value


class Aside(msgspec.Struct, frozen=True):
    """A callout to be put into a note. at: the line it goes before. theirs: None marks a block as deleted."""

    at: int
    field: str
    block_id: str
    theirs: str | None
    indent: str = ""

    def lines(self) -> list[str]:
        """What it says."""
        if self.theirs is None:
            return deleted_lines(self.block_id, self.indent)
        return conflict_lines(self.field, self.block_id, self.theirs, self.indent)


class Callout(msgspec.Struct, frozen=True):
    """One callout of ours in a note. block_id: "" for the document's own. start, end: characters, whole lines."""

    kind: Literal["conflict", "deleted"]
    field: str
    block_id: str
    theirs: str
    start: int
    end: int


def conflict_lines(field: str, block_id: str, theirs: str, indent: str = "") -> list[str]:
    """The lines of a conflict's callout.

    >>> conflict_lines("note", "rw1", "two")
    ['> [!vaultsync-conflict] note [[#^rw1]]', '> two']
    """
    place = f" [[#^{block_id}]]" if block_id else ""
    title = f"{indent}> [!vaultsync-conflict] {field}{place}"
    if not theirs:
        return [title + _EMPTY]
    escaped = _ANCHOR.sub(r"\1\\\2", theirs)
    return [title, *(f"{indent}> {line}".rstrip() for line in escaped.split("\n"))]


def deleted_lines(block_id: str, indent: str = "") -> list[str]:
    """The line that marks a block whose highlight is gone at the source."""
    return [f"{indent}> [!vaultsync-deleted] [[#^{block_id}]] is gone at the source"]


def found(text: str) -> tuple[Callout, ...]:
    r"""The callouts of a note, in order.

    >>> [(one.field, one.block_id, one.theirs) for one in found("a\n\n> [!vaultsync-conflict] note [[#^rw1]]\n> b\n")]
    [('note', 'rw1', 'b')]
    """
    if "[!vaultsync-" not in text:
        return ()
    callouts: list[Callout] = []
    lines = [f"{line}\n" for line in text.split("\n")]
    at = number = 0
    while number < len(lines):
        first = number
        number += 1
        head = _HEAD.fullmatch(lines[first].rstrip())
        body = _quoted(lines[number:]) if head else []
        number += len(body)
        end = at + sum(len(line) for line in lines[first:number])
        if head:
            callouts.append(_callout(head, body, at, min(end, len(text))))
        at = end
    return tuple(callouts)


def _quoted(lines: Sequence[str]) -> list[str]:
    """What the lines of a quote say, up to its end or to the next callout of ours."""
    body: list[str] = []
    for line in lines:
        said = _BODY.fullmatch(line.rstrip("\r\n"))
        if said is None or _HEAD.match(line):
            break
        body.append(said[1])
    return body


def _callout(head: re.Match[str], body: Iterable[str], start: int, end: int) -> Callout:
    title = _TITLE.fullmatch(head[2])
    assert title is not None  # everything in it is optional
    theirs = _ESCAPED.sub(r"\1\2", "\n".join(body))
    return Callout("deleted" if head[1] == "deleted" else "conflict", title[1], title[2] or "", theirs, start, end)


def with_asides(lines: Sequence[str], asides: Iterable[Aside], ending: str = "", *, known: str | None = None) -> str:
    """The text of lines with callouts in between, blank lines around each; one that is there gets its new words.

    ending: a carriage return, if that is what lines end with. known: what both sides last agreed on, None if nobody
    knows; lines of a callout that are not in it are its user's, who thinks aloud there: they stay below it as a quote.
    """
    told = {_key(aside): aside for aside in asides}
    if not told:
        return "".join([f"{line}\n" for line in lines])
    there = {_key(one) for one in found("".join(f"{line}\n" for line in lines))}
    out = list(lines)
    for key, aside in sorted(told.items(), key=lambda item: item[1].at)[::-1]:
        if key not in there:
            above = [ending] if aside.at and out[aside.at - 1].strip() else []
            below = [ending] if aside.at < len(out) and out[aside.at].strip() else []
            out[aside.at : aside.at] = [*above, *(line + ending for line in aside.lines()), *below]
    text = "".join(f"{line}\n" for line in out)
    for one in reversed(found(text)):
        if _key(one) in there & told.keys():
            margin = text[one.start : one.end].partition(">")[0]
            new_lines = msgspec.structs.replace(told[_key(one)], indent=margin).lines()
            mine = [f"{margin}> {line}" for line in _typed_in(one, known, told[_key(one)].theirs)]
            new = "".join(f"{line}{ending}\n" for line in (*new_lines, *([""] if mine else []), *mine))
            text = text[: one.start] + new + text[one.end :]
    return text


def _typed_in(one: Callout, known: str | None, theirs: str | None) -> list[str]:
    """The lines of a callout that are neither agreed on nor told of now: its user's."""
    if known is None:
        return []
    return [line for line in one.theirs.split("\n") if line.strip() not in known and line not in (theirs or "")]


def _key(one: Aside | Callout) -> tuple[bool, str, str]:
    """What a callout is about; a note has one for each."""
    deleted = one.kind == "deleted" if isinstance(one, Callout) else one.theirs is None
    return deleted, one.field, one.block_id


def count(text: str) -> int:
    """How many conflicts a note holds."""
    return sum(one.kind == "conflict" for one in found(text))


def recounted(text: str) -> str:
    r"""The note with the property that counts its conflicts made true; without it if there are none.

    >>> recounted("---\nvaultsync_conflicts: 2\na: 1\n---\ntext\n")
    '---\na: 1\n---\ntext\n'
    """
    note = split(text)
    front = with_count(note.front, count(note.body), newline="\r\n" if "\r\n" in note.front else "\n")
    return join(Note(note.mark, front, note.body))


def cleared(text: str, callouts: Iterable[Callout] | None = None) -> str:
    r"""The note without some of its callouts, or all that tell of conflicts; recounted.

    >>> cleared("a\n\n> [!vaultsync-conflict] note\n> b\n\nc\n")
    'a\n\nc\n'
    """
    going = [one for one in found(text) if one.kind == "conflict"] if callouts is None else callouts
    for one in sorted(going, key=lambda one: -one.start):
        if one.kind == "deleted" and one.theirs.strip():  # we said no more than its first line
            text = text[: one.start] + text[text.index("\n", one.start) + 1 :]
        else:
            text = _without(text, one.start, one.end)
    return recounted(text)


_SEEN = re.compile(r"[^\r\n]")


def masked(text: str) -> str:
    r"""The note with blanks for its callouts, every place as it was: what the lens reads, so that none is a value.

    >>> masked("a\n\n> [!vaultsync-deleted]\nb\n").split("\n")[2].isspace()
    True
    """
    for one in found(text):
        text = text[: one.start] + _SEEN.sub(" ", text[one.start : one.end]) + text[one.end :]
    return text


_BLANK = re.compile(r"[ \t]*(?:\r?\n|\Z)")


def _without(text: str, start: int, end: int) -> str:
    """The text without a callout, and without the blank line before it where one follows it or nothing does."""
    before = text.rfind("\n", 0, max(0, start - 1)) + 1
    if not text[before:start].strip() and _BLANK.match(text, end):
        start = before
    return text[:start] + text[end:]
