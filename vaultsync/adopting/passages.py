"""Find highlights in a note somebody else laid out, and give them block ids without touching a word. No I/O.

A passage is found by its words: line breaks, quote signs and list signs do not count, everything else does. A block id
goes to the end of the paragraph or list item the passage ends in; below a quote, or a paragraph that has an id already
(which may be linked to), on a line of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from vaultsync.model import Highlight
from vaultsync.note import anchor_names

_SIGNS = re.compile(r"[ \t]*(?:>[ \t]?|[-*+][ \t]+|\d{1,9}[.)][ \t]+)*")
_HEADING = re.compile(r"#{1,6}[ \t]")
_FENCE = re.compile(r"[ \t]*(?:>[ \t]?)*(?:```|~~~)")
# What ends a paragraph without a blank line before it.
_BREAK = re.compile(r"[ \t]*(?:[-*+][ \t]|\d{1,9}[.)][ \t]|>|#{1,6}[ \t]|```|~~~|\||(?:-[ \t]*){3,}$|%%)")
_ITEM = re.compile(r"([ \t]*)(?:[-*+]|\d{1,9}[.)])[ \t]+")
_WORD = re.compile(r"\w")
_GONE = "\0"


@dataclass(frozen=True, slots=True)
class Placed:
    """A note's body with block ids. anchored: ids of highlights that have one; standing: that are there without."""

    body: str
    anchored: tuple[str, ...] = ()
    standing: tuple[str, ...] = ()

    @property
    def present(self) -> frozenset[str]:
        """The highlights the note holds."""
        return frozenset((*self.anchored, *self.standing))


def held(body: str, highlights: Iterable[Highlight]) -> frozenset[str]:
    """The ids of the highlights whose words stand in a body."""
    return frozenset(_Words(body.split("\n")).ends(highlights))


def says(text: str, words: str) -> bool:
    """Whether words stand anywhere in a text."""
    return _Words(text.split("\n")).holds(words)


def placed(body: str, highlights: Sequence[Highlight]) -> Placed:
    r"""Give block ids to the highlights that stand in a body once; those that have theirs keep it.

    >>> one = Highlight(id="1", block_id="rw1", text="One line.")
    >>> placed("- One line. ([Location 1](u))\n    - Note: x\n", [one]).body
    '- One line. ([Location 1](u)) ^rw1\n    - Note: x\n'
    """
    named = anchor_names(body)
    known = [one.id for one in highlights if one.block_id in named]
    lines = body.split("\n")
    ends = _Words(lines).ends(one for one in highlights if one.block_id not in named)
    names = {one.id: one.block_id for one in highlights}
    spots = {owner: _spot(lines, line) for owner, line in ends.items() if line is not None}
    taken = [spot for spot in spots.values() if spot is not None]
    good = {owner: spot for owner, spot in spots.items() if spot is not None and taken.count(spot) == 1}
    for owner, (line, alone) in sorted(good.items(), key=lambda one: one[1], reverse=True):
        _put(lines, line, f"^{names[owner]}", alone=alone)
    linked = [
        one.id for one in highlights if one.id not in ends and one.block_id not in named and _is_linked(one, body)
    ]
    standing = (*(owner for owner in ends if owner not in good), *linked)
    return Placed("\n".join(lines), (*known, *good), standing)


def _is_linked(highlight: Highlight, body: str) -> bool:
    """Whether a note holds a highlight whose words were changed, in it or at the source."""
    links = (link for link in (highlight.service_url, highlight.url) if link)
    # One address for all highlights of a page says nothing of one.
    return any(re.search(rf"{re.escape(link)}(?![\w/?&#-])", body) for link in links if highlight.id in link)


class _Words:
    """The words of a body, in one line, and the line of the body each stands on."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._starts: list[tuple[int, int]] = []
        parts: list[str] = []
        length, fenced = 0, False
        for number, line in enumerate(lines):
            if _HEADING.match(line):
                continue
            fenced ^= bool(_FENCE.match(line))
            words = " ".join(line.split() if fenced else line[_end_of_signs(line) :].split())
            if words:
                self._starts.append((length, number))
                parts.append(words)
                length += len(words) + 1
        self._text = " ".join(parts)

    def holds(self, words: str) -> bool:
        """Whether they stand there."""
        return next(_ends(_bare(words), self._text), None) is not None

    def ends(self, highlights: Iterable[Highlight]) -> dict[str, int | None]:
        """The line each highlight's words end on, None if they stand there more than once; the others are left out.

        The longest first: words that are part of another highlight are not a highlight of their own.
        """
        found: dict[str, int | None] = {}
        wanted = {one.id: _bare(one.text) for one in highlights if _bare(one.text)}
        for owner, words in sorted(wanted.items(), key=lambda one: len(one[1]), reverse=True):
            places = list(islice(_ends(words, self._text), 2))
            if not places:
                continue
            found[owner] = self._line(places[0]) if len(places) == 1 else None
            if len(places) == 1:
                blank = _GONE * len(words)
                self._text = self._text[: places[0] - len(words)] + blank + self._text[places[0] :]
        return found

    def _line(self, place: int) -> int:
        return next(number for start, number in reversed(self._starts) if start < place)


def _ends(words: str, text: str) -> Iterator[int]:
    """Where words end, each time they stand in a text by themselves. A pattern would take ten times as long."""
    at = text.find(words)
    while at >= 0:
        end = at + len(words)
        if not (_WORD.match(text[at - 1 : at]) and _WORD.match(words)) and not (
            _WORD.match(text, end) and _WORD.match(words[-1:])
        ):
            yield end
        at = text.find(words, at + 1)


def _bare(text: str) -> str:
    return " ".join(" ".join(line[_end_of_signs(line) :].split()) for line in text.split("\n")).strip()


def _end_of_signs(line: str) -> int:
    found = _SIGNS.match(line)
    return found.end() if found else 0


def _spot(lines: Sequence[str], line: int) -> tuple[int, bool] | None:
    """The last line of what a passage stands in, and whether an id there needs its own; None if it can't have one."""
    first = lines[line].lstrip()
    if first.startswith("|") or _in_fence(lines, line):
        return None
    if first.startswith(">"):
        while line + 1 < len(lines) and lines[line + 1].lstrip().startswith(">"):
            line += 1
        return line, True
    while line + 1 < len(lines) and lines[line + 1].strip() and not _BREAK.match(lines[line + 1]):
        line += 1
    return line, bool(anchor_names(lines[line]))


def _in_fence(lines: Sequence[str], line: int) -> bool:
    return sum(bool(_FENCE.match(one)) for one in lines[: line + 1]) % 2 == 1 or bool(_FENCE.match(lines[line]))


def _put(lines: list[str], line: int, anchor: str, *, alone: bool) -> None:
    """Write one block id. alone: on a line of its own, a blank one on either side."""
    ending = "\r" if lines[line].endswith("\r") else ""
    if not alone:
        bare = lines[line].removesuffix("\r")
        blank = "" if bare.endswith((" ", "\t")) else " "
        lines[line] = f"{bare}{blank}{anchor}{ending}"
        return
    item = _ITEM.match(lines[line])
    margin = " " * len(item[0]) if item else lines[line][: len(lines[line]) - len(lines[line].lstrip(" \t"))]
    after = [] if line + 1 < len(lines) and not lines[line + 1].strip() else [ending]
    lines[line + 1 : line + 1] = [ending, f"{margin}{anchor}{ending}", *after]
