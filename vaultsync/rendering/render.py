"""Render a document to the text of its note, and know where everything in it stands. No I/O.

What a template prints is cut at the marks of `tracked`: literals, values, blocks. The front matter is filled as
data (`properties`), an anchor is put where the template gave none, and what remains is the text with its layout.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from typing import Any, NamedTuple

from jinja2.nodes import Template

from vaultsync.model import Document
from vaultsync.paths import join_path, portable
from vaultsync.properties import fill
from vaultsync.rendering.blame import BlockError, reporting
from vaultsync.rendering.captured import BlockJoiner, Joiner, Marked, printed
from vaultsync.rendering.filters import FILTERS
from vaultsync.rendering.looks import looked_at
from vaultsync.rendering.sandbox import Compiled, Sandbox
from vaultsync.rendering.tracked import (
    CLOSE,
    OPEN,
    Block,
    Closed,
    Joined,
    Layout,
    Opened,
    Piece,
    Printed,
    Rendered,
    Span,
    TagList,
    Tracked,
    has_marks,
    plain_text,
    unmarked,
)
from vaultsync.rendering.views import DocumentView

__all__ = ["PathRenderer", "Rendered", "Renderer"]

_HEAD_BEGIN = re.compile(r"---[ \t]*\n")
_HEAD_END = re.compile(r"\n---[ \t]*\n")
_HEAD_END_OF_ALL = re.compile(r"\n---[ \t]*\Z")


class Made(NamedTuple):
    """A note that was rendered: by what, of what, and the pieces its properties were made of."""

    template: str
    now: datetime
    document: Document
    note: Rendered
    front: list[str]


class Renderer:
    """Render documents through a set of templates.

    sources: template texts by name. filters: of plugins, by name. captures: keep track of values through macros and
    the like; if not, only of blocks, for templates that look at the text they capture. shown: names of templates as
    errors give them. compiled: of a renderer with the same sources and filters. made: the note rendered last. Not for
    two threads at once.
    """

    def __init__(
        self,
        sources: Mapping[str, str],
        filters: Mapping[str, Callable[..., Any]] | None = None,
        *,
        shown: Mapping[str, str] | None = None,
        captures: bool = True,
        compiled: Compiled | None = None,
    ) -> None:
        compiled = compiled or Compiled()
        self._joiner = Joiner() if captures else BlockJoiner()
        self._shown = shown or {}
        self._sources = sources
        self._strangers = frozenset(filters or ())
        self._looks: dict[str, frozenset[str] | None] = {}
        self.made: Made | None = None
        every = {**FILTERS, **(filters or {})}
        self._sandbox = Sandbox(sources, printed, self._joiner.join, every, compiled)
        self._plain = Sandbox(sources, plain_text, filters=every, compiled=compiled)

    def compile(self, template: str) -> None:
        """Read a template without rendering it. Raises TemplateError with file and line."""
        with reporting(template, self._shown):
            self._sandbox.get_template(template)

    def render(self, template: str, document: Document, *, now: datetime) -> Rendered:
        """The note of `document` by `template`. Raises TemplateError with file and line."""
        self._joiner.clear()
        self.made = None
        with reporting(template, self._shown, self._sources):
            cut = _Cut(document.id)
            note = cut.rendered(self._pieces(template, document, now))
        self.made = Made(template, now, document, note, cut.front)
        return note

    def looked_at(self, template: str) -> frozenset[str] | None:
        """The names a template looks at, see `looks`."""
        if template not in self._looks:
            self._looks[template] = looked_at(template, self._sources, self._parsed, self._strangers)
        return self._looks[template]

    def _parsed(self, source: str) -> Template:
        return self._sandbox.parse(unmarked(source))

    def _pieces(self, template: str, document: Document, now: datetime) -> Iterator[str]:
        """What the template prints, literals and pieces in turn."""
        compiled = self._sandbox.get_template(template)
        context = compiled.new_context({"document": DocumentView(document), "now": now})
        try:
            for piece in compiled.root_render_func(context):
                if type(piece) is Marked:
                    yield from self._joiner.split(piece)
                else:
                    yield piece
        except Exception:  # noqa: BLE001  # Jinja's own way: it raises again with the template's lines in the traceback
            self._sandbox.handle_exception()

    def plain(self, template: str, document: Document, *, now: datetime) -> str:
        """What the template prints untracked; to tell a template that looks at what it captured."""
        with reporting(template, self._shown):
            return self._plain.get_template(template).render(document=DocumentView(document), now=now)


@dataclass(slots=True)
class _Cut:
    """The pass over printed pieces that puts a note together; one per rendering."""

    identity: str
    out: list[str] = field(default_factory=list)
    at: int = 0
    spans: list[Span] = field(default_factory=list)
    blocks: dict[str, Block] = field(default_factory=dict)
    begun: tuple[Opened, int] | None = None
    # The block whose anchor a template printed last.
    anchor: Opened | None = None
    gap: bool = False
    # Whether what comes next stands right behind an anchor.
    watching: bool = False
    # What was printed up to the end of the properties.
    front: list[str] = field(default_factory=list)

    def rendered(self, pieces: Iterator[str]) -> Rendered:
        head, values, first = _head(pieces, self.front)
        text, properties = fill(head, values, identity=self.identity)
        self._put(text)
        body = self.at
        for piece in chain(first, pieces):
            # Half of it is literal text, which is passed on without a call.
            if type(piece) is str and not self.watching:
                self.out.append(piece)
                self.at += len(piece)
            else:
                self._piece(piece)
        if self.begun is not None:
            raise BlockError("The {% highlight %} block is not closed.", self.begun[0])
        if not self._tail().endswith("\n"):
            self._put("\n")
        layout = Layout(body, tuple(self.blocks.values()), tuple(self.spans), properties)
        note = "".join(self.out)
        # A filter's argument or a plugin may have brought some. Looking at bytes costs next to nothing.
        if b"\xef\xb7" in note.encode(errors="replace") and has_marks(note):
            raise ValueError("A character that Unicode reserves (U+FDD0 to U+FDEF) was printed")
        return Rendered(note, layout)

    def _piece(self, piece: str) -> None:
        kind = type(piece)
        if kind is Opened:
            self._begin(piece)  # type: ignore[arg-type]
            return
        if kind is Closed:
            self._end(piece)  # type: ignore[arg-type]
            return
        if self.watching:
            self._behind_anchor(piece)
        start = self.at
        self.out.append(piece)
        self.at = start + len(piece)
        if isinstance(piece, Tracked):
            if piece.field == "anchor" and self.begun is not None and self.begun[0].owner == piece.owner:
                self._anchor(self.begun[0])
            self.spans.append(Span(start, self.at, piece.owner, piece.field, piece.via))
        elif isinstance(piece, Printed) and isinstance(piece.value, TagList):
            tags = piece.value
            self.spans.append(Span(start, self.at, tags.owner, tags.field, (("join", ", "),)))

    def _put(self, text: str) -> None:
        self.out.append(text)
        self.at += len(text)

    def _begin(self, block: Opened) -> None:
        if self.begun is not None:
            raise BlockError("A {% highlight %} block stands inside another.", block)
        if block.owner in self.blocks:
            raise BlockError(f"The block of highlight {block.owner} is printed twice.", block)
        if self.gap:
            self.gap = self.watching = False
            self._put("\n")
        self.begun = block, self.at

    def _end(self, end: Closed) -> None:
        if self.begun is None:
            raise BlockError("The {% highlight %} block was not begun where it is closed.", end)
        (block, start), self.begun = self.begun, None
        if self.anchor is not block:
            self._anchor_line(block)
        self.blocks[block.owner] = Block(start, self.at, block.owner, block.block_id)

    def _anchor(self, block: Opened) -> None:
        """Take a printed anchor as the block's own, unless it is part of something else, such as a link."""
        before = self.out[-2][-1:] or next((text[-1] for text in islice(reversed(self.out), 1, None) if text), "\n")
        if self.out[-1][0] == "^" and before not in "\n \t":
            return
        if self.anchor is block:
            raise BlockError(f"The anchor of highlight {block.owner} is printed twice.", block)
        self.anchor, self.watching = block, True

    def _behind_anchor(self, piece: str) -> None:
        """Obsidian takes an anchor for one only at the end of its line; ours has a blank line behind it as well."""
        text = piece if self.gap else piece.lstrip(" \t")
        if not text:
            return
        if text[0] != "\n":
            if not self.gap:
                assert self.anchor is not None  # it is what is watched
                raise BlockError(f"The anchor of highlight {self.anchor.owner} does not end its line.", self.anchor)
            self._put("\n")
        self.gap = self.watching = False

    def _anchor_line(self, block: Opened) -> None:
        """An anchor of its own at the end of the block, blank lines around it."""
        tail = self._tail()
        if not tail.endswith("\n\n"):
            self._put("\n" if tail.endswith("\n") else "\n\n")
        start = self.at
        self._put(f"^{block.block_id}")
        self.spans.append(Span(start, self.at, block.owner, "anchor"))
        self._put("\n")
        self.gap = self.watching = True

    def _tail(self) -> str:
        """The last characters written, two at least."""
        tail, place = "", 0
        while len(tail) < 2:  # the front matter alone is longer
            place -= 1
            tail = self.out[place][-2:] + tail
        return tail


def _head(pieces: Iterator[str], read: list[str]) -> tuple[str, list[Any], list[str]]:
    """Read the front matter off the pieces: "OPEN number CLOSE" for each value, the values, what came after.

    A note without front matter has "" there, and all that was read comes back as what came after. read: takes it.
    """
    head = ""
    values: list[Any] = []
    for piece in pieces:
        read.append(piece)
        if isinstance(piece, Opened | Closed):
            if not _HEAD_BEGIN.match(head):
                break
            raise BlockError("A {% highlight %} block stands in the front matter.", piece)
        if isinstance(piece, Piece):
            head += _holes(piece, values)
            continue
        head += piece
        if found := _HEAD_END.search(head) if _HEAD_BEGIN.match(head) else None:
            return head[: found.end()], values, [head[found.end() :]]
        if "\n" in head and not _HEAD_BEGIN.match(head):
            break
    if _HEAD_BEGIN.match(head) and _HEAD_END_OF_ALL.search(head):
        return head, values, []
    return "", [], read


def _holes(piece: Piece, values: list[Any]) -> str:
    """Number what is printed in front matter: a value, or the items of a joined list each."""
    items = piece.items if isinstance(piece, Joined) else (piece,)
    separator = piece.separator if isinstance(piece, Joined) else ""
    first = len(values)
    # Of an empty list too there is a place, so that the property is ours whatever the document holds.
    values += [item.value if isinstance(item, Printed) else item for item in items or ("",)]
    return separator.join(f"{OPEN}{number}{CLOSE}" for number in range(first, len(values)))


_PATTERN = "vaultsync.toml: path"


def _one_name(value: Any) -> str:
    """Every value becomes one portable name before it is joined to a path."""
    return portable(plain_text(value))


def _path_of(parts: Iterable[str]) -> str:
    return "".join([portable(part) if isinstance(part, Piece) else part for part in parts])


class PathRenderer:
    """Make a new note's path from the pattern in vaultsync.toml."""

    def __init__(self, pattern: str, filters: Mapping[str, Callable[..., Any]] | None = None) -> None:
        every = {**FILTERS, **(filters or {})}
        self._sandbox = Sandbox({_PATTERN: pattern}, _one_name, _path_of, every)

    def path(self, document: Document, *, now: datetime) -> str:
        """The path inside the vault, portable, before collisions are looked at. Raises TemplateError."""
        return self.path_of(document=DocumentView(document), now=now)

    def path_of(self, **values: Any) -> str:
        """The path for whatever a pattern is of. Raises TemplateError."""
        with reporting(_PATTERN, {}):
            text = self._sandbox.get_template(_PATTERN).render(**values)
        return join_path(text)
